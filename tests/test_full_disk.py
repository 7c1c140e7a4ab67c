"""A disk that fills up in the middle of a search: it ends in order, and goes on elsewhere."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.test_resume import assert_every_epoch_once, command, run, states
from trainables.files import read_json
from tuning.experiment import Experiment

NAMESPACE = ["unshare", "--mount", "sh", "-c"]
# The first argument becomes a small disk, what is on it in the end is kept in the second.
SMALL_DISK = """
mount -t tmpfs -o size=10m none "$1" || exit 99
small=$1 kept=$2; shift 2
"$@"; code=$?
cp -a "$small/." "$kept"
exit $code
"""


@pytest.fixture
def small_disk(tmp_path: Path) -> Path:
    if shutil.which("unshare") is None or subprocess.run([*NAMESPACE, "true"]).returncode:
        pytest.skip("unshare: no small disk can be mounted here")
    (tmp_path / "small").mkdir()
    (tmp_path / "kept").mkdir()
    return tmp_path


def test_a_full_disk_interrupts_and_the_search_goes_on(small_disk: Path) -> None:
    small, kept = small_disk / "small", small_disk / "kept"
    options = ["--space", "mnist", "--data", "embedded", "--gpus-per-trial", "0"]
    options += ["--finalists", "0", "--trials", "2", "--max-epochs", "3", "--scheduler", "none"]
    search = command(*options, "--storage", str(small), "--name", "full")
    done = subprocess.run(
        [*NAMESPACE, SMALL_DISK, "sh", str(small), str(kept), *search],
        cwd=small_disk,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert done.stderr == f"run_search: error: {small}/full: the disk is full\n"
    assert "interrupted" in done.stdout and "Test: opened" not in done.stdout
    experiment = Experiment(kept / "full")
    assert "RUNNING" in states(experiment)
    assert read_json(experiment.best / "metrics.json")["test"] is None  # of the epochs it kept
    assert not experiment.test_openings.exists()
    run(kept, "--resume", "full")
    assert states(experiment) == {"COMPLETE": 2}
    assert_every_epoch_once(experiment)
