"""A search killed half-way and resumed, as a person does it: real Ray, real signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from analysis.__main__ import main
from tests.conftest import Refused
from tuning.experiment import Experiment

ROOT = Path(__file__).resolve().parents[1]
CHEAP = [
    option
    for setting in ("batch_size=128", "conv1=4", "conv2=4", "hidden=16")
    for option in ("--set", setting)
]
DIGITS = ["--space", "mnist", "--data", "embedded", *CHEAP, "--gpus-per-trial", "0"]
DIGITS += ["--finalists", "0"]


def command(*options: str) -> list[str]:
    return [sys.executable, str(ROOT / "run_search.py"), "--quiet", *options]


def run(storage: Path, *options: str, code: int = 0) -> str:
    whole = command(*options, "--storage", str(storage))
    done = subprocess.run(whole, cwd=storage, capture_output=True, text=True)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout[-3000:]}\n{done.stderr}"
    return done.stdout + done.stderr


def interrupt_at(text: str, storage: Path, *options: str) -> str:
    """Run a search, and Ctrl-C it when its screen says `text`; returns what came after."""
    whole = command(*options, "--storage", str(storage))
    with subprocess.Popen(whole, cwd=storage, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if text in line:
                process.send_signal(signal.SIGINT)
                break
        rest = process.stdout.read()
    assert process.returncode == 130, rest
    return rest


def end_after(epochs: int, trial: str, how: int, experiment: Experiment, *options: str) -> str:
    """Run a search, and send it a signal once a trial has that many epochs; returns its screen."""
    storage, results = experiment.root.parent, experiment.trial(trial).results
    whole = command(*options, "--storage", str(storage))
    with subprocess.Popen(whole, cwd=storage, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        while not results.is_file() or results.read_text().count("\n") < epochs:
            assert process.poll() is None, "the search ended too soon"
            time.sleep(0.01)
        process.send_signal(how)
        return process.stdout.read()


def states(experiment: Experiment) -> Counter[str]:
    storage = JournalStorage(JournalFileBackend(str(experiment.journal)))
    trials = optuna.load_study(study_name=None, storage=storage).trials
    assert [t.state.name for t in trials] == [d.read_status().state for d in experiment.trials()]
    return Counter(t.state.name for t in trials)


def assert_every_epoch_once(experiment: Experiment) -> None:
    for directory in experiment.trials():
        epochs = [line["epoch"] for line in directory.read_results()]
        assert epochs == list(range(1, len(epochs) + 1))
        events = EventAccumulator(str(directory.root))
        events.Reload()
        assert [event.step for event in events.Scalars("accuracy/val")] == epochs
        assert directory.read_status().epochs == len(epochs)


class Chain(NamedTuple):
    """A search that was killed, then interrupted, then ended."""

    experiment: Experiment
    torn: str  # what was on the screen after the kill, until Ctrl-C and after
    interrupted: Counter[str]  # states after Ctrl-C
    report: str  # then
    screen: str  # of the last run


@pytest.fixture(scope="module")
def resumed(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Killed in mid-search, its files torn, resumed at once; ended by Ctrl-C, resumed again."""
    experiment = Experiment(tmp_path_factory.mktemp("killed") / "cut")
    options = ["--trials", "4", "--max-epochs", "20", "--seed", "3", "--scheduler", "none"]
    options += ["--name", "cut", "--concurrency", "2"]
    end_after(4, "t0000", signal.SIGKILL, experiment, *DIGITS, *options)
    assert not experiment.is_owned
    with experiment.journal.open("a") as journal:
        journal.write('{"op_code": 6, "wor')
    (experiment.root / "study.journal.lock").touch()
    torn = end_after(2, "t0003", signal.SIGINT, experiment, "--resume", "cut")
    found, report = states(experiment), experiment.report.read_text("utf-8")
    screen = run(experiment.root.parent, "--resume", str(experiment.root))  # a path will do
    return Chain(experiment, torn, found, report, screen)


def test_all_trials_asked_for_end_and_every_epoch_is_there_once(resumed: Chain) -> None:
    experiment, screen = resumed.experiment, resumed.screen
    assert states(experiment) == {"COMPLETE": 4}
    assert_every_epoch_once(experiment)
    assert "t0000 goes on after" in resumed.torn and "4 trials:" in screen
    assert json.loads((experiment.best / "metrics.json").read_text())["test"]
    assert len(experiment.test_openings.read_text().splitlines()) == 1


def test_ctrl_c_once_ends_in_order_and_the_search_goes_on(resumed: Chain) -> None:
    rest = resumed.torn
    assert "Interrupted: ending in order" in rest and "--resume" in rest
    assert "No finalist" not in rest  # none were asked for
    assert "interrupted" in rest[rest.index("trials:") :] and "Test: not opened" in rest
    assert resumed.interrupted["RUNNING"]
    assert re.search("t0003 goes on after [1-9]", resumed.screen)
    assert '"state": "interrupted"' in resumed.report
    assert '"state": "ended"' in resumed.experiment.report.read_text("utf-8")


def test_a_killed_trial_replays_as_if_it_had_not_been(resumed: Chain) -> None:
    assert main(["replay", str(resumed.experiment.root), "t0000"]) == 0


def test_what_was_torn_is_cut_and_said(resumed: Chain) -> None:
    experiment, screen = resumed.experiment, resumed.torn
    assert "study.journal: its last line was torn, and is cut" in screen
    assert "study.journal.lock: a lock left behind, cleared" in screen
    assert not list(experiment.root.glob("study.journal.lock*"))


def test_a_finished_search_has_nothing_left(resumed: Chain) -> None:
    experiment = resumed.experiment
    before = (experiment.best / "metrics.json").read_bytes()
    started = time.monotonic()
    screen = run(experiment.root.parent, "--resume", "cut")
    assert "started" not in screen and "4 trials:" in screen
    assert time.monotonic() - started < 60
    assert (experiment.best / "metrics.json").read_bytes() == before  # nothing done again
    assert len(experiment.test_openings.read_text().splitlines()) == 1
    plan = json.loads(experiment.plan.read_text())
    assert [entry["trials"] for entry in plan["resumed"]] == [4, 4, 4]


def test_one_owner_and_ctrl_c_twice_stops_at_once(tmp_path: Path) -> None:
    options = ["--trials", "3", "--max-epochs", "900", "--name", "cut", "--scheduler", "none"]
    whole = command(*DIGITS, *options, "--storage", str(tmp_path))
    rest = refused = ""
    asked = 0
    with subprocess.Popen(whole, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            rest += line
            if "t0000 started" in line:
                refused = run(tmp_path, "--resume", "cut", code=2)
            if ("best so far" in line and not asked) or ("ending in order" in line and asked == 1):
                asked += 1
                process.send_signal(signal.SIGINT)
        assert process.wait() == 130
    assert f"--resume cut: process {process.pid} on {os.uname().nodename}" in refused
    experiment = Experiment(tmp_path / "cut")
    assert states(experiment)["RUNNING"] and not experiment.best.exists()
    assert asked == 2 and rest.count("ending in order") == 1
    assert "interrupted" in rest and "Go on with it: python run_search.py --resume" in rest


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--resume", "nowhere"], "--resume nowhere: no experiment of that name"),
        (["--resume", "cut", "--trials", "+0"], "--trials: +0: must be a whole number"),
        (["--resume", "cut", "--trials", "+ten"], "--trials: +ten: must be a whole number"),
        (["--resume", "cut", "--trials", "9"], "--trials 9: with --resume, say how many to add"),
        (["--space", "mnist", "--trials", "+9"], "--trials +9: only with --resume"),
        (["--space", "mnist", "--trust"], "--trust: only with --resume"),
        (["--resume", "cut", "--set", "lr=0.1"], "--set lr=0.1: cannot change with --resume"),
        (["--resume", "cut", "--name", "x"], "--name x: cannot change with --resume"),
        (["--resume", "cut", "--space", "cifar10"], "it searches mnist, not --space cifar10"),
        (["--resume", "cut", "--data-dir", "nowhere"], "--data embedded: leave out --data-dir"),
    ],
)
def test_bad_input(options: list[str], said: str, resumed: Chain, refused: Refused) -> None:
    experiment = resumed.experiment
    before = sorted(p for p in experiment.root.rglob("*"))
    assert said in refused(*options, "--storage", str(experiment.root.parent))
    assert sorted(p for p in experiment.root.rglob("*")) == before


def test_other_data_is_refused(resumed: Chain, tmp_path: Path) -> None:
    experiment = resumed.experiment
    (tmp_path / "a").mkdir()
    from PIL import Image

    for name in ("a", "b"):
        (tmp_path / "train" / name).mkdir(parents=True, exist_ok=True)
        for number in range(20):
            Image.new("L", (8, 8), 12 * number).save(tmp_path / "train" / name / f"{number}.png")
    (tmp_path / "a").rmdir()
    record = json.loads(experiment.plan.read_text())
    record["data"] |= {"kind": "real", "directory": str(tmp_path)}
    experiment.plan.write_text(json.dumps(record))
    screen = run(experiment.root.parent, "--resume", "cut", code=2)
    assert "--resume cut: the data has changed since the search began" in screen


LATE = """
import signal, sys
import run_search, tuning.phases

run_trials = tuning.phases.run_trials


def and_then_ctrl_c(*arguments):
    ending = run_trials(*arguments)
    signal.signal(signal.SIGUSR1, lambda *_: None)  # as Tune leaves it: heard, and not heeded
    signal.raise_signal(signal.SIGINT)
    return ending


tuning.phases.run_trials = and_then_ctrl_c
sys.exit(run_search.main(sys.argv[1:]))
"""


def test_ctrl_c_after_the_last_trial_keeps_the_test_closed(tmp_path: Path) -> None:
    options = [*DIGITS, "--trials", "1", "--max-epochs", "1"]
    late = [sys.executable, "-c", LATE, *options, "--storage", str(tmp_path), "--name", "late"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(late, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 130, done.stdout + done.stderr
    assert "Test: not opened" in done.stdout and "--resume" in done.stdout
    assert not Experiment(tmp_path / "late").test_openings.exists()
