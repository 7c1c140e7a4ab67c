"""Failures by cause, drawn."""

from __future__ import annotations

from analysis.figures import failures
from analysis.frames.load import Results
from tests.analysis.figures.conftest import HOSTILE, changed, only


def test_bars_are_the_frame(found: Results) -> None:
    causes = ["out of memory at epoch 3"] * 2 + ["out of memory at epoch 7", "other"]
    results = changed(only(found, *found.trials["trial"][:4]), state="FAIL", cause=causes)
    figure = failures(results)
    assert list(figure.plot.data[0].x) == [3, 1] == list(figure.frame["count"])
    assert list(figure.plot.layout.yaxis.ticktext) == ["out of memory at epoch 3", "other"]
    assert "t0000 t0001 t0002" in figure.plot.data[0].hovertext[0]
    assert figure.title == "4 of 4 trainings failed, most by: out of memory at epoch 3"


def test_a_long_cause_is_cut_and_a_hostile_one_is_text(found: Results) -> None:
    results = changed(only(found, "t0001"), state="FAIL", cause=f"{HOSTILE} " + "word " * 60)
    figure = failures(results)
    (shown,) = figure.plot.layout.yaxis.ticktext
    assert shown.count("<br>") == 2 and shown.endswith(" …")
    assert "<img" not in shown and "&lt;img src=x" in shown
    assert "<img" not in figure.plot.data[0].hovertext[0]


def test_none_failed(found: Results) -> None:
    figure = failures(only(found, "t0001"))
    assert figure.title == "None of 1 training failed" and not figure.says_something
