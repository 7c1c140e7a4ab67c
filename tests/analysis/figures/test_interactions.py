"""Interactions: pairs of numbers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.figures import interactions, interactions_frame
from analysis.figures.scale import shades
from analysis.figures.theme import numbers
from analysis.frames.load import Results
from tests.analysis.figures.conftest import only


def weights(**shares: float) -> pd.DataFrame:
    return pd.DataFrame({"parameter": list(shares), "importance": list(shares.values())})


def test_the_weightiest_numbers_are_paired(found: Results) -> None:
    frame = interactions_frame(found, weights(shift=0.2, optimizer=0.9, lr=0.7, scale=0.3))
    pairs = list(frame[["first", "second"]].drop_duplicates().itertuples(index=False, name=None))
    assert pairs == [("lr", "scale"), ("lr", "shift"), ("scale", "shift")]
    scored = found.trials.dropna(subset="score").set_index("trial")
    own = frame[(frame["first"] == "lr") & (frame["second"] == "shift")].set_index("trial")
    assert set(own.index) == set(scored.index)
    for trial, row in own.iterrows():
        values = scored.loc[str(trial), ["config/lr", "config/shift", "score"]]
        assert [row["x"], row["y"], row["score"]] == list(values)


def test_points_are_the_frame_and_the_best_on_top(found: Results) -> None:
    figure = interactions(found, weights(lr=0.7, scale=0.3, shift=0.2))
    frame = figure.frame
    assert [len(trace.x) for trace in figure.plot.data] == [15, 15, 15]
    trace = figure.plot.data[0]
    own = frame[frame["second"] == "scale"].set_index("trial")
    order = [point[0] for point in trace.customdata]
    np.testing.assert_array_equal(trace.x, numbers(own.loc[order, "x"]))
    np.testing.assert_array_equal(trace.y, numbers(own.loc[order, "y"]))
    assert own.loc[order, "score"].is_monotonic_increasing
    assert list(trace.marker.color) == sorted(trace.marker.color)
    assert figure.plot.layout.xaxis.type == "log" and figure.plot.layout.yaxis.type != "log"


def test_few_trials_show_no_pair(found: Results) -> None:
    few = only(found, *found.trials["trial"][:9])
    assert interactions_frame(few).empty and not interactions(few).is_drawn


def test_shades() -> None:
    scores = np.array([0.5, 0.75, 1.0, np.nan])
    assert list(shades(scores, "max"))[:3] == [0, 0.5, 1]
    assert list(shades(scores, "min"))[:3] == [1, 0.5, 0]
    assert np.isnan(shades(scores, "max")[3])
    assert list(shades(np.array([0.5, 0.5]), "min")) == [1, 1]
    poor = np.array([0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.1])
    assert shades(poor, "max")[0] == pytest.approx(0.003 / 0.053) and shades(poor, "max")[6] == 0
