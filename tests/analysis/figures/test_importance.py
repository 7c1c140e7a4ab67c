"""Importance, drawn, with its doubts."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.figures import Figure, importance
from analysis.figures.importance import doubts
from analysis.figures.theme import numbers
from analysis.frames.importance import importance as weigh
from analysis.frames.load import Results
from tests.analysis.figures.conftest import changed, only


@pytest.fixture(scope="module")
def drawn(found: Results) -> Figure:
    return importance(found)


def test_bars_are_the_frame(drawn: Figure, found: Results) -> None:
    frame = weigh(found)
    assert drawn.frame.equals(frame)
    assert [trace.name for trace in drawn.plot.data] == ["PED-ANOVA", "fANOVA"]
    for trace in drawn.plot.data:
        own = frame[frame["method"] == trace.name]
        assert list(trace.y) == list(own["parameter"])
        np.testing.assert_array_equal(trace.x, numbers(own["importance"]))
        np.testing.assert_array_equal(trace.error_x.array, numbers(own["error"]))


def test_too_few_trials_are_said_and_how_many_would_do(drawn: Figure) -> None:
    few = drawn.notes[0]
    assert "15 with a score, about 100 would do" in few and "10 parameters" in few
    assert "Loeppky" in few and "may have mattered" in drawn.title


def test_far_too_few_are_not_drawn(found: Results) -> None:
    figure = importance(only(found, "t0001", "t0002"))
    assert not figure.is_drawn and figure.says_something
    assert figure.notes[0].startswith("Too few trials") and "2 with a score" in figure.notes[0]


def test_one_score_and_others_weights_are_said(found: Results) -> None:
    assert "All trials have the same score." in doubts(changed(found, score=0.5))
    parents = ["t0001"] * 2 + [""] * 14
    assert any("2 trials that went on" in note for note in doubts(changed(found, parent=parents)))
