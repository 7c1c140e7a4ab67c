"""What was searched, from `plan.json`, and where values lie on their axes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)

from analysis.frames.searched import Searched, searched
from search_spaces.find import find_space

KINDS = {
    "lr": FloatDistribution(1e-4, 1e-1, log=True),
    "layers": IntDistribution(1, 4),
    "cell": CategoricalDistribution(("rnn", "lstm")),
    "fixed": CategoricalDistribution((3,)),
    "one": FloatDistribution(0.5, 0.5),
}


def plan() -> dict[str, object]:
    conditions = {"layers": {"parameter": "cell", "values": ["lstm", "gru"]}}
    texts = {name: distribution_to_json(kind) for name, kind in KINDS.items()}
    return {"search_space": {"distributions": texts, "conditions": conditions}}


def test_what_varied_in_its_order() -> None:
    lr, layers, cell = searched(plan())
    assert (lr.name, lr.low, lr.high, lr.log, lr.integer) == ("lr", 1e-4, 1e-1, True, False)
    assert layers.integer and not layers.log and layers.when == "cell is lstm or gru"
    assert cell.choices == ("rnn", "lstm") and cell.labels == ["rnn", "lstm"]


def test_every_built_in_space() -> None:
    for name in ("mnist", "cifar10", "char_rnn", "forecast_rnn", "resnet_finetune"):
        space = find_space(name)
        found = searched({"search_space": space.to_json()})
        assert [p.name for p in found] == list(space.distributions)


def test_positions() -> None:
    trials = pd.DataFrame({"config/x": [0.5, math.nan, -1.0], "config/c": ["b", None, "other"]})
    number = Searched("x", low=0.1, high=1.0)
    np.testing.assert_array_equal(number.positions(trials), [0.5, math.nan, -1.0])
    logarithmic = Searched("x", low=0.1, high=1.0, log=True)
    np.testing.assert_array_equal(logarithmic.positions(trials), [0.5, math.nan, math.nan])
    choice = Searched("c", choices=("a", "b"))
    np.testing.assert_array_equal(choice.positions(trials), [1, math.nan, math.nan])
    assert np.isnan(Searched("gone", low=0, high=1).positions(trials)).all()


@pytest.mark.parametrize(
    ("choices", "values", "places"),
    [((64, 128), [128.0, 64.0], [1, 0]), ((False, True), [True, False], [1, 0])],
)
def test_choices_whatever_their_column_became(
    choices: tuple[object, ...], values: list[object], places: list[int]
) -> None:
    trials = pd.DataFrame({"config/c": values})
    assert list(Searched("c", choices=choices).positions(trials)) == places
