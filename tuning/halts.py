"""Where trials come off their slots to wait, and who goes on from there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from tuning.begun import Begun


class Halts(Protocol):
    """Rungs, or the milestones of a population.

    Attributes:
        before_new: whether a trial that goes on comes before a new one.
    """

    before_new: bool

    def report(self, trial: str, result: Mapping[str, Any]) -> bool:
        """A trial has done an epoch; returns whether it waits now."""

    def record(self, trial: str, result: Mapping[str, Any]) -> None:
        """Let a result count that is not waited after."""

    def replay(self, trial: str, results: Iterable[Mapping[str, Any]], *, ended: bool) -> None:
        """Take in a trial of an earlier run; it waits where that left it."""

    def waiting(self) -> tuple[str, ...]:
        """The trials that wait."""

    def next(self) -> str | None:
        """The one that a free slot goes to; None: none of them."""

    def forget(self, trial: str) -> None:
        """A trial has failed."""

    def last_chance(self) -> str | None:
        """One that goes on although it would not, once there are no others to come."""

    def hopeless(self) -> list[str]:
        """Those that wait and will never go on."""

    def go_on(self, trial: str) -> Begun | None:
        """A trial waits no longer; returns the one that begins in its place, if one does."""
