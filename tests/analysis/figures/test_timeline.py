"""The timeline of slots, drawn."""

from __future__ import annotations

from analysis.figures import timeline, timeline_frame
from analysis.figures.theme import numbers
from analysis.frames.load import Results
from analysis.frames.timeline import timeline as stays
from tests.analysis.figures.conftest import only
from tuning.experiment import trial_of


def test_stays_with_their_roles(found: Results) -> None:
    frame = timeline_frame(found)
    assert frame[list(stays(found).columns)].equals(stays(found))
    assert set(frame["role"][frame["part"] == "finalists"]) == {"re-run"}
    roles = dict(zip(frame["trial"], frame["role"], strict=True))
    assert roles["t0003"] == "stopped" and roles["t0005"] == "failed"


def test_bars_are_the_frame(found: Results) -> None:
    figure = timeline(found)
    drawn = sorted(
        (float(base), float(x), float(y), point[0])
        for trace in figure.plot.data
        for base, x, y, point in zip(trace.base, trace.x, trace.y, trace.customdata, strict=True)
    )
    frame = figure.frame
    assert len(drawn) == len(frame)
    begins, lasted = numbers(frame["begin"]), numbers(frame["end"] - frame["begin"])
    assert drawn == sorted(
        (float(b), float(x), float(slot), trial_of(trial))
        for b, x, slot, trial in zip(begins, lasted, frame["slot"], frame["trial"], strict=True)
    )


def test_the_title_says_how_busy(found: Results) -> None:
    # 36 epochs of the search and 18 of the re-runs, of half a second each, without a pause
    assert timeline(found).title == "1 slot was busy 100% of 27 s"
    assert timeline(only(found)).title == "No epoch was trained yet"
