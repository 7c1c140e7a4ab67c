"""Best so far, drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.figures import best_so_far, best_so_far_frame
from analysis.figures.theme import numbers
from analysis.frames.best_so_far import best_so_far as course
from analysis.frames.load import Results
from tests.analysis.figures.conftest import only, planned


def test_where_each_trial_ended(found: Results) -> None:
    frame = best_so_far_frame(found)
    assert frame[list(course(found).columns)].equals(course(found))
    ended = frame[frame["ended"]].set_index("trial")
    assert set(ended.index) == set(found.trials["trial"])
    scores = found.trials.set_index("trial")["score"]
    assert ended["trial_score"].sort_index().equals(scores.rename("trial_score").sort_index())
    assert frame["trial_score"][~frame["ended"]].isna().all()


def test_line_and_points_are_the_frame(found: Results) -> None:
    figure = best_so_far(found)
    frame = figure.frame
    rising = frame[frame["improved"]]
    for axis, x in (("x", frame["examples"]), ("x2", frame["seconds"])):
        here = [trace for trace in figure.plot.data if trace.xaxis == axis]
        (line,) = [trace for trace in here if trace.mode == "lines"]
        assert line.line.shape == "hv"
        best = numbers(rising["best"])
        np.testing.assert_array_equal(line.y[: len(best)], best)
        np.testing.assert_array_equal(line.x[: len(best)], numbers(x[rising.index]))
        assert line.x[-1] == numbers(x.iloc[-1])
        points = {p[0]: (a, b) for t in here if t.mode == "markers" for p, a, b in
                  zip(t.customdata, t.x, t.y, strict=True)}  # fmt: skip
        ended = frame[frame["ended"] & frame["trial_score"].notna()]
        wanted = zip(numbers(x[ended.index]), numbers(ended["trial_score"]), strict=True)
        assert points == dict(zip(ended["trial"], wanted, strict=True))


def test_the_baseline_is_a_line(found: Results) -> None:
    shapes = best_so_far(found).plot.layout.shapes
    assert [shape.y0 for shape in shapes] == [found.baseline["score"]] * 2
    assert [(shape.xref, shape.yref) for shape in shapes] == [
        ("x domain", "y"),
        ("x2 domain", "y2"),
    ]


def test_epochs_where_examples_are_not_known(found: Results) -> None:
    data = {key: value for key, value in found.plan["data"].items() if key != "train"}
    figure = best_so_far(planned(found, data=data))
    assert figure.plot.layout.xaxis.title.text == "epochs"
    assert list(figure.plot.data[0].x)[-1] <= len(figure.frame)


def test_before_the_first_score(found: Results) -> None:
    assert not best_so_far(replace(only(found, "t0005"))).says_something
