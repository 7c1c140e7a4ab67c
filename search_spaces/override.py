"""`--set`: fix a hyperparameter, give it another range, or a list to choose from."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.space import SearchSpace, holds
from trainables.errors import BadInput
from trainables.hyperparameters import Hyperparameter, nearest


def override(space: SearchSpace, settings: list[str]) -> SearchSpace:
    """Apply settings of the form `P=V`, `P=LO..HI`, `P=LO..HI:log` or `P=a,b,c`, in order.

    Raises:
        BadInput: an unknown parameter (the nearest is named), a value of the wrong type or out
            of range, a range the wrong way round, a parameter whose condition can never hold.
    """
    for setting in settings:
        space = _apply(space, setting)
    for setting in settings:
        _refuse_what_never_exists(space, setting)
    return space


def _apply(space: SearchSpace, setting: str) -> SearchSpace:
    name, equals, text = (part.strip() for part in setting.partition("="))
    if not equals or not text:
        raise BadInput(f"--set {setting}: must be P=VALUE, P=LOW..HIGH[:log] or P=a,b,c")
    if name == "epochs":
        raise BadInput(f"--set {setting}: use --max-epochs for the full length of a trial")
    if name not in space.parameters:
        known = [n for n in space.parameters if n != "epochs"]
        raise BadInput(
            f"--set {setting}: {space.task.name} has no parameter {name!r}; {nearest(name, known)}"
        )
    distributions, fixed = dict(space.distributions), dict(space.fixed)
    try:
        value = _parse(space.parameters[name], text)
    except ValueError as error:
        raise BadInput(f"--set {setting}: {error}") from None
    if isinstance(value, BaseDistribution) and space.parameters[name].describes:
        raise BadInput(
            f"--set {setting}: {name} describes the task, and one search has one value of it; "
            f"{name}=V fixes it"
        )
    if isinstance(value, BaseDistribution):
        distributions[name] = value  # keeps its place in the order; a new one comes last
        fixed.pop(name, None)
    else:
        distributions.pop(name, None)
        fixed[name] = value
    order = _parents_first(distributions, space)
    return replace(space, distributions=order, fixed=fixed)


def _parse(parameter: Hyperparameter, text: str) -> Any:
    if ".." in text:
        return _range(parameter, text)
    if "," in text:
        values = [parameter.parse(part) for part in text.split(",")]
        if len(set(values)) < len(values):
            raise ValueError("a value is given twice")
        return CategoricalDistribution(values)
    return parameter.parse(text)


def _range(parameter: Hyperparameter, text: str) -> BaseDistribution:
    ends, _, scale = text.partition(":")
    if scale not in ("", "log"):
        raise ValueError(f"a range ends with :log or nothing, not :{scale}")
    if parameter.choices or parameter.pattern or parameter.type is bool:
        raise ValueError(f"{parameter.name} is no number; it must be {parameter.allowed}")
    low, high = (parameter.parse(end) for end in ends.split("..", 1))
    if low == high:
        raise ValueError(f"the range is empty; write {parameter.name}={low:g} to fix it")
    if low > high:
        raise ValueError(f"the range is the wrong way round; write {high:g}..{low:g}")
    if scale == "log" and low <= 0:
        raise ValueError("a :log range must start above 0")
    kind = IntDistribution if parameter.type is int else FloatDistribution
    return kind(low, high, log=scale == "log")


def _parents_first(
    distributions: dict[str, BaseDistribution], space: SearchSpace
) -> dict[str, BaseDistribution]:
    parents = {when.parameter for when in space.conditions.values()}
    return {n: distributions[n] for n in sorted(distributions, key=lambda n: n not in parents)}


def _refuse_what_never_exists(space: SearchSpace, setting: str) -> None:
    name = setting.partition("=")[0].strip()
    when = space.conditions.get(name)
    if when is None:
        return
    parent = space.distributions.get(when.parameter)
    only = space.fixed.get(when.parameter, space.parameters[when.parameter].default)
    possible = (holds(parent, value) if parent else value == only for value in when.values)
    if not any(possible):
        wanted = " or ".join(map(str, when.values))
        raise BadInput(f"--set {setting}: {name} has no effect, it needs {when.parameter}={wanted}")
