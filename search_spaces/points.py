"""How many configurations a space has."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.space import SearchSpace, holds


def points(space: SearchSpace) -> float:
    """Its configurations, conditions heeded; infinite where a range is continuous."""
    return _points(space, list(space.distributions), space.given)


def continuous(space: SearchSpace) -> list[str]:
    """The parameters whose range is continuous."""
    distributions = space.distributions.items()
    return [n for n, d in distributions if math.isinf(_values(d)) and not _never(space, n)]


def numbers(space: SearchSpace) -> list[str]:
    """The parameters that have more than one value, are ordered, and exist in every trial."""
    return [
        name
        for name, distribution in space.distributions.items()
        if not isinstance(distribution, CategoricalDistribution)
        and not distribution.single()
        and not _varies(space, name)
        and not _never(space, name)
    ]


def _never(space: SearchSpace, name: str) -> bool:
    """Whether no trial has a parameter."""
    when = space.conditions.get(name)
    if when is None:
        return False
    parent = space.distributions.get(when.parameter)
    here = _held(parent, when.values) if parent else space.given[when.parameter] in when.values
    return _never(space, when.parameter) or not here


def _varies(space: SearchSpace, name: str) -> bool:
    """Whether some trials lack a parameter."""
    when = space.conditions.get(name)
    if when is None:
        return False
    parent = space.distributions.get(when.parameter)
    if parent is None:
        return False  # fixed: all trials have it, or none has
    return _varies(space, when.parameter) or _values(parent) > len(_held(parent, when.values))


def _points(space: SearchSpace, names: list[str], config: Mapping[str, Any]) -> float:
    if not names:
        return 1
    name, later = names[0], names[1:]
    if name not in space.existing({**config, name: None}):
        return _points(space, later, config)
    distribution = space.distributions[name]
    depend = [w.values for w in space.conditions.values() if w.parameter == name]
    special = _held(distribution, {value for values in depend for value in values})
    found = sum(_points(space, later, {**config, name: value}) for value in special)
    if alike := _values(distribution) - len(special):  # no condition holds for any of those
        found += alike * _points(space, later, {**config, name: None})
    return found


def _held(distribution: BaseDistribution, values: Iterable[Any]) -> list[Any]:
    return [value for value in values if holds(distribution, value)]


def _values(distribution: BaseDistribution) -> float:
    match distribution:
        case CategoricalDistribution(choices=choices):
            return len(choices)
        case IntDistribution(low=low, high=high, step=step):
            return (high - low) // step + 1
        case FloatDistribution(low=low, high=high, step=float(step)):
            return round((high - low) / step) + 1
    return math.inf
