"""A search space: which hyperparameters of a task vary, over what, under which condition."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
    distribution_to_json,
)
from optuna.trial import BaseTrial

from trainables.hyperparameters import Hyperparameter, hyperparameters, nearest
from trainables.task import Task, is_built_in


@dataclass(frozen=True)
class When:
    """A parameter exists only where `parameter` takes one of `values`."""

    parameter: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class SearchSpace:
    """What a search varies, and how long it lasts. A space's file ends with one, `SPACE`.

    Attributes:
        task: what is trained.
        distributions: by parameter, in the order they are asked for; Optuna's, inclusive.
        conditions: parameters that exist only under a condition; its parameter is asked before.
        fixed: values that differ from the Config's defaults for every trial but are not searched.
        starts: configurations tried right after the baseline, those of `--enqueue` first; what
            they leave out is sampled.
        compared_by: the parameter whose values are compared at the search's end; empty: none.
        metric, direction: what a trial is scored by; `max` or `min`.
        epochs: full length of a trial. trials: how many. grace_period: epochs no trial is
            stopped before. time_budget: seconds for the search; None: no limit.
        finalists: of the best configurations that are trained again. repeats: how often each.

    Raises:
        ValueError: a parameter the Config lacks, a distribution outside the Config's range, a
            condition on what is not asked before.
    """

    task: Task
    distributions: Mapping[str, BaseDistribution]
    conditions: Mapping[str, When] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    starts: tuple[Mapping[str, Any], ...] = ()
    compared_by: str = ""
    metric: str = "val_accuracy"
    direction: str = "max"
    epochs: int = 10
    trials: int = 20
    grace_period: int = 1
    time_budget: float | None = None
    finalists: int = 3
    repeats: int = 3

    def __post_init__(self) -> None:
        known = self.parameters
        compared = [self.compared_by] if self.compared_by else []
        for name in [*self.distributions, *self.conditions, *self.fixed, *compared]:
            if name not in known:
                raise ValueError(
                    f"{self.task.name} has no parameter {name!r}; {nearest(name, known)}"
                )
        for name, distribution in self.distributions.items():
            if known[name].describes:
                raise ValueError(f"{name} describes the task: one search has one value of it")
            for value in ends(distribution):
                known[name].check(value)
        asked: list[str] = []
        for name in self.distributions:
            when = self.conditions.get(name)
            if when and when.parameter in self.distributions and when.parameter not in asked:
                raise ValueError(
                    f"{name} depends on {when.parameter}, which is not asked before it"
                )
            asked.append(name)
        for values in (self.fixed, *self.starts):
            for name, value in values.items():
                if name not in known:
                    raise ValueError(f"{self.task.name} has no parameter {name!r}")
                known[name].check(value)
        for name, when in self.conditions.items():
            if when.parameter not in known:
                hint = f"{when.parameter!r}; {nearest(when.parameter, known)}"
                raise ValueError(f"{name}'s condition: {self.task.name} has no parameter {hint}")
            for value in when.values:
                known[when.parameter].check(value)
        if self.direction not in ("max", "min"):
            raise ValueError(f"direction={self.direction!r}: must be max or min")
        for name in ("epochs", "trials", "grace_period", "repeats"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: must be 1 or more")
        for mapping in ("distributions", "conditions", "fixed"):
            object.__setattr__(self, mapping, MappingProxyType(dict(getattr(self, mapping))))

    @property
    def parameters(self) -> dict[str, Hyperparameter]:
        """Every hyperparameter of the task's Config."""
        return hyperparameters(self.task.Config)

    @property
    def metric_range(self) -> tuple[float, float]:
        """The lowest and the highest value that the metric can have."""
        return self.range_of(self.metric)

    def range_of(self, score: str) -> tuple[float, float]:
        """The lowest and the highest value that a score of val can have, as far as is known."""
        unknown = (-math.inf, math.inf)
        return self.task.scoring.ranges.get(score.removeprefix("val_"), unknown)

    @property
    def baseline(self) -> dict[str, Any]:
        """The Config's defaults with the fixed values, at full length; only what exists."""
        return self.existing(self.given)

    @property
    def given(self) -> dict[str, Any]:
        """What a trial has where it is not searched: defaults, fixed values, the full length."""
        defaults = {name: parameter.default for name, parameter in self.parameters.items()}
        return defaults | dict(self.fixed) | {"epochs": self.epochs}

    def existing(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The configuration without parameters whose condition does not hold."""
        return {n: v for n, v in config.items() if self._exists(n, config)}

    def largest(self, name: str) -> Any:
        """The largest value of a parameter that a trial can have, the baseline included."""
        given = self.baseline.get(name, self.parameters[name].default)
        return max(given, *ends(self.distributions[name])) if name in self.distributions else given

    def searched(self, config: Mapping[str, Any]) -> dict[str, Any]:
        """The part of a configuration that a study holds, in the order it is asked for."""
        return {name: config[name] for name in self.distributions if name in config}

    def contains(self, config: Mapping[str, Any]) -> bool:
        """Whether every searched value of a configuration lies in its distribution."""
        searched = self.searched(config).items()
        return all(holds(self.distributions[name], value) for name, value in searched)

    def sample(self, trial: BaseTrial) -> dict[str, Any]:
        """Ask an Optuna trial for a whole configuration, parents before what depends on them."""
        config = self.given
        for name, distribution in self.distributions.items():
            if self._exists(name, config):
                config[name] = _suggest(trial, name, distribution)
        return self.existing(config)

    def _exists(self, name: str, config: Mapping[str, Any]) -> bool:
        when = self.conditions.get(name)
        if when is None:
            return True
        return self._exists(when.parameter, config) and config[when.parameter] in when.values

    def can_exist(self, name: str) -> bool:
        """Whether any trial has this parameter."""
        when = self.conditions.get(name)
        if when is None:
            return True
        of = self.distributions.get(when.parameter)
        possible = [self.given[when.parameter]] if of is None else when.values
        held = any(value in when.values and (of is None or holds(of, value)) for value in possible)
        return held and self.can_exist(when.parameter)

    def to_json(self) -> dict[str, Any]:
        """What `plan.json` keeps of a space."""
        return {
            "task": self.task.name,
            "own_task": not is_built_in(self.task),
            "distributions": {n: distribution_to_json(d) for n, d in self.distributions.items()},
            "conditions": {
                name: {"parameter": when.parameter, "values": list(when.values)}
                for name, when in self.conditions.items()
            },
            "fixed": dict(self.fixed),
            "starts": [dict(start) for start in self.starts],
            "baseline": self.baseline,
            "compared_by": self.compared_by,
        }


def ends(distribution: BaseDistribution) -> tuple[Any, ...]:
    """The two ends of a range, or all choices."""
    if isinstance(distribution, CategoricalDistribution):
        return tuple(distribution.choices)
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    return distribution.low, distribution.high


def holds(distribution: BaseDistribution, value: Any) -> bool:
    """Whether a distribution can give this value."""
    if isinstance(distribution, CategoricalDistribution):
        return value in distribution.choices
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    if not distribution.low <= value <= distribution.high:
        return False
    if isinstance(distribution, IntDistribution) and not distribution.log:
        return (value - distribution.low) % distribution.step == 0
    if isinstance(distribution, FloatDistribution) and distribution.step is not None:
        steps = (value - distribution.low) / distribution.step
        return math.isclose(steps, round(steps), abs_tol=1e-8)  # as Optuna has it
    return True


def _suggest(trial: BaseTrial, name: str, distribution: BaseDistribution) -> Any:
    match distribution:
        case FloatDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_float(name, low, high, step=step, log=log)
        case IntDistribution(low=low, high=high, step=step, log=log):
            return trial.suggest_int(name, low, high, step=step, log=log)
        case CategoricalDistribution(choices=choices):
            return trial.suggest_categorical(name, choices)
    raise TypeError(f"{name}: {distribution!r} is no distribution of Optuna's")
