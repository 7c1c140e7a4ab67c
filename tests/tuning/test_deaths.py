"""Workers killed from outside: their trials go on, up to three deaths without an epoch between."""

from __future__ import annotations

import re
import subprocess
from collections import Counter

import pytest

from tests.tuning.test_search import command, states
from tuning.deaths import DEATHS, KILLED
from tuning.experiment import Experiment

EPOCHS = 6
SPACE = """
import os
import signal
from dataclasses import dataclass
from pathlib import Path

from optuna.distributions import CategoricalDistribution, FloatDistribution

from search_spaces.space import SearchSpace
from trainables.hyperparameters import choice
from trainables.mnist_cnn import TASK as MNIST
from trainables.task import Task

DEATHS = Path(__file__).with_name("deaths.txt")
WAYS = ("never", "once", "once an epoch", "always", "then raises")


@dataclass(frozen=True)
class Config(MNIST.Config):
    dies: str = choice("never", WAYS, help="when the worker is killed")


def strike(dies, epoch):
    before = DEATHS.read_text().splitlines().count(dies)
    if dies == "then raises" and epoch == 3 and before == 1:
        note(f"{dies} indeed")
        raise OSError("the disk hiccuped")
    if (dies == "once an epoch" and before == epoch - 2 < 4) or (
        epoch == 2 and (dies == "always" or (dies in ("once", "then raises") and not before))
    ):
        note(dies)
        os.kill(os.getpid(), signal.SIGKILL)


def note(line):
    with DEATHS.open("a") as file:
        file.write(line + "\\n")


def build(config, splits, device):
    trainer = MNIST.build(config, splits, device)
    run_epoch = trainer.run_epoch

    def doomed():
        if f"{config.dies} indeed" not in DEATHS.read_text():
            strike(config.dies, trainer.epoch + 1)
        return run_epoch()

    trainer.run_epoch = doomed
    return trainer


SPACE = SearchSpace(
    task=Task("doomed", Config, MNIST.network, build, MNIST.load),
    distributions={
        "dies": CategoricalDistribution(WAYS),
        "lr": FloatDistribution(1e-4, 1e-2, log=True),
    },
    fixed={"batch_size": 128, "conv1": 4, "conv2": 4, "hidden": 16},
    starts=tuple({"dies": way} for way in WAYS[1:]),
    epochs=6,
    trials=5,
)
"""
Ended = tuple[Experiment, str, "Counter[str]"]


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> Ended:
    """The experiment, what was on the screen, and how often each trial's worker was killed."""
    folder = tmp_path_factory.mktemp("deaths")
    (folder / "space.py").write_text(SPACE)
    (folder / "deaths.txt").touch()
    options = ["--space", "space.py", "--data", "embedded", "--scheduler", "none"]
    options += ["--finalists", "0"]
    place = ["--storage", str(folder), "--name", "doomed", "--quiet"]
    done = subprocess.run(command(*options, *place), cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    deaths = Counter((folder / "deaths.txt").read_text().splitlines())
    return Experiment(folder / "doomed"), done.stdout, deaths


def test_a_trial_goes_on_after_a_death(ended: Ended) -> None:
    experiment, _, deaths = ended
    assert deaths["once"] == 1
    assert states(experiment)[:2] == ["COMPLETE", "COMPLETE"]


def test_deaths_with_an_epoch_done_between_do_not_add_up(ended: Ended) -> None:
    experiment, _, deaths = ended
    assert deaths["once an epoch"] == 4 > DEATHS
    assert states(experiment)[2] == "COMPLETE"


def test_three_deaths_in_a_row_give_a_trial_up(ended: Ended) -> None:
    experiment, screen, deaths = ended
    assert deaths["always"] == DEATHS
    status = experiment.trial("t0003").read_status()
    assert (status.state, status.epochs, status.cause) == ("FAIL", 1, KILLED)
    assert re.search(rf"t0003 FAILED after 1 epochs .*{re.escape(KILLED)}", screen)


def test_a_death_does_not_use_up_the_one_retry(ended: Ended) -> None:
    experiment, _, deaths = ended
    assert (deaths["then raises"], deaths["then raises indeed"]) == (1, 1)
    assert states(experiment)[4] == "COMPLETE"
    assert experiment.trial("t0004").error.read_text().startswith("OSError: the disk hiccuped")


def test_every_epoch_is_recorded_once(ended: Ended) -> None:
    experiment, _, _ = ended
    for trial in ("t0000", "t0001", "t0002", "t0004"):
        lines = experiment.trial(trial).read_results()
        assert [line["epoch"] for line in lines] == list(range(1, EPOCHS + 1))
