"""Cost, drawn."""

from __future__ import annotations

import numpy as np

from analysis.figures import cost
from analysis.figures.theme import numbers
from analysis.frames.cost import cost as spent
from analysis.frames.load import Results
from tests.analysis.figures.conftest import only, planned


def test_bars_are_the_frame(found: Results) -> None:
    figure = cost(found)
    frame = spent(found)
    assert figure.frame.equals(frame)
    drawn = {
        (part, trace.name): float(x)
        for trace in figure.plot.data
        for part, x in zip(trace.y, trace.x, strict=True)
    }
    states = {"COMPLETE": "done", "PRUNED": "stopped", "FAIL": "failed"}
    wanted = zip(frame["part"], frame["state"], numbers(frame["core_seconds"]), strict=True)
    assert drawn == {(part, states[state]): float(seconds) for part, state, seconds in wanted}
    assert figure.plot.layout.meta["panels"] == 1


def test_gpus_have_a_panel_of_their_own(found: Results) -> None:
    figure = cost(planned(found, gpus_per_trial=0.5))
    assert figure.plot.layout.xaxis.title.text == "core-s"
    assert figure.plot.layout.xaxis2.title.text == "GPU-s"
    gpu = sum(float(sum(trace.x)) for trace in figure.plot.data if trace.xaxis == "x2")
    assert np.isclose(gpu, spent(found)["seconds"].sum() / 2)


def test_the_title_says_the_sum_and_its_part(found: Results) -> None:
    # 10 trials of 3 epochs, 5 of one, one that failed in its first, 6 re-runs: 54 of 0.5 s
    assert cost(found).title == (
        "27 core-s in all, 56% of it in trials of the search that ran to their end"
    )
    assert not cost(only(found)).says_something
