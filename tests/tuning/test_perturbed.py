"""What population based training changes on the way, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces.find import find_space
from tests.tuning.rehearsal import cheap_plan
from trainables.errors import BadInput
from tuning.perturbed import FACTORS, perturbed


def test_settings_near_others() -> None:
    space = find_space("mnist")
    config = space.baseline
    names = ("lr", "dropout", "momentum")
    found = [perturbed(config, names, space, np.random.default_rng(seed)) for seed in range(200)]
    lr = space.distributions["lr"]
    assert isinstance(lr, FloatDistribution)
    near = [c["lr"] for c in found if c["lr"] / config["lr"] in FACTORS]
    assert 120 <= len(near) <= 180 and {round(v / config["lr"], 6) for v in near} == set(FACTORS)
    assert all(lr.low <= c["lr"] <= lr.high for c in found)
    assert all(set(c) == set(config) for c in found)  # momentum is not there with adam
    assert {c["hidden"] for c in found} == {config["hidden"]}
    high = perturbed({**config, "lr": lr.high}, ("lr",), space, np.random.default_rng(3))
    assert high["lr"] <= lr.high and type(high["lr"]) is float
    whole = replace(
        space, distributions={**space.distributions, "batch_size": IntDistribution(8, 96, step=8)}
    )
    sizes = [
        perturbed({**config, "batch_size": 80}, ["batch_size"], whole, np.random.default_rng(s))
        for s in range(60)
    ]
    found_sizes = {c["batch_size"] for c in sizes}
    assert {64, 96} < found_sizes <= set(range(8, 97, 8))
    choices = CategoricalDistribution([0.0, 0.5])
    space = replace(space, distributions={**space.distributions, "dropout": choices})
    drawn = (np.random.default_rng(seed) for seed in range(9))
    some = {perturbed(config, ["dropout"], space, chance)["dropout"] for chance in drawn}
    assert some == {0.0, 0.5}


@pytest.mark.parametrize(
    ("settings", "options", "said"),
    [
        ((), {"perturb": "batch_size"}, "--perturb batch_size: cannot change in the middle"),
        ((), {"perturb": "lrr"}, "--perturb lrr: unknown; did you mean 'lr'"),
        (("lr=0.01",), {"perturb": "lr"}, "--perturb lr: is not searched; --set lr=LOW..HIGH"),
        ((), {"perturb": "lr", "scheduler": "asha"}, "--perturb lr: only with --scheduler pbt"),
        ((), {"max_epochs": 1}, "trainings of 1 epochs end before the first change"),
        ((), {"perturb": "lr, lr"}, "--perturb lr, lr: lr is there twice"),
        (
            ("optimizer=adam",),
            {"perturb": "momentum"},
            "--perturb momentum: no trial has it: it exists only with another optimizer",
        ),
        ((), {"trials": 2}, "--trials 2: --scheduler pbt needs 2 or more beside the baseline"),
        (
            ("lr=0.01", "dropout=0", "weight_decay=0", "momentum=0.9", "label_smoothing=0"),
            {},
            "--scheduler pbt: no searched parameter of mnist_cnn can change in the middle",
        ),
    ],
)
def test_what_it_refuses(
    tmp_path: Path, settings: tuple[str, ...], options: dict[str, Any], said: str
) -> None:
    with pytest.raises(BadInput) as refused:
        cheap_plan(tmp_path, *settings, **{"scheduler": "pbt", "max_epochs": 8} | options)
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_what_it_changes_is_resolved_and_resumed(tmp_path: Path) -> None:
    asked = cheap_plan(tmp_path, scheduler="pbt", max_epochs=8, perturb="lr, dropout")
    without = cheap_plan(tmp_path, "optimizer=adam", scheduler="pbt", max_epochs=8)
    assert "momentum" not in without.perturbed
    assert asked.perturbed == ("lr", "dropout") and asked.to_json()["perturbed"] == [
        "lr",
        "dropout",
    ]
    everything = cheap_plan(tmp_path, scheduler="pbt", max_epochs=8)
    assert {"lr", "dropout", "weight_decay"} <= set(everything.perturbed)
    assert not {"batch_size", "hidden", "optimizer"} & set(everything.perturbed)
