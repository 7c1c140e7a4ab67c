from __future__ import annotations

import json
import re
from typing import Any

import optuna
import pytest
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    json_to_distribution,
)

from search_spaces.find import find_space, space_names
from search_spaces.space import SearchSpace, When
from trainables.mnist_cnn import TASK

OPTIMIZER = CategoricalDistribution(("sgd", "adam"))
MOMENTUM = FloatDistribution(0.5, 0.99)
SGD_ONLY = {"momentum": When("optimizer", ("sgd",))}


def small(**changes: Any) -> SearchSpace:
    settings: dict[str, Any] = dict(
        task=TASK,
        distributions={"optimizer": OPTIMIZER, "momentum": MOMENTUM},
        conditions=SGD_ONLY,
        epochs=3,
    )
    return SearchSpace(**settings | changes)


BAD = [
    (dict(distributions={"lrr": MOMENTUM}), "mnist_cnn has no parameter 'lrr'; did you mean 'lr'?"),
    (dict(conditions={"momentun": SGD_ONLY["momentum"]}), "has no parameter 'momentun'"),
    (dict(fixed={"hiden": 3}), "has no parameter 'hiden'; did you mean 'hidden'?"),
    (
        dict(conditions={"momentum": When("optimiser", ("sgd",))}),
        "has no parameter 'optimiser'; did you mean 'optimizer'?",
    ),
    (
        dict(conditions={"momentum": When("optimizer", ("SGD",))}),
        "optimizer='SGD': must be one of sgd, adam, adamw",
    ),
    (
        dict(distributions={"momentum": MOMENTUM, "optimizer": OPTIMIZER}),
        "momentum depends on optimizer, which is not asked before it",
    ),
    (
        dict(distributions={"lr": FloatDistribution(1e-3, 20.0)}),
        "lr=20.0: must be a number from 1e-08 to 10",
    ),
    (
        dict(distributions={"dropout": FloatDistribution(-0.5, 0.5)}),
        "dropout=-0.5: must be a number from 0 to 0.95",
    ),
    (
        dict(distributions={"batch_size": IntDistribution(0, 64)}),
        "batch_size=0: must be a whole number from 1",
    ),
    (
        dict(distributions={"batch_size": FloatDistribution(8.0, 64.0)}),
        "batch_size=8.0: must be a whole number",
    ),
    (
        dict(distributions={"optimizer": CategoricalDistribution(("sgd", "lion"))}),
        "optimizer='lion': must be one of sgd, adam, adamw",
    ),
    (
        dict(distributions={"nesterov": CategoricalDistribution((0, 1))}),
        "nesterov=0: must be true or false",
    ),
    (dict(fixed={"lr": 0.0}), "lr=0.0: must be a number"),
    (dict(direction="up"), "direction='up': must be max or min"),
    (dict(epochs=0), "epochs=0: must be 1 or more"),
    (dict(trials=0), "trials=0: must be 1 or more"),
    (dict(grace_period=-1), "grace_period=-1: must be 1 or more"),
]


@pytest.mark.parametrize(("changes", "message"), BAD, ids=[message for _, message in BAD])
def test_a_space_checks_itself(changes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        small(**changes)


def test_a_condition_on_what_is_fixed_needs_no_order():
    space = small(distributions={"momentum": MOMENTUM}, fixed={"optimizer": "sgd"})
    assert space.baseline["momentum"] == 0.9


def test_a_space_cannot_be_changed_afterwards():
    space = small()
    with pytest.raises(TypeError):
        space.distributions["lr"] = MOMENTUM  # type: ignore[index]


def test_a_distribution_given_to_a_space_is_copied():
    mine: dict[str, BaseDistribution] = {"optimizer": OPTIMIZER}
    space = small(distributions=mine)
    mine["lr"] = FloatDistribution(0.1, 0.2)
    assert list(space.distributions) == ["optimizer"]


def test_the_baseline_is_the_defaults_with_the_fixed_values_at_full_length():
    baseline = small(fixed={"hidden": 32, "optimizer": "sgd"}, distributions={}).baseline
    assert baseline == vars(TASK.Config(hidden=32, optimizer="sgd", epochs=3))


def test_the_baseline_has_no_parameter_that_does_not_exist():
    assert "momentum" not in small().baseline  # the default optimizer is adam
    assert "momentum" in small(fixed={"optimizer": "sgd"}, distributions={}).baseline


def ask(space: SearchSpace, count: int = 40) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """[(suggested by the study, whole configuration)]"""
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    asked = []
    for _ in range(count):
        trial = study.ask()
        config = space.sample(trial)
        asked.append((trial.params, config))
        study.tell(trial, 0.0)
    return asked


def test_a_conditional_parameter_is_asked_for_only_where_it_exists():
    seen = set()
    for suggested, config in ask(small()):
        seen.add(config["optimizer"])
        exists = config["optimizer"] == "sgd"
        assert ("momentum" in config) == ("momentum" in suggested) == exists
        TASK.Config(**config)
        assert config["epochs"] == 3
        assert small().searched(config) == suggested
        assert small().contains(config)
    assert seen == {"sgd", "adam"}


def test_what_hangs_on_a_parameter_that_does_not_exist_does_not_exist():
    space = small(
        distributions={
            "optimizer": OPTIMIZER,
            "nesterov": CategoricalDistribution((False, True)),
            "momentum": MOMENTUM,
        },
        conditions={
            "nesterov": When("optimizer", ("sgd",)),
            "momentum": When("nesterov", (False, True)),
        },
    )
    for suggested, config in ask(space):
        assert ("momentum" in suggested) == (config["optimizer"] == "sgd")
        assert ("momentum" in config) == (config["optimizer"] == "sgd")


def test_values_are_sampled_as_their_distributions_say():
    space = small(
        distributions={
            "lr": FloatDistribution(1e-4, 1e-1, log=True),
            "batch_size": IntDistribution(8, 64, step=8),
            "shift": FloatDistribution(0.0, 3.0, step=0.5),
            "hidden": IntDistribution(2, 4096, log=True),
        },
        conditions={},
    )
    configs = [config for _, config in ask(space, 200)]
    assert 40 < sum(config["lr"] < 1e-3 for config in configs) < 95  # a third of them
    assert {config["batch_size"] % 8 for config in configs} == {0}
    assert {config["shift"] * 2 % 1 for config in configs} == {0.0}
    assert sum(config["hidden"] < 64 for config in configs) > 60  # nearly half of them
    for config in configs:
        TASK.Config(**config)


@pytest.mark.parametrize(
    ("config", "inside"),
    [
        ({"batch_size": 8, "lr": 0.1, "optimizer": "adam"}, True),
        ({"batch_size": 64}, True),
        ({"batch_size": 12}, False),
        ({"batch_size": 72}, False),
        ({"lr": 0.1000001}, False),
        ({"lr": 0.0009}, False),
        ({"optimizer": "adamw"}, False),
        ({"hidden": 5_000_000}, True),  # not searched
        ({}, True),
    ],
)
def test_contains_looks_at_every_searched_value(config, inside):
    space = small(
        distributions={
            "optimizer": OPTIMIZER,
            "lr": FloatDistribution(1e-3, 1e-1),
            "batch_size": IntDistribution(8, 64, step=8),
        }
    )
    assert space.contains(config) is inside


def test_a_space_goes_to_json_and_its_distributions_back():
    space = small(fixed={"lr": 0.01}, starts=({"optimizer": "sgd", "momentum": 0.8},))
    value = json.loads(json.dumps(space.to_json()))
    assert value["task"] == "mnist_cnn"
    restored = {name: json_to_distribution(text) for name, text in value["distributions"].items()}
    assert restored == dict(space.distributions)
    assert value["conditions"] == {"momentum": {"parameter": "optimizer", "values": ["sgd"]}}
    assert value["fixed"] == {"lr": 0.01}
    assert value["starts"] == [{"optimizer": "sgd", "momentum": 0.8}]
    assert value["baseline"] == space.baseline


@pytest.mark.parametrize("name", space_names())
class TestEveryBuiltInSpace:
    def test_holds_its_baseline(self, name):
        space = find_space(name)
        assert space.contains(space.baseline)
        assert space.searched(space.baseline)
        space.task.Config(**space.baseline)

    def test_has_starts_that_are_whole_configurations_inside_it(self, name):
        space = find_space(name)
        for start in space.starts:
            assert set(start) <= set(space.distributions)
            assert space.existing({**space.baseline, **start}).keys() >= start.keys()
            assert space.contains(start)
            space.task.Config(**start)

    def test_samples_configurations_that_its_task_takes(self, name):
        space = find_space(name)
        for suggested, config in ask(space, 30):
            space.task.Config(**config)
            assert suggested == space.searched(config)
            assert space.contains(config)

    def test_is_a_sensible_search(self, name):
        space = find_space(name)
        assert 1 <= space.grace_period < space.epochs
        assert space.trials >= 12
        directions = {"val_accuracy": "max", "val_nats": "min", "val_mse": "min"}
        assert space.direction == directions[space.metric]
        if "momentum" in space.distributions:
            assert space.conditions["momentum"] == When("optimizer", ("sgd",))
