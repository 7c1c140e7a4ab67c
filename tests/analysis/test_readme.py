"""README's ten lines of pandas run as they stand there."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import pytest

import analysis
from tuning.experiment import Experiment

README = (Path(__file__).resolve().parents[2] / "README.md").read_text("utf-8")
SECTION = README.partition("## In pandas\n")[2].partition("\n## ")[0]


@pytest.fixture
def results(finished: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two experiments where the README has them."""
    for name in ("first", "second"):
        shutil.copytree(finished.root, tmp_path / "results" / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "results"


def test_load_sort_plot_compare(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", SECTION, re.DOTALL)
    assert len([line for line in code.splitlines() if line]) <= 10
    plt.switch_backend("Agg")
    plt.close("all")
    names: dict[str, Any] = {}
    exec(code, names)
    best = names["results"].leaderboard.iloc[0]
    head, first, *_ = capsys.readouterr().out.splitlines()
    assert head.split() == ["trial", "state", "score", "best_epoch", "config/lr"]
    assert best["trial"] in first.split()
    curves, course = (plt.figure(number).axes[0] for number in plt.get_fignums())
    assert len(curves.lines) == len(names["results"].trials)
    assert list(course.lines[0].get_ydata())[-1] == best["score"]  # type: ignore[arg-type]
    assert names["comparison"].difference["difference"] == 0
    plt.close("all")


def test_the_columns_that_it_names(results: Path) -> None:
    """Each column of a frame stands in the README's table, and those of the table exist."""
    loaded = analysis.load(results / "first")
    table = re.findall(r"^\| `results\.(\w+)` \|[^|]*\| (.*) \|$", SECTION, re.MULTILINE)
    texts = dict(table)
    assert list(texts) == ["trials", "epochs", "reruns", "finalists", "front"]
    for name in ("trials", "epochs", "finalists"):
        named = set(re.findall(r"[\w/<>]+", " ".join(re.findall(r"`([^`]*)`", texts[name]))))
        columns = [str(c) for c in getattr(loaded, name) if not str(c).startswith("config/")]
        assert set(columns) - {"val_accuracy", "train_accuracy"} <= named, name
        known = {"config/<parameter>", "aim/<name>", "excess/<constraint>"}
        assert named - known <= set(columns), name
