"""The best so far against what a search has spent, on a clock that stops while it is not run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

import analysis
from analysis.frames.best_so_far import best_so_far
from analysis.frames.load import Results
from tuning.experiment import Experiment

# t0002 fails in the end, t0003 breaks a constraint, t0001-r1 is a finalist's re-run.
ROWS = [
    ("t0002", 1, 100.5, 0.5, 0.99),
    ("t0003", 1, 100.75, 0.5, 0.98),
    ("t0000", 1, 101.0, 1.0, 0.5),
    ("t0001", 1, 102.0, 1.0, 0.4),
    ("t0000", 2, 103.0, 2.0, 0.7),
    ("t0001", 2, 104.0, 2.0, 0.6),
    ("t0001-r1", 1, 105.0, 1.0, 0.97),
]


def results(direction: str = "max", **plan: Any) -> Results:
    epochs = pd.DataFrame(ROWS, columns=["trial", "epoch", "wall_time", "seconds", "val_accuracy"])
    trials = pd.DataFrame(
        {
            "trial": ["t0000", "t0001", "t0002", "t0003"],
            "state": ["COMPLETE", "RUNNING", "FAIL", "COMPLETE"],
            "feasible": [True, True, True, False],
        }
    )
    about = {"metric": "val_accuracy", "direction": direction, "data": {"train": 10}, "resumed": []}
    mixed = epochs.sample(frac=1, random_state=0)
    return Results(trials, mixed, pd.DataFrame(), pd.DataFrame(), about | plan)


def test_all_epochs_cost_and_only_those_that_may_win_count() -> None:
    frame = best_so_far(results())
    assert list(frame["trial"]) == ["t0002", "t0003", "t0000", "t0001", "t0000", "t0001"]
    assert frame["epochs"].tolist() == [1, 2, 3, 4, 5, 6]
    assert frame["examples"].tolist() == [10, 20, 30, 40, 50, 60]
    assert frame["trials"].tolist() == [1, 2, 3, 4, 4, 4]
    assert frame["training_seconds"].tolist() == [0.5, 1.0, 2.0, 3.0, 5.0, 7.0]
    assert frame["seconds"].tolist() == [0.5, 0.75, 1.0, 2.0, 3.0, 4.0]  # it began at 100
    assert frame["best"].isna().tolist() == [True, True, False, False, False, False]
    assert frame["best"].tolist()[2:] == [0.5, 0.5, 0.7, 0.7]
    assert frame["improved"].tolist() == [False, False, True, False, True, False]


def test_of_a_loss_the_smallest_is_the_best() -> None:
    assert best_so_far(results("min"))["best"].tolist()[2:] == [0.5, 0.4, 0.4, 0.4]


def test_time_in_which_the_search_did_not_run_is_not_counted() -> None:
    later = results(resumed=[{"time": "1970-01-01T01:16:40+0100"}])  # at 1000
    epochs = later.epochs
    epochs.loc[epochs["wall_time"] > 102.5, "wall_time"] += 1000
    seconds = best_so_far(later)["seconds"].tolist()
    # 2 s until the kill; then t0000's second epoch takes 2 s, and t0001's ends 1 s after it.
    assert seconds == pytest.approx([0.5, 0.75, 1.0, 2.0, 4.0, 5.0])


def test_without_an_epoch_or_a_size_of_the_data() -> None:
    before = results()
    frame = best_so_far(replace(before, epochs=before.epochs.iloc[:0]))
    assert frame.empty and frame["best"].dtype == "float64" and frame["trial"].dtype == "string"
    assert best_so_far(results(data={}))["examples"].isna().all()


def test_of_an_experiment(finished: Experiment) -> None:
    loaded = analysis.load(finished.root)
    frame = best_so_far(loaded)
    assert len(frame) == len(loaded.epochs) and frame["seconds"].is_monotonic_increasing
    assert frame["best"].iloc[-1] == loaded.leaderboard["score"].iloc[0]
    assert frame["examples"].iloc[-1] == len(frame) * loaded.plan["data"]["train"]
