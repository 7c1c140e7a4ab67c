"""Asynchronous successive halving that promotes: who waits at a rung, and who goes on.

L. Li et al., "A System for Massively Parallel Hyperparameter Tuning", MLSys 2020, algorithm 2. A
trial waits at each rung; whenever a slot is free, the best of those that are among the better part
of their rung goes on, from the highest rung where there is one. So a trial that came too early to
be compared gets no further than its score deserves, and a stop is never final.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tuning.plan import SearchPlan
from tuning.status import TrialStatus, better

REDUCTION = 2  # the better half goes on: with a dozen trials a third is rash


def rungs_of(plan: SearchPlan, statuses: Mapping[str, TrialStatus]) -> Rungs | None:
    """The rungs of a search whose scheduler promotes; None: it does not.

    Args:
        statuses: of the trials, as they are at any time.
    """
    if plan.scheduler != "promote":
        return None
    space = plan.space
    return Rungs(
        space.epochs,
        space.grace_period,
        space.metric,
        space.direction,
        space.trials,
        lambda trial: statuses[trial].feasible,
    )


class Rungs:
    """Trials by our ids, and the scores they came to a rung with: the best until then.

    Args:
        epochs: full length. grace_period: epochs to the first rung; the others are each
            `REDUCTION` times as high, below the full length.
        metric: of results; direction: `max` or `min`.
        trials: that there will be.
        is_feasible: (trial) -> whether it may win as it stands; those that may not come last.
    """

    before_new = True

    def __init__(
        self,
        epochs: int,
        grace_period: int,
        metric: str,
        direction: str,
        trials: int,
        is_feasible: Callable[[str], bool],
    ) -> None:
        self._metric = metric
        self._direction = direction
        self._trials = trials
        self._is_feasible = is_feasible
        self._best: dict[str, float] = {}
        self._scores: dict[int, dict[str, float]] = {}  # by rung, the lowest first
        self._waiting: dict[str, int] = {}  # trial -> rung
        rung = grace_period
        while rung < epochs:
            self._scores[rung] = {}
            rung *= REDUCTION

    def report(self, trial: str, result: Mapping[str, Any]) -> bool:
        """A trial has done an epoch; returns whether it waits now.

        It does not where it would be the next to go on. Where the epoch of a rung was lost with
        its worker, it waits there after the next.
        """
        self.record(trial, result)
        epoch = int(result["epoch"])
        rung = max((rung for rung in self._scores if rung <= epoch), default=None)
        if rung is None or (rung < epoch and trial in self._scores[rung]):
            return False
        self._scores[rung][trial] = self._best[trial]
        self._waiting[trial] = rung
        if self.next() == trial:
            self.go_on(trial)
        return trial in self._waiting

    def record(self, trial: str, result: Mapping[str, Any]) -> None:
        """Let a result count that is not waited after."""
        score = float(result[self._metric])
        if not math.isfinite(score):
            return
        if better(score, self._best.get(trial), self._direction):
            self._best[trial] = score
        rung = self._scores.get(int(result["epoch"]))
        if rung is not None:
            rung[trial] = self._best[trial]

    def replay(self, trial: str, results: Iterable[Mapping[str, Any]], *, ended: bool) -> None:
        """Take in a trial of an earlier run; it waits where that left it at a rung."""
        epoch = 0
        for result in results:
            self.record(trial, result)
            epoch = int(result["epoch"])
        if epoch in self._scores and not ended:
            self._waiting[trial] = epoch

    def forget(self, trial: str) -> None:
        """A trial has failed: its scores are worth nothing."""
        self._waiting.pop(trial, None)
        for scores in self._scores.values():
            scores.pop(trial, None)

    def next(self) -> str | None:
        """The trial that a free slot goes to; None: nobody that waits is good enough."""
        for rung, scores in reversed(self._scores.items()):
            order = self._ordered(scores)
            for trial in order[: len(order) // REDUCTION]:
                if self._waiting.get(trial) == rung:
                    return trial
        return None

    def go_on(self, trial: str) -> None:
        """A trial waits no longer."""
        del self._waiting[trial]

    def last_chance(self) -> str | None:
        """The best of the highest rung that anybody has come to, if it waits there.

        With few trials one alone at a rung would never be among the better half of it; the last
        round of successive halving trains one to its full length.
        """
        reached = [(rung, scores) for rung, scores in self._scores.items() if scores]
        if not reached:
            return None
        rung, scores = reached[-1]
        first = self._ordered(scores)[0]
        return first if self._waiting.get(first) == rung else None

    def hopeless(self) -> list[str]:
        """Those that wait and would not go on if all trials came to their rung and were worse.

        But for the first of them: one that has gone on may fail.
        """
        return [
            trial
            for rung, scores in self._scores.items()
            for trial in self._ordered(scores)[self._trials // REDUCTION + 1 :]
            if self._waiting.get(trial) == rung
        ]

    def _ordered(self, scores: Mapping[str, float]) -> list[str]:
        """The best first."""
        sign = -1 if self._direction == "max" else 1
        return sorted(
            scores, key=lambda trial: (not self._is_feasible(trial), sign * scores[trial], trial)
        )

    def waiting(self) -> tuple[str, ...]:
        """The trials that wait, at whatever rung."""
        return tuple(self._waiting)
