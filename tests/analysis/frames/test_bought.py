"""What each tenth of a budget bought."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.frames.bought import bought
from analysis.frames.load import Results

EPOCHS = pd.DataFrame(
    {
        "trial": ["t0000", "t0001", "t0000", "t0001", "t0001-r1", "t0002", "t0003"],
        "epoch": [1, 1, 2, 2, 1, 1, 1],
        "wall_time": [1.0, 2.0, 3.0, 4.0, 5.0, 0.5, 0.7],
        "seconds": [1.0, 1.0, 1.0, 7.0, 50.0, 1.0, 1.0],
        "val_accuracy": [0.5, 0.4, 0.7, 0.6, 0.99, 0.99, 0.99],
    }
)


def results(epochs: pd.DataFrame, by: str = "trials", direction: str = "max") -> Results:
    trials = pd.DataFrame(
        {
            "trial": ["t0000", "t0001", "t0002", "t0003"],
            "state": ["COMPLETE", "PRUNED", "FAIL", "COMPLETE"],
            "feasible": [True, True, True, False],
        }
    )
    plan = {"metric": "val_accuracy", "direction": direction, "ended": {"by": by}}
    plan |= {"data": {}, "resumed": []}
    return Results(trials, epochs, pd.DataFrame(), pd.DataFrame(), plan)


def test_the_best_so_far_by_epochs_and_without_the_finalists() -> None:
    frame = bought(results(EPOCHS.sample(frac=1, random_state=0)))
    assert frame["share"].tolist() == pytest.approx([n / 10 for n in range(1, 11)])
    assert frame["spent"].iloc[-1] == 6 and set(frame["unit"]) == {"epochs"}
    assert np.isnan(frame["best"].iloc[:4]).all()  # none, then what cannot win: it costs the same
    assert frame["best"].iloc[4:].tolist() == [0.5] * 4 + [0.7] * 2


def test_of_a_time_budget_by_seconds_of_training() -> None:
    frame = bought(results(EPOCHS, by="time budget", direction="min"))
    assert frame["spent"].iloc[-1] == 12 and set(frame["unit"]) == {"seconds"}
    assert np.isnan(frame["best"].iloc[:2]).all()
    assert frame["best"].iloc[2:].tolist() == [0.5] + [0.4] * 7


def test_before_the_first_epoch_there_is_nothing() -> None:
    assert bought(results(EPOCHS.iloc[4:5])).empty  # a re-run
