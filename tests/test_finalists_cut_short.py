"""Finalists where a budget ended the trials, and where Ctrl-C fell among them."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from analysis import load
from analysis.__main__ import main as analysis
from tests.test_finalists import SMALL, read, search
from tests.test_resume import interrupt_at
from tuning.experiment import Experiment, trial_of

SLOW = """
import time
from search_spaces.mnist import SPACE as MNIST
from dataclasses import replace


def build(config, splits, device):
    trainer = MNIST.task.build(config, splits, device)
    run_epoch = trainer.run_epoch

    def slow_epoch():
        time.sleep(0.5)  # and leaves the cores to others
        line = run_epoch()
        return line | {"seconds": line["seconds"] + 0.5}

    trainer.run_epoch = slow_epoch
    return trainer


SPACE = replace(MNIST, task=replace(MNIST.task, build=build))
"""


@pytest.mark.parametrize(
    ("limit", "ended"),
    [
        (["--epoch-budget", "11"], "epoch budget"),
        (["--time-budget", "60s"], "time budget"),
        (["--target-score", "0.05", "--concurrency", "1"], "target score"),
    ],
)
def test_a_budget_ends_the_trials_and_the_finalists_follow(
    limit: list[str], ended: str, tmp_path: Path
) -> None:
    (tmp_path / "slow.py").write_text(SLOW)
    space = ["--space", "slow.py"] if ended == "time budget" else SMALL[:2]
    lengths = ["--trials", "400", "--max-epochs", "2", "--finalists", "1", "--repeats", "2"]
    lengths += ["--name", "limited", "--concurrency", "2"]
    screen = search(tmp_path, *space, *SMALL[2:], *lengths, *limit)
    experiment = Experiment(tmp_path / "limited")
    results = load(experiment.root)
    assert results.plan["ended"]["by"] == ended and f"Ended by: {ended}." in screen
    assert "RUNNING" not in set(results.trials["state"]) and 1 <= len(results.trials) < 400
    assert len(results.finalists) in (1, 2)  # the baseline may be the best
    assert read(experiment.best / "metrics.json")["test"] is not None
    if ended == "target score":
        assert len(results.trials) == 1  # its first epoch is good enough
        screen = search(tmp_path, "--resume", "limited", "--quiet")  # it stops any more of it
        assert ended in screen and len(experiment.trials()) == 1
    if ended == "epoch budget":
        assert set(results.reruns["state"]) == {"COMPLETE"}
        assert (
            results.trials["epochs"].sum() + results.reruns["epochs"].sum() <= 11 + 2
        )  # one each slot


class Cut(NamedTuple):
    """A search that was interrupted among its finalists, and what its resumption said."""

    experiment: Experiment
    rest: str
    interim: dict[str, Any]
    had_opened: bool
    screen: str


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Cut:
    """Two trials; a finalist and the baseline twice; the winner to be trained on all."""
    storage = tmp_path_factory.mktemp("cut")
    lengths = ["--trials", "2", "--max-epochs", "20", "--scheduler", "none", "--concurrency", "2"]
    options = [*SMALL, *lengths, "--finalists", "1", "--repeats", "2", "--retrain-on-all"]
    rest = interrupt_at("-r1 started", storage, *options, "--name", "cut")
    experiment = Experiment(storage / "cut")
    interim, had_opened = read(experiment.best / "metrics.json"), experiment.test_openings.exists()
    screen = search(storage, "--resume", "cut", "--quiet")
    return Cut(experiment, rest, interim, had_opened, screen)


def test_ctrl_c_among_the_finalists_keeps_test_closed_and_a_resume_ends_them(cut: Cut) -> None:
    assert "Test: not opened" in cut.rest and not cut.had_opened, cut.rest
    assert "no round of re-runs was ended" in cut.rest and "Training" not in cut.rest
    assert cut.interim["trial"] == load(cut.experiment.root).leaderboard["trial"].iloc[0]
    assert "t0000 started" not in cut.screen and "Training" in cut.screen
    assert {d.read_status().state for d in cut.experiment.reruns()} == {"COMPLETE"}


def test_the_winner_can_be_trained_on_all(cut: Cut) -> None:
    experiment = cut.experiment
    metrics = read(experiment.best / "metrics.json")
    winner = load(experiment.root).finalists["trial"].iloc[0]
    assert metrics["trial"] == f"{winner}-all" and metrics["trained_on"] == "train and val"
    assert metrics["val"] is None and metrics["train_val_gap"] is None
    reruns = [d.read_status() for d in experiment.reruns() if trial_of(d.id) == winner]
    assert metrics["epoch"] == int(np.median([status.best_epoch or 0 for status in reruns]))
    assert metrics["test"]["accuracy"] > 0.2 and metrics["finalists"]["trial"] == winner
    assert "trained on train and val" in cut.screen and "it has no val score" in cut.screen
    assert metrics["replay"].split()[-1] in [status.trial for status in reruns]
    assert analysis(["show", str(experiment.root)]) == 0
    again = search(experiment.root.parent, "--resume", "cut", "--quiet")  # nothing is done anew
    assert len(experiment.test_openings.read_text().splitlines()) == 1, again
