"""Slices: the score against each parameter."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from analysis.figures import slices, slices_frame
from analysis.figures.slices import jitter
from analysis.figures.theme import numbers
from analysis.frames.load import Results
from tests.analysis.figures.conftest import STRANGE, planned


def test_a_row_a_trial_and_parameter(found: Results) -> None:
    frame = slices_frame(found)
    scored = found.trials.dropna(subset="score").set_index("trial")
    lr = frame[frame["parameter"] == "lr"].set_index("trial")
    assert set(lr.index) == set(scored.index) and "t0005" not in lr.index
    for trial, row in lr.iterrows():
        assert row["x"] == row["value"] == scored.loc[str(trial), "config/lr"]
        assert row["score"] == scored.loc[str(trial), "score"]
    optimizer = frame[frame["parameter"] == "optimizer"]
    places = optimizer["value"].map({"sgd": 0, "adam": 1})
    assert list(optimizer["x"]) == list(places)


def test_a_parameter_is_shown_of_trials_that_have_it(found: Results) -> None:
    frame = slices_frame(found)
    having = found.trials["config/momentum"].notna() & found.trials["score"].notna()
    assert set(frame[frame["parameter"] == "momentum"]["trial"]) == set(
        found.trials["trial"][having]
    )


def test_points_are_the_frame(found: Results) -> None:
    figure = slices(found)
    names = list(dict.fromkeys(figure.frame["parameter"]))
    for place, name in enumerate(names):
        end = "" if place == 0 else str(place + 1)
        axis = figure.plot.layout[f"xaxis{end}"]
        assert axis.title.text == name
        assert (axis.type == "log") == (name == "lr")
        here = figure.frame[figure.frame["parameter"] == name].set_index("trial")
        points = {
            point[0]: (x, y)
            for trace in figure.plot.data
            if trace.xaxis == f"x{end}"
            for point, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
        }
        assert set(points) == set(here.index)
        for trial, (x, y) in points.items():
            assert y == numbers(here.loc[trial, "score"])
            assert x == pytest.approx(here.loc[trial, "x"], abs=0.3 if axis.ticktext else 1e-6)


def test_categories_have_their_names(found: Results) -> None:
    layout = slices(found).plot.layout
    assert list(layout.xaxis.ticktext) == ["sgd", "adam"]
    assert list(layout.xaxis.tickvals) == [0, 1]


def test_a_long_name_leaves_room(found: Results) -> None:
    spaces = dict(found.plan["search_space"]["distributions"])
    spaces["optimizer"] = spaces["optimizer"].replace("adam", "a" * 40)
    optimizers = found.trials["config/optimizer"].astype(object).replace("adam", "a" * 40)
    trials = found.trials.assign(**{"config/optimizer": optimizers})
    layout = slices(replace(planned(found, distributions=spaces), trials=trials)).plot.layout
    assert list(layout.xaxis.ticktext) == ["sgd", "a" * 11 + "…"]


def test_never_had_is_said(found: Results) -> None:
    adam = found.trials["config/optimizer"] == "adam"
    results = STRANGE["one trial"](found)
    trial = found.trials["trial"][adam & found.trials["score"].notna()].iloc[0]
    results = type(results)(
        **{**vars(results), "trials": found.trials[found.trials["trial"] == trial]}
    )
    assert "No trial with a score has momentum, nesterov." in slices(results).notes


def test_points_of_a_category_lie_apart() -> None:
    shifts = jitter(50)
    assert np.abs(shifts).max() <= 0.28 and len(np.unique(shifts.round(3))) == 50
    np.testing.assert_array_equal(shifts, jitter(50))
