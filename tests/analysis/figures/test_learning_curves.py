"""Learning curves: every epoch of the search's trials, few enough to be drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.figures import learning_curves, learning_curves_frame
from analysis.figures.learning_curves import with_gaps
from analysis.figures.theme import numbers
from analysis.frames.load import Results
from tests.analysis.figures.conftest import good, only


def test_a_row_an_epoch_of_a_trial(found: Results) -> None:
    frame = learning_curves_frame(found)
    counts = frame.groupby("trial").size()
    assert set(counts.index) == set(found.trials["trial"])  # and no re-run
    assert counts["t0001"] == 3 and counts["t0003"] == counts["t0005"] == 1
    best = good(float(found.trials.set_index("trial")["config/lr"]["t0001"]))
    own = frame[frame["trial"] == "t0001"]
    assert list(own["value"]) == pytest.approx([best - 0.2, best - 0.1, best])
    assert list(own["epoch"]) == [1, 2, 3]
    roles = frame.drop_duplicates("trial").set_index("trial")["role"]
    assert roles["t0003"] == "stopped" and roles["t0005"] == "failed"


def test_lines_are_the_frame(found: Results) -> None:
    figure = learning_curves(only(found, "t0001", "t0002", "t0003", "t0005"))
    drawn = [
        (point[0], float(x), float(y))
        for trace in figure.plot.data
        for point, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
        if not np.isnan(x)
    ]
    rows = figure.frame[["trial", "epoch", "value"]].itertuples(index=False, name=None)
    assert sorted(drawn) == [
        (trial, float(epoch), float(numbers(value))) for trial, epoch, value in sorted(rows)
    ]


def test_a_gap_after_each() -> None:
    frame = pd.DataFrame({"trial": ["a", "a", "b"], "epoch": [1, 2, 1], "value": [0.1, 0.2, 0.3]})
    trials, epochs, values = with_gaps(frame)
    assert trials == ["a", "a", "a", "b", "b"]
    np.testing.assert_array_equal(epochs, [1, 2, np.nan, 1, np.nan])
    np.testing.assert_array_equal(values, [0.1, 0.2, np.nan, 0.3, np.nan])


def test_of_very_many_epochs_some(found: Results) -> None:
    trials = found.trials.iloc[:10]
    lines = pd.DataFrame(
        {
            "trial": np.repeat(trials["trial"].to_numpy(), 5001),
            "epoch": np.tile(np.arange(1, 5002), 10),
            "val_accuracy": 0.5,
        }
    )
    frame = learning_curves_frame(replace(found, trials=trials, epochs=lines))
    assert len(frame) <= 20_000 + 10
    assert set(frame.groupby("trial")["epoch"].max()) == {5001}


def test_few_trials_keep_their_first_epochs(found: Results) -> None:
    assert learning_curves(only(found, "t0001")).plot.layout.yaxis.range is None
