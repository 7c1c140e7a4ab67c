"""Several aims: what they are, and which trials no other beats in all of them. No library in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from tuning.status import TrialStatus, ranked


@dataclass(frozen=True)
class Objective:
    """One of them.

    Attributes:
        name: a score of val (`val_accuracy`), a measure of the network (`trainables.measures`),
            `latency_ms` (milliseconds an example takes when val is scored), or `epoch_seconds`.
        direction: `max` or `min`.
    """

    name: str
    direction: str

    def __str__(self) -> str:
        return f"{self.name}:{self.direction}"

    @classmethod
    def of(cls, text: str) -> Objective:
        """From what `str` made of one."""
        name, _, direction = text.partition(":")
        return cls(name, direction)


def best_first(
    statuses: Iterable[TrialStatus], objectives: Sequence[Objective], direction: str
) -> list[TrialStatus]:
    """The trials that may be finalists: the front of several aims, of one all with a score."""
    return front(statuses, objectives) if objectives else ranked(statuses, direction)


def front(statuses: Iterable[TrialStatus], objectives: Sequence[Objective]) -> list[TrialStatus]:
    """The Pareto front: trials than which no other is as good in all and better in one aim.

    The best by the first aim comes first. None where there are no objectives.
    """
    if not objectives:
        return []
    signs = [1 if objective.direction == "max" else -1 for objective in objectives]

    def gains(status: TrialStatus) -> list[float]:
        return [s * status.values[o.name] for s, o in zip(signs, objectives, strict=True)]

    known = [(gains(s), s) for s in ranked(statuses, objectives[0].direction) if s.values]
    return [s for own, s in known if not any(_dominates(other, own) for other, _ in known)]


def _dominates(one: Sequence[float], other: Sequence[float]) -> bool:
    """At least as good in all, and better in one."""
    pairs = list(zip(one, other, strict=True))
    return all(a >= b for a, b in pairs) and any(a > b for a, b in pairs)
