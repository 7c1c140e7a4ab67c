"""Nothing can read test but the search's last step, however it tries."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def witnessed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    """The experiment, and what the peeping task wrote down."""
    folder = tmp_path_factory.mktemp("peeping")
    root = folder / "results" / "peeped"
    watched = {
        "PEEPING_WITNESS": str(folder / "witness.txt"),
        "PEEPING_OPENINGS": str(root / "test_openings.jsonl"),
        "PYTHONPATH": str(ROOT),
    }
    run = [sys.executable, str(ROOT / "run_search.py"), "--data", "embedded"]
    run += ["--retrain-on-all", "--tensorboard", "off", "--concurrency", "1"]
    run += ["--space", str(ROOT / "tests" / "spies" / "peeping.py"), "--name", "peeped"]
    run += ["--storage", str(folder / "results"), "--gpus-per-trial", "0"]
    done = subprocess.run(run, env=os.environ | watched, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tensorboard" not in done.stdout  # it would have nothing to show
    return root, (folder / "witness.txt").read_text().splitlines()


@pytest.mark.parametrize("where", ["build", "evaluate", "check_data", "notes", "references"])
def test_whoever_gets_splits_gets_them_without_test(
    where: str, witnessed: tuple[Path, list[str]]
) -> None:
    _, lines = witnessed
    assert f"{where} refused" in lines and f"{where} saw it" not in lines


def test_it_is_read_once_its_opening_is_on_record(witnessed: tuple[Path, list[str]]) -> None:
    root, lines = witnessed
    reads = [line for line in lines if line.startswith("read")]
    assert reads and set(reads) == {"read True"}
    last_training = max(place for place, line in enumerate(lines) if line == "build refused")
    assert last_training < lines.index("read True")
    (opening,) = map(json.loads, (root / "test_openings.jsonl").read_text().splitlines())
    assert opening["result"]


def test_off_leaves_nothing_for_tensorboard(witnessed: tuple[Path, list[str]]) -> None:
    root, _ = witnessed
    names = [path.name for path in root.rglob("*")]
    assert "result.jsonl" in names
    assert not [name for name in names if "tfevents" in name or name in ("views", "sprites.png")]
