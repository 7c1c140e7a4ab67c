"""`python -m analysis show NAME` and `predict NAME IMAGE...`."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.__main__ import main
from analysis.frames.load import load
from tests.analysis.asked import refusal
from trainables.data.splits import Splits
from trainables.files import read_json, write_json
from tuning.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]
Screen = pytest.CaptureFixture[str]


@pytest.fixture
def pictures(digits: Splits, tmp_path: Path) -> list[Path]:
    paths = []
    for number in range(20):
        paths.append(tmp_path / f"{number}.png")
        Image.fromarray(digits.val.inputs[number, ..., 0]).save(paths[-1])
    return paths


@pytest.mark.parametrize("by_path", [False, True])
def test_show(by_path: bool, finished: Experiment, capsys: Screen) -> None:
    storage = ["--storage", str(finished.root.parent)]
    name = [str(finished.root)] if by_path else [finished.name, *storage]
    assert main(["show", *name]) == 0
    shown = capsys.readouterr().out
    assert "stand-in: scikit-learn's handwritten digits" in shown
    first_words = [line.split()[0] for line in shown.splitlines() if line.strip()]
    ranked = list(load(finished.root).leaderboard["trial"])
    assert [word for word in first_words if word in ranked] == ranked
    assert "non-finite training loss" in shown


def test_show_before_the_first_trial(
    copy: Callable[[], Experiment], tmp_path: Path, capsys: Screen
) -> None:
    (tmp_path / "young").mkdir()
    (tmp_path / "young" / "plan.json").write_text(copy().plan.read_text())
    assert main(["show", str(tmp_path / "young")]) == 0
    assert "stand-in" in capsys.readouterr().out


def test_predict(
    finished: Experiment, pictures: list[Path], digits: Splits, capsys: Screen
) -> None:
    assert main(["predict", str(finished.root), *map(str, pictures)]) == 0
    lines = capsys.readouterr().out.splitlines()
    right = 0
    for line, path, target in zip(lines, pictures, digits.val.targets, strict=False):
        name, _, text = line.partition(": ")
        assert name == str(path)
        shares = [(word, float(share)) for word, share in re.findall(r"(\S+) ([\d.]+)%", text)]
        assert [s for _, s in shares] == sorted((s for _, s in shares), reverse=True)
        assert sum(share for _, share in shares) <= 100.2
        right += shares[0][0] == digits.meta.classes[target]
    accuracy = read_json(finished.best / "metrics.json")["val"]["accuracy"]
    assert len(lines) == 20 and abs(right / 20 - accuracy) < 0.35


def test_predict_takes_other_sizes_and_colours(
    finished: Experiment, tmp_path: Path, capsys: Screen
) -> None:
    wide = np.full((50, 90, 4), 200, np.uint8)
    Image.fromarray(wide, "RGBA").save(tmp_path / "wide.png")
    Image.fromarray(wide[..., :3]).save(tmp_path / "wide.jpg")
    names = [str(tmp_path / "wide.png"), str(tmp_path / "wide.jpg")]
    assert main(["predict", str(finished.root), *names]) == 0
    assert len(capsys.readouterr().out.splitlines()) == 2


def test_bad_input(finished: Experiment, tmp_path: Path, capsys: Screen) -> None:
    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    storage = ["--storage", str(tmp_path)]
    assert "nothere" in refusal(capsys, "show", "nothere", *storage)
    assert "nothere" in refusal(capsys, "predict", "nothere", "x.png", *storage)
    assert "empty" in refusal(capsys, "show", "empty", *storage)
    assert str(broken) in refusal(capsys, "predict", str(finished.root), str(broken))
    gone = str(tmp_path / "gone.png")
    assert gone in refusal(capsys, "predict", str(finished.root), gone)
    assert "shwo" in refusal(capsys, "shwo", finished.name)
    assert "NAME" in refusal(capsys, "show")
    refusal(capsys)


@pytest.mark.parametrize(
    ("file", "content"),
    [("plan.json", "{}"), ("trials/t0001/status.json", ""), ("trials/t0001/config.json", "[")],
)
def test_show_of_damaged_records(
    file: str, content: str, copy: Callable[[], Experiment], capsys: Screen
) -> None:
    experiment = copy()
    (experiment.root / file).write_text(content)
    said = refusal(capsys, "show", str(experiment.root))
    assert file in said and ("is damaged" in said or "none of ours" in said)


def test_show_says_what_is_missing(copy: Callable[[], Experiment], capsys: Screen) -> None:
    experiment = copy()
    (experiment.trial("t0001").root / "config.json").unlink()
    shutil.rmtree(experiment.trial("t0000").root)
    assert main(["show", str(experiment.root)]) == 0
    shown = capsys.readouterr().out
    assert "Note: t0001: config.json is missing; it is left out" in shown
    assert "Note: t0000: begun before others, but its directory is missing" in shown
    assert "t0003" in shown


@pytest.mark.parametrize(
    ("kept", "state", "says"),
    [
        ([], "", "0/5 trials: 0 done, 0 stopped, 0 failed - stopped before its end"),
        (["t0000"], "RUNNING", "0/5 trials: 0 done, 0 stopped, 0 failed - best 0."),
        (["t0000"], "COMPLETE", "1/5 trials: 1 done, 0 stopped, 0 failed - best 0."),
        (["t0000", "t0001"], "FAIL", "0 done, 0 stopped, 2 failed - no trial has a score"),
    ],
)
@pytest.mark.parametrize("command", ["show", "watch"])
def test_few_trials(
    command: str,
    kept: list[str],
    state: str,
    says: str,
    copy: Callable[[], Experiment],
    capsys: Screen,
) -> None:
    """None, one that runs, one that is done, and all of them failed."""
    experiment = copy()
    for directory in experiment.trials():
        if directory.id not in kept:
            shutil.rmtree(directory.root)
            continue
        none = {"score": None, "best_epoch": None, "cause": "ValueError: no"}
        status = read_json(directory.root / "status.json") | {"state": state}
        write_json(directory.root / "status.json", status | (none if state == "FAIL" else {}))
    assert main([command, str(experiment.root)]) == 0
    shown = capsys.readouterr().out
    assert says in shown
    assert ("ValueError: no" in shown) == (state == "FAIL")


@pytest.mark.parametrize(("file", "content"), [("config.json", b"{}"), ("model.pt", b"PK\3\4 cut")])
def test_predict_with_a_damaged_export(
    file: str,
    content: bytes,
    finished: Experiment,
    tmp_path: Path,
    pictures: list[Path],
    capsys: Screen,
) -> None:
    damaged = tmp_path / "damaged"
    shutil.copytree(finished.root, damaged)
    (damaged / "best" / file).write_bytes(content)
    assert "no exported model" in refusal(capsys, "predict", str(damaged), str(pictures[0]))


def test_predict_without_an_export(
    copy: Callable[[], Experiment], pictures: list[Path], capsys: Screen
) -> None:
    assert "no exported model" in refusal(capsys, "predict", str(copy().root), str(pictures[0]))


def test_as_a_module(finished: Experiment, tmp_path: Path) -> None:
    run = [sys.executable, "-m", "analysis", "show", "nothere", "--storage", str(tmp_path)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
