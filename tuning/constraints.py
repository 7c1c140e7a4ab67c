"""Limits that a trial must keep: one comparison each.

Those on a network's size, such as `parameters<=100000`, are held before it is trained; those on
what training shows, such as `val_loss<=0.5`, after every epoch.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from search_spaces.space import SearchSpace
from trainables.errors import BadInput
from trainables.hyperparameters import nearest
from trainables.measures import LATENCY, MEASURES, measured
from trainables.task import Task
from tuning.front import Objective
from tuning.objectives import EPOCH_SECONDS, MEASURED, scores_of

_COMPARISON = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([^<>=\s]+)\s*")


@dataclass(frozen=True)
class Constraint:
    """One of them.

    Attributes:
        measure: of a network before it is trained (`trainables.measures`), or what only training
            shows: a score of val, `latency_ms`, `epoch_seconds`.
        operator: `<=`, `<`, `>=` or `>`.
        bound: finite.

    Raises:
        BadInput: a bound that is no number.
    """

    measure: str
    operator: str
    bound: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.bound):
            raise BadInput(f"--constraint {self}: the bound must be a finite number")

    def __str__(self) -> str:
        return f"{self.measure}{self.operator}{self.bound:.12g}"

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """From what was typed; nothing of it is evaluated as code.

        Raises:
            BadInput: it is not one comparison of a name with a number.
        """
        match = _COMPARISON.fullmatch(text)
        bound = _number(match[3]) if match else None
        if match is None or bound is None:
            raise BadInput(
                f"--constraint {text}: must be one comparison of a measure with a number, such as "
                f"{MEASURES[0]}<=100000"
            )
        return cls(match[1], match[2], bound)

    @property
    def after_training(self) -> bool:
        """Whether only training shows if it is kept."""
        return self.measure not in MEASURES

    def excess(self, value: float) -> float:
        """How far a value is beyond the bound; 0 or less where it keeps it, as Optuna has it."""
        strict = self.operator in ("<", ">")
        if self.operator in ("<=", "<"):
            return value - (math.nextafter(self.bound, -math.inf) if strict else self.bound)
        return (math.nextafter(self.bound, math.inf) if strict else self.bound) - value


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def parse_constraints(texts: Iterable[str], space: SearchSpace) -> tuple[Constraint, ...]:
    """From what was typed, for a space whose task says which scores of val there are.

    Raises:
        BadInput: not a comparison, an unknown measure, or a bound that no score can have.
    """
    known = [*MEASURES, LATENCY, EPOCH_SECONDS, *scores_of(space)]
    found = tuple(map(Constraint.parse, texts))
    for constraint in found:
        name = constraint.measure
        if name not in known:
            raise BadInput(
                f"--constraint {constraint}: {name!r} is unknown; {nearest(name, known)}"
            )
        low, high = space.range_of(name)
        if not low <= constraint.bound <= high:
            raise BadInput(f"--constraint {constraint}: {name} lies between {low:g} and {high:g}")
    return found


def to_measure(
    objectives: Iterable[Objective], constraints: Iterable[Constraint]
) -> tuple[str, ...]:
    """What workers measure beside the scores, for an aim or a constraint."""
    names = {aim.name for aim in objectives}
    names |= {c.measure for c in constraints if c.after_training}
    return tuple(name for name in MEASURED if name in names)


class Limits:
    """The constraints of a search, held against configurations before they are trained.

    Args:
        meta: of the data, which the networks are made for.

    Attributes:
        after_training: those that are not, for nothing is known of them yet.
    """

    def __init__(self, constraints: tuple[Constraint, ...], task: Task, meta: Any) -> None:
        self.after_training = [c for c in constraints if c.after_training]
        self._constraints = [c for c in constraints if not c.after_training]
        self._task = task
        self._meta = meta

    def excess(self, config: Mapping[str, Any]) -> dict[str, float]:
        """By constraint, how far a configuration is beyond it: 0 or less where it keeps it.

        Nothing where its network cannot be built.
        """
        if not self._constraints:
            return {}
        try:
            found = measured(self._task.network(self._task.Config(**config), self._meta))
        except Exception:  # the task's own code: its worker will say what is wrong, and fail
            return {}
        return {str(c): c.excess(found[c.measure]) for c in self._constraints}

    def broken(self, config: Mapping[str, Any]) -> list[str]:
        """The constraints that a configuration does not keep."""
        return [name for name, excess in self.excess(config).items() if excess > 0]
