"""The live table from another terminal: alive, ended, stopped; on a terminal and in a pipe."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from rich.console import Console

from analysis.__main__ import main
from analysis.frames.load import Results
from analysis.report import Record
from analysis.watch import drawn, look, watch
from trainables.files import read_json, write_json
from tuning.experiment import Experiment
from tuning.trial_directory import STATUS

ROOT = Path(__file__).resolve().parents[2]
FIRST = "val_accuracy"


@pytest.fixture
def running(copy: Callable[[], Experiment]) -> Experiment:
    """t0001 and t0003 are being trained, on two slots; what holds the lock is the test's."""
    experiment = copy()
    for name in ("t0001", "t0003"):
        path = experiment.trial(name).root / STATUS
        path.write_text(json.dumps(read_json(path) | {"state": "RUNNING"}))
    write_json(experiment.plan, read_json(experiment.plan) | {"concurrency": 2})
    return experiment


def shown(experiment: Experiment) -> str:
    console = Console(file=io.StringIO(), width=240, highlight=False)
    console.print(drawn(*look(experiment)))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_while_it_runs(running: Experiment) -> None:
    with FileLock(running.owner_lock):
        text = shown(running)
    first, *rest = text.splitlines()
    assert "3/5 trials: 2 done, 0 stopped, 1 failed - best 0." in first
    assert "against baseline 0." in first and first.endswith("- searching")
    table = [line.split() for line in rest if line.startswith(("trial", "t0001", "t0003"))]
    assert table[0][:5] == ["trial", "epoch", FIRST, "lr", "time"]
    assert table[1][:2] == ["t0001", "1/3"] and table[2][:2] == ["t0003", "3/3"]
    assert any("running" in line for line in rest)


def test_more_than_there_are_slots_wait(running: Experiment) -> None:
    write_json(running.plan, read_json(running.plan) | {"concurrency": 1})
    with FileLock(running.owner_lock):
        text = shown(running)
    assert "1 failed, 1 waiting - best" in text
    assert text.count("t0003") > text.count("t0001"), "who was heard of last is on the slot"


@pytest.mark.parametrize(
    ("ended", "says"),
    [
        ({"by": "trials", "finalists": ["t0000", "t0003"], "repeats": 2}, "finalists: 0/4 re-runs"),
        ({"by": "trials", "finalists": [], "repeats": 0}, "handing over"),
    ],
)
def test_what_it_is_at(ended: dict[str, object], says: str, running: Experiment) -> None:
    write_json(running.plan, read_json(running.plan) | {"ended": ended})
    with FileLock(running.owner_lock):
        assert says in shown(running)


def test_stopped_and_ended(running: Experiment) -> None:
    assert "stopped before its end; run_search.py --resume goes on with it" in shown(running)
    assert "interrupted" in shown(running)
    ended = {"by": "time budget", "finalists": [], "repeats": 0, "handed_over": True}
    write_json(running.plan, read_json(running.plan) | {"ended": ended})
    assert "ended by: time budget" in shown(running)


def test_ended_and_nothing_to_hand_over(running: Experiment) -> None:
    ended = {"by": "trials", "finalists": [], "repeats": 0}
    write_json(running.plan, read_json(running.plan) | {"ended": ended})
    assert "stopped before its end" in shown(running), "a winner is there to be handed over"
    for directory in running.trials():
        path = directory.root / STATUS
        write_json(path, read_json(path) | {"feasible": False})
    assert "no trial keeps the constraints" in shown(running)
    for directory in running.trials():
        path = directory.root / STATUS
        write_json(path, read_json(path) | {"state": "FAIL", "score": None, "best_epoch": None})
    assert "no trial has a score" in shown(running) and "ended by: trials" in shown(running)
    assert Record.of(running, running=False).state == "ended"


@pytest.mark.parametrize("terminal", [False, True])
def test_it_ends_when_the_search_does(
    terminal: bool, running: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[Experiment] = []

    def counted(experiment: Experiment) -> tuple[Results, bool]:
        looks.append(experiment)
        return look(experiment)

    monkeypatch.setattr("analysis.watch.look", counted)
    monkeypatch.setattr("analysis.watch._SHARE", 1.0)
    screen = io.StringIO()
    console = Console(file=screen, width=160, force_terminal=terminal, highlight=False)
    lock = FileLock(running.owner_lock)
    lock.acquire()
    watching = threading.Thread(target=watch, args=(running, console, 0.1))
    watching.start()
    deadline = time.monotonic() + 20
    while len(looks) < 3 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert watching.is_alive()
    lock.release()
    watching.join(timeout=20)
    assert not watching.is_alive()
    said = screen.getvalue()
    assert said.index("searching") < said.index("stopped before its end")
    if not terminal:
        assert said.count("searching") == 1, "nothing had changed"
        assert "\x1b" not in said


def test_ctrl_c_is_no_traceback_and_nothing_heavy_is_imported(running: Experiment) -> None:
    heavy = "{'ray', 'torch', 'optuna', 'tensorboard'} & set(sys.modules)"
    code = f"import sys; from analysis.__main__ import main; rc = main(); print(sorted({heavy}))"
    command = [sys.executable, "-c", f"{code}; sys.exit(rc)", "watch", str(running.root)]
    with FileLock(running.owner_lock):
        before = {path: path.stat().st_mtime_ns for path in running.root.rglob("*")}
        with subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None and process.stderr is not None
            assert "searching" in process.stdout.readline()
            os.kill(process.pid, signal.SIGINT)
            rest, errors = process.communicate(timeout=20)
        after = {path: path.stat().st_mtime_ns for path in running.root.rglob("*")}
    assert process.returncode == 130 and errors == "" and rest.strip() == "[]"
    del before[running.owner_lock], after[running.owner_lock]
    assert before == after, "it only reads"


def test_refusals(finished: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    for interval in ("0", "nan", "1e9"):
        assert main(["watch", str(finished.root), "--interval", interval]) == 2
        assert "--interval" in capsys.readouterr().err
    assert main(["watch", str(finished.root), "--once"]) == 0
    assert "stopped before its end" in capsys.readouterr().out
