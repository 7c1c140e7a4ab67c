"""Which parameters population based training changes on the way, and how."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.samplers import RandomSampler

from search_spaces.space import SearchSpace
from trainables.errors import BadInput
from trainables.hyperparameters import nearest

RESAMPLED = 0.25  # chance that a setting is drawn anew
FACTORS = (0.8, 1.2)  # else it becomes so much of what it was: both as in Ray's
SMALLEST = 2  # trials of which one can be the worse, and one the better


def find_perturbed(text: str | None, space: SearchSpace, scheduler: str) -> tuple[str, ...]:
    """Those named, or every searched one that can change in the middle of a training.

    Args:
        text: names, with commas between; None: nothing was said.

    Raises:
        BadInput: one is unknown, not searched, or cannot change then; there is none that can; it
            is another scheduler, or a training too short for it.
    """
    if scheduler != "pbt":
        if text is not None:
            raise BadInput(f"--perturb {text}: only with --scheduler pbt")
        return ()
    known = space.parameters
    adjustable = tuple(n for n in space.distributions if known[n].adjustable and space.can_exist(n))
    can = ", ".join(adjustable) or "none that is searched"
    named = adjustable if text is None else tuple(part.strip() for part in text.split(","))
    for name in named:
        if name not in known:
            raise BadInput(f"--perturb {name}: unknown; {nearest(name, adjustable or known)}")
        if not known[name].adjustable:
            raise BadInput(
                f"--perturb {name}: cannot change in the middle of a training; those that can: "
                f"{can}"
            )
        if name not in space.distributions:
            raise BadInput(
                f"--perturb {name}: is not searched; --set {name}=LOW..HIGH gives it a range"
            )
        if name not in adjustable:
            raise BadInput(
                f"--perturb {name}: no trial has it: it exists only with another "
                f"{space.conditions[name].parameter}"
            )
        if named.count(name) > 1:
            raise BadInput(f"--perturb {text}: {name} is there twice")
    if not named:
        raise BadInput(
            f"--scheduler pbt: no searched parameter of {space.task.name} can change in the middle "
            "of a training; --scheduler promote takes any space"
        )
    if space.trials - space.contains(space.baseline) < SMALLEST:
        raise BadInput(
            f"--trials {space.trials}: --scheduler pbt needs {SMALLEST} or more beside the "
            "baseline, which no other replaces"
        )
    if space.epochs <= space.grace_period:
        raise BadInput(
            f"--scheduler pbt: trainings of {space.epochs} epochs end before the first change, "
            f"after {space.grace_period}; --max-epochs makes them longer"
        )
    return named


def perturbed(
    config: Mapping[str, Any], names: Iterable[str], space: SearchSpace, chance: np.random.Generator
) -> dict[str, Any]:
    """A configuration near another one: each of these parameters that exist is changed."""
    changed = dict(config)
    for name in names:
        if name in changed:
            changed[name] = _changed(changed[name], space.distributions[name], chance)
    return space.existing(changed)


def _changed(value: Any, distribution: BaseDistribution, chance: np.random.Generator) -> Any:
    factor, seed = float(chance.choice(FACTORS)), int(chance.integers(2**32))
    draws_anew = chance.random() < RESAMPLED
    if draws_anew or isinstance(distribution, CategoricalDistribution):
        study = optuna.create_study(sampler=RandomSampler(seed=seed))
        return study.ask({"it": distribution}).params["it"]
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    near, low = float(value) * factor, distribution.low
    if distribution.step is not None:
        near = low + round((near - low) / distribution.step) * distribution.step
    return min(distribution.high, max(low, near))
