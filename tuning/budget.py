"""What a search may cost besides its trials: time, epochs, a score that is enough, patience."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from trainables.errors import BadInput
from tuning.status import TrialStatus, better, ranked


@dataclass(frozen=True)
class Budget:
    """Limits of a search; whichever is reached first ends it. None: no such limit.

    Attributes:
        time: seconds from the search's start, finalists included.
        epochs: of all trials and re-runs together; trials that are in the middle of one when it is
            reached may add one each.
        target: a score that is enough.
        plateau: trials in a row that end without a better best.

    Raises:
        BadInput: a number out of range.
    """

    time: float | None = None
    epochs: int | None = None
    target: float | None = None
    plateau: int | None = None

    def __post_init__(self) -> None:
        if self.time is not None and not 0 < self.time < math.inf:
            raise BadInput(f"--time-budget {self.time:g}s: must be more than 0, and finite")
        for option, value in (("--epoch-budget", self.epochs), ("--plateau", self.plateau)):
            if value is not None and value < 1:
                raise BadInput(f"{option} {value}: must be a whole number of 1 or more")
        if self.target is not None and not math.isfinite(self.target):
            raise BadInput(f"--target-score {self.target:g}: must be a finite number")

    def to_json(self) -> dict[str, Any]:
        """What `plan.json` keeps, under the names of the options."""
        return {NAMES[name]: value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, record: Mapping[str, Any], **changed: Any) -> Budget:
        """What `to_json` gave; a change that is not None takes its place."""
        kept = {name: record[key] for name, key in NAMES.items()}
        return cls(**kept | {name: value for name, value in changed.items() if value is not None})


NAMES = {
    "time": "time_budget",
    "epochs": "epoch_budget",
    "target": "target_score",
    "plateau": "plateau",
}


class Meter:
    """Holds a search against its budget.

    Args:
        started: `time.monotonic()` of the search's start.
        statuses: of the trials, as they are at any time; those that are there already do not count
            for the plateau.
        reserved: epochs that the finalists will take, or have taken.
        reserve: () -> seconds that the finalists will take, as the trials stand.
        waiting: () -> trials at a rung, that have ended for all a plateau knows.

    Attributes:
        spent: which budget was reached, for a reader; empty: none.
    """

    def __init__(
        self,
        budget: Budget,
        direction: str,
        started: float,
        statuses: Mapping[str, TrialStatus],
        *,
        reserved: int = 0,
        reserve: Callable[[], float] = lambda: 0.0,
        waiting: Callable[[], Collection[str]] = tuple,
    ) -> None:
        self._budget = budget
        self._direction = direction
        self._started = started
        self._statuses = statuses
        self._reserved = reserved
        self._reserve = reserve
        self._waiting = waiting
        self._reserve_now = 0.0
        self._seen = (-1, -1)  # epochs done, trials ended
        self._best: TrialStatus | None = None
        self._ended_before = self._ended()  # the best was found, or this meter was made
        self._epochs_before = sum(status.trained for status in statuses.values())
        self.spent = ""

    @property
    def left(self) -> float:
        """Seconds until all of the time is spent; infinite without a limit, never negative."""
        if self._budget.time is None:
            return math.inf
        return max(0.0, self._started + self._budget.time - time.monotonic())

    def is_late(self) -> bool:
        """Whether all of the time is spent, that of the finalists too."""
        return self.left == 0

    def reached(self) -> bool:
        """Whether the search has to end now; asked often, it looks closely when news came.

        Time ends it only after an epoch, so that there is something to hand over.
        """
        if not self.spent:
            self._look()
            if self.left <= self._reserve_now and self._seen[0] > self._epochs_before:
                self.spent = "time budget"
        return bool(self.spent)

    def _look(self) -> None:
        epochs = sum(status.trained for status in self._statuses.values())
        ended = self._ended()
        if (epochs, len(ended)) == self._seen:
            return
        self._seen = (epochs, len(ended))
        self._reserve_now = self._reserve()
        self._find_best(ended)
        budget = self._budget
        if budget.epochs is not None and epochs >= budget.epochs - self._reserved:
            self.spent = "epoch budget"
        best = self._best
        score = best.score if best is not None else None
        if budget.target is not None and score is not None:
            enough = not better(budget.target, score, self._direction)
            self.spent = "target score" if enough else self.spent
        waited = len(ended - self._ended_before - ({best.trial} if best is not None else set()))
        if budget.plateau is not None and waited >= budget.plateau:
            self.spent = "plateau"

    def _find_best(self, ended: set[str]) -> None:
        """The best of those that have not failed by now."""
        before = self._best.score if self._best is not None else None
        self._best = next(iter(ranked(self._statuses.values(), self._direction)), None)
        score = self._best.score if self._best is not None else None
        if score is not None and better(score, before, self._direction):
            self._ended_before = ended

    def _ended(self) -> set[str]:
        ended = {name for name, status in self._statuses.items() if status.state != "RUNNING"}
        return ended | set(self._waiting())
