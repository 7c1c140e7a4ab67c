"""Several aims: all trials and the front."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.figures import pareto, pareto_frame
from analysis.figures.theme import numbers
from analysis.frames.load import Results
from tests.analysis.figures.conftest import aimed


def test_a_row_a_trial_with_every_aim(found: Results) -> None:
    results = aimed(found, 2)
    frame = pareto_frame(results)
    assert set(frame["trial"]) == set(found.trials["trial"][found.trials["score"].notna()])
    assert set(frame["trial"][frame["front"]]) == set(results.front["trial"])
    assert 1 < frame["front"].sum() < len(frame)


def test_the_front_is_a_step_line_over_the_points(found: Results) -> None:
    figure = pareto(aimed(found, 2))
    (line,) = [trace for trace in figure.plot.data if trace.mode == "lines"]
    front = figure.frame[figure.frame["front"]].sort_values("aim/parameters")
    np.testing.assert_array_equal(line.x, numbers(front["aim/parameters"]))
    np.testing.assert_array_equal(line.y, numbers(front["aim/val_accuracy"]))
    assert line.line.shape == "hv" and list(line.y) == sorted(line.y)
    points = {
        point[0]: (x, y)
        for trace in figure.plot.data
        if trace.mode == "markers"
        for point, x, y in zip(trace.customdata, trace.x, trace.y, strict=True)
    }
    own = figure.frame.set_index("trial")
    assert set(points) == set(own.index)
    for trial, (x, y) in points.items():
        assert (x, y) == (
            numbers(own.loc[trial, "aim/parameters"]),
            numbers(own.loc[trial, "aim/val_accuracy"]),
        )


@pytest.mark.parametrize(("count", "panels"), [(2, 1), (3, 3)])
def test_a_panel_a_pair(count: int, panels: int, found: Results) -> None:
    plot = pareto(aimed(found, count)).plot
    assert plot.layout.meta["panels"] == panels
    assert plot.layout.xaxis.title.text == "parameters (less is better)"
    assert plot.layout.yaxis.title.text == "val_accuracy (more is better)"


def test_one_aim_has_no_front(found: Results) -> None:
    figure = pareto(found)
    assert not figure.says_something and figure.frame.empty
