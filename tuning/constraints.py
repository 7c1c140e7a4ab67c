"""Limits that a configuration must keep, such as `parameters<=100000`: one comparison each."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainables.errors import BadInput
from trainables.measures import MEASURES, measured
from trainables.task import Task

_COMPARISON = re.compile(r"\s*(\w+)\s*(<=|>=|<|>)\s*([^<>=\s]+)\s*")


@dataclass(frozen=True)
class Constraint:
    """One of them.

    Attributes:
        measure: of a network, before it is trained (`trainables.measures`).
        operator: `<=`, `<`, `>=` or `>`.
        bound: finite.

    Raises:
        BadInput: an unknown measure, or a bound that is no number.
    """

    measure: str
    operator: str
    bound: float

    def __post_init__(self) -> None:
        if self.measure not in MEASURES:
            raise BadInput(
                f"--constraint {self}: {self.measure} is not known before training; it must be one "
                f"of {', '.join(MEASURES)}"
            )
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


class Limits:
    """The constraints of a search, held against configurations.

    Args:
        meta: of the data, which the networks are made for.
    """

    def __init__(self, constraints: tuple[Constraint, ...], task: Task, meta: Any) -> None:
        self._constraints = constraints
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
