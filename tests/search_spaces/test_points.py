from __future__ import annotations

import math
import warnings
from typing import Any

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces.points import continuous, numbers, points
from search_spaces.space import SearchSpace, When, holds
from trainables.mnist_cnn import TASK

OPTIMIZER = CategoricalDistribution(("sgd", "adam", "adamw"))
SGD = When("optimizer", ("sgd",))
NEVER = When("optimizer", ())
STEPS = FloatDistribution(0.1, 0.3, step=0.1)
HIDDEN = IntDistribution(10, 30, step=5)


def space(conditions: dict[str, When] | None = None, **distributions: Any) -> SearchSpace:
    return SearchSpace(TASK, distributions, conditions or {}, epochs=3)


CASES = [
    (space(hidden=HIDDEN), 5),
    (space(hidden=HIDDEN, optimizer=OPTIMIZER), 15),
    (space({"hidden": SGD}, optimizer=OPTIMIZER, hidden=HIDDEN), 7),
    (space({"hidden": When("conv1", (4, 6))}, conv1=IntDistribution(4, 9), hidden=HIDDEN), 14),
    (
        space(
            {"nesterov": SGD, "hidden": When("nesterov", (True,))},
            optimizer=OPTIMIZER,
            nesterov=CategoricalDistribution((False, True)),
            hidden=HIDDEN,
        ),
        1 + 5 + 2,
    ),
    (space(lr=STEPS, batch_size=IntDistribution(1, 64, log=True)), 192),
    (space(lr=FloatDistribution(0.1, 0.3), hidden=HIDDEN), math.inf),
    (space({"momentum": NEVER}, optimizer=OPTIMIZER, momentum=FloatDistribution(0.1, 0.2)), 3),
]  # fmt: skip


@pytest.mark.parametrize(("space", "count"), CASES)
def test_points_are_what_asking_for_all_of_them_gives(space: SearchSpace, count: float) -> None:
    assert points(space) == count
    if count < math.inf:
        with warnings.catch_warnings(action="ignore"):  # Optuna's word for a young class
            sampler = optuna.samplers.BruteForceSampler(seed=0)
        study = optuna.create_study(sampler=sampler)
        study.optimize(lambda trial: len(space.sample(trial)), n_trials=500)
        assert len(study.trials) == count  # Optuna's own stops when all were tried


def test_what_is_continuous_and_what_a_covariance_is_of() -> None:
    mixed = space(
        {"momentum": SGD, "weight_decay": When("optimizer", ("sgd", "adam", "adamw"))},
        optimizer=OPTIMIZER,
        momentum=FloatDistribution(0.1, 0.9),
        weight_decay=FloatDistribution(0.0, 0.1),
        lr=FloatDistribution(0.1, 0.3),
        hidden=HIDDEN,
        conv1=IntDistribution(4, 4),
    )
    assert continuous(mixed) == ["momentum", "weight_decay", "lr"]
    assert numbers(mixed) == ["weight_decay", "lr", "hidden"]  # momentum: not in every trial
    adam = SearchSpace(TASK, dict(list(mixed.distributions.items())[1:]), mixed.conditions)
    assert adam.given["optimizer"] == "adam"
    assert continuous(adam) == ["weight_decay", "lr"]  # no trial has a momentum
    assert numbers(adam) == ["weight_decay", "lr", "hidden"]
    always = SearchSpace(TASK, mixed.distributions, mixed.conditions, {"momentum": 0.5})
    assert numbers(always) == ["weight_decay", "lr", "hidden"]


@pytest.mark.parametrize(("value", "held"), [(0.1, True), (0.3, True), (0.15, False), (0.4, False)])
def test_a_float_with_a_step_holds_its_steps(value: float, held: bool) -> None:
    assert holds(STEPS, value) is held
