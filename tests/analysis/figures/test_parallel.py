"""Parallel coordinates: lines through the parameters to the score."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from analysis.figures import parallel, parallel_frame
from analysis.figures.parallel import _ABSENT
from analysis.frames.load import Results
from tests.analysis.figures.conftest import planned


def test_places_along_the_axes(found: Results) -> None:
    frame = parallel_frame(found)
    keys = zip(frame["trial"], frame["axis"], strict=True)
    place = dict(zip(keys, frame["place"].astype(float), strict=True))
    trials: dict[str, dict[str, Any]] = {row["trial"]: row for row in _rows(found)}
    for trial in ("t0000", "t0001", "t0003"):
        lr, optimizer = trials[trial]["config/lr"], trials[trial]["config/optimizer"]
        assert place[(trial, "config/lr")] == pytest.approx((math.log10(lr) + 4) / 3)
        assert place[(trial, "config/optimizer")] == {"sgd": 0.25, "adam": 0.75}[optimizer]
        assert np.isnan(place[(trial, "config/momentum")]) == (optimizer == "adam")
    scores = {trial: row["score"] for trial, row in trials.items() if row["score"] > 0}
    low, high = min(scores.values()), max(scores.values())
    for trial, score in scores.items():
        assert place[(trial, "score")] == pytest.approx((score - low) / (high - low))


def name_of(column: str) -> str:
    return column.removeprefix("config/")


def _rows(results: Results) -> list[Any]:
    return results.trials.to_dict("records")


def test_a_line_is_a_trial(found: Results) -> None:
    figure = parallel(found)
    names = list(dict.fromkeys(figure.frame["axis"]))
    wide = figure.frame.pivot(index="trial", columns="axis", values="place")[names]
    drawn: dict[str, list[float]] = {}
    for trace in figure.plot.data:
        if trace.mode == "lines":
            for point, x, y in zip(trace.customdata, trace.x, trace.y, strict=True):
                if not np.isnan(x):
                    assert y == len(drawn.setdefault(point[0], []))
                    drawn[point[0]].append(float(x))
    assert set(drawn) == set(wide.index)
    for trial, xs in drawn.items():
        assert xs == pytest.approx(list(wide.loc[trial].fillna(_ABSENT)), abs=1e-6)
    assert list(figure.plot.layout.yaxis.ticktext) == [*map(name_of, names[:-1]), "val_accuracy"]


def test_values_stand_at_their_places(found: Results) -> None:
    texts = [t for t in parallel(found).plot.data if t.mode == "markers+text"]
    names = list(dict.fromkeys(parallel_frame(found)["axis"]))
    lr = texts[names.index("config/lr")]
    assert dict(zip(lr.text, lr.x, strict=True)) == pytest.approx(
        {"0.0001": 0, "0.001": 1 / 3, "0.01": 2 / 3, "0.1": 1}
    )
    optimizer = texts[names.index("config/optimizer")]
    assert dict(zip(optimizer.text, optimizer.x, strict=True)) == {"sgd": 0.25, "adam": 0.75}
    momentum = texts[names.index("config/momentum")]
    assert momentum.text[-1] == "absent" and momentum.x[-1] == _ABSENT


def test_a_parameter_may_be_called_score(found: Results) -> None:
    spaces = dict(found.plan["search_space"]["distributions"])
    spaces["score"] = spaces.pop("lr")
    trials = found.trials.rename(columns={"config/lr": "config/score"})
    figure = parallel(replace(planned(found, distributions=spaces), trials=trials))
    *names, last = figure.plot.layout.yaxis.ticktext
    assert "score" in names and last == "val_accuracy"


def test_no_webgl(found: Results) -> None:
    assert {trace.type for trace in parallel(found).plot.data} == {"scatter"}
