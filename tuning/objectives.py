"""Several aims of one search, such as `val_accuracy:max,parameters:min`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from search_spaces.space import SearchSpace
from trainables.errors import BadInput
from trainables.hyperparameters import nearest
from trainables.measures import LATENCY, MEASURES
from tuning.front import Objective
from tuning.status import TrialStatus

EPOCH_SECONDS = "epoch_seconds"
MEASURED = (*MEASURES, LATENCY)  # what a worker adds to each line of its results


def scores_of(space: SearchSpace) -> list[str]:
    """The scores of val that each epoch of a trial has."""
    return [f"val_{name}" for name in space.task.scoring.ranges] or [space.metric]


def parse_objectives(text: str, space: SearchSpace) -> tuple[Objective, ...]:
    """From what was typed: the first is a score of val, by which trials are stopped and ranked.

    Raises:
        BadInput: an unknown name or direction, fewer than two, one twice.
    """
    scores = scores_of(space)
    known = [*scores, *MEASURED, EPOCH_SECONDS]
    found: list[Objective] = []
    for part in text.split(","):
        name, _, direction = part.strip().partition(":")
        if name not in known:
            raise BadInput(f"--objectives {part}: {name!r} is unknown; {nearest(name, known)}")
        if direction not in ("max", "min"):
            raise BadInput(f"--objectives {part}: must end in :max or :min")
        if name in [objective.name for objective in found]:
            raise BadInput(f"--objectives {text}: {name} is there twice")
        found.append(Objective(name, direction))
    if len(found) < 2:
        raise BadInput(
            f"--objectives {text}: one aim is what a search has anyway; give two or more, such as "
            f"{space.metric}:{space.direction},{MEASURES[0]}:min"
        )
    if found[0].name not in scores:
        raise BadInput(
            f"--objectives {text}: the first must be a score of val, one of {', '.join(scores)}: "
            "trials are stopped and ranked by it"
        )
    return tuple(found)


def aimed(space: SearchSpace, objectives: Sequence[Objective]) -> SearchSpace:
    """The space, scored by the first of them."""
    if not objectives:
        return space
    return replace(space, metric=objectives[0].name, direction=objectives[0].direction)


def values_of(
    status: TrialStatus,
    result: Mapping[str, Any],
    names: Iterable[str],
    before: Mapping[str, float],
) -> dict[str, float]:
    """A trial's values by these names after an epoch, whose line of results is the latest.

    Scores of val are those of its best epoch by the first aim; what a measurement took longest of
    other work's fault is left out by taking the least.

    Args:
        before: what they were after the epoch before; empty: it is the first.
    """
    values = {}
    for name in names:
        if name == EPOCH_SECONDS:
            values[name] = status.seconds / status.trained
        elif name == LATENCY:
            values[name] = min(float(result[name]), before.get(name, math.inf))
        elif name not in before or status.best_epoch == status.epochs or name in MEASURES:
            values[name] = float(result[name])
        else:
            values[name] = before[name]
    return values


def values_at_end(
    status: TrialStatus, results: Iterable[Mapping[str, Any]], names: Sequence[str]
) -> dict[str, float]:
    """The values by these names of a trial that has ended, from all its lines of results."""
    values: dict[str, float] = {}
    seconds = 0.0
    for result in results:
        seconds += float(result["seconds"])
        so_far = replace(status, epochs=int(result["epoch"]), seconds=seconds)
        values = values_of(so_far, result, names, values)
    return values
