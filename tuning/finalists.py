"""Which trials are trained again under fresh seeds, how often, and what that will take.

The best of many noisy scores is partly the luckiest: its score promises too much (the winner's
curse; G. C. Cawley and N. L. C. Talbot, "On Over-fitting in Model Selection", JMLR 2010). So the
best few configurations run again, and the best mean wins.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from trainables.errors import BadInput
from tuning.experiment import rerun_id
from tuning.options import PREFERENCES
from tuning.status import TrialStatus

SHARE = 0.5  # of a time or epoch budget that finalists may take, where that is left to us
START = 6.0  # seconds until workers are there and have imported what they need, before one has
STOPPING = 6.0  # seconds until Ray has ended the trials before
_MARGIN = 1.1  # re-runs may be slower than the trials were


@dataclass(frozen=True)
class Finals:
    """What was asked for in the way of finalists.

    Attributes:
        finalists: of the best configurations, beside the baseline; 0: none.
        repeats: re-runs of each.
        prefer: who wins among those that cannot be told apart: `best`, the best mean, or `cheap`,
            the fewest seconds an epoch.
        retrain_on_all: train the winner on train and val together before its export.

    Raises:
        BadInput: a number out of range, or what needs finalists without any.
    """

    finalists: int
    repeats: int
    prefer: str = "best"
    retrain_on_all: bool = False

    def __post_init__(self) -> None:
        if self.finalists < 0:
            raise BadInput(f"--finalists {self.finalists}: must be a whole number of 0 or more")
        if self.repeats < 1:
            raise BadInput(f"--repeats {self.repeats}: must be a whole number of 1 or more")
        if self.prefer not in PREFERENCES:
            raise BadInput(f"--prefer {self.prefer}: must be one of {', '.join(PREFERENCES)}")
        if self.prefer == "cheap" and (self.finalists < 1 or self.repeats < 2):
            raise BadInput("--prefer cheap: needs --finalists of 1 and --repeats of 2 or more")
        if self.retrain_on_all and self.finalists < 1:
            raise BadInput("--retrain-on-all: needs --finalists of 1 or more, to know how long")

    @property
    def reruns(self) -> int:
        """How many there are at most, the baseline's included."""
        return (self.finalists + 1) * self.repeats if self.finalists else 0

    def within(self, reruns: int) -> Finals:
        """As many as make no more re-runs than these; those asked for where they do."""
        fitting = [(k, r) for k, r in self.sizes() if (k + 1) * r <= reruns]
        count, repeats = fitting[0] if fitting else (0, 1)
        return replace(self, finalists=count, repeats=repeats)

    def sizes(self, there_are: int | None = None) -> list[tuple[int, int]]:
        """(count, repeats) from the most wanted to the least, all of this size or smaller.

        First those that give an interval, then the most re-runs, then the most repeats.

        Args:
            there_are: no more configurations than these; None: as many as are asked for.
        """
        most = self.finalists if there_are is None else min(self.finalists, there_are)
        smaller = [(k, r) for k in range(1, most + 1) for r in range(1, self.repeats + 1)]
        return sorted(smaller, key=lambda kr: (kr[1] > 1, kr[0] * kr[1], kr[1]), reverse=True)


@dataclass(frozen=True)
class Rerun:
    """One training of a finalist.

    Attributes:
        name: its id, such as `t0007-r1`.
        seconds: that are left of it, as its trial's epochs took.
        feasible: False: its trial is not, so it is not either.
    """

    name: str
    trial: str
    repeat: int
    seconds: float
    feasible: bool = True


@dataclass(frozen=True)
class Choice:
    """What there is time for.

    Attributes:
        count, repeats: of those asked for.
        trials: the finalists, the baseline among them.
        reruns: what is left to train.
        seconds: that it will take.
    """

    count: int = 0
    repeats: int = 0
    trials: tuple[str, ...] = ()
    reruns: tuple[Rerun, ...] = ()
    seconds: float = 0.0


def choose(
    candidates: Iterable[TrialStatus],
    statuses: Mapping[str, TrialStatus],
    course: Callable[[str], object],
    baseline: str,
    count: int,
) -> list[str]:
    """The ids of the best `count` configurations, best first, and of the baseline.

    Without a candidate nothing could win, so the baseline does not run again either. Two trials of
    one configuration (in a population of one course of them) are one finalist: the better one, or
    the baseline.

    Args:
        candidates: the best first.
        course: (trial) -> what makes two of them the same.
    """
    best: list[str] = []
    scored = baseline in statuses and statuses[baseline].score is not None
    for status in candidates:
        if len(best) == count:
            break
        # An infeasible baseline cannot win for a trial of its configuration that may.
        same = scored and statuses[baseline].feasible and course(status.trial) == course(baseline)
        name = baseline if same else status.trial
        if course(name) not in [course(other) for other in best]:
            best.append(name)
    return [*best, baseline] if best and scored and baseline not in best else best


def reruns_of(
    trials: Sequence[str],
    repeats: int,
    epochs: int,
    statuses: Mapping[str, TrialStatus],
    done: Mapping[str, TrialStatus],
) -> list[Rerun]:
    """The re-runs of these trials that have not ended, in the order they are begun.

    The first of every trial, then the second: where time runs out all have about as many.

    Args:
        epochs: full length.
        statuses: of the search's trials; `done`: of the re-runs begun so far.
    """
    found = []
    for repeat in range(1, repeats + 1):
        for trial in trials:
            name, status = rerun_id(trial, repeat), statuses[trial]
            begun = done.get(name)
            if begun is not None and begun.state in ("COMPLETE", "FAIL"):
                continue
            each = _MARGIN * status.seconds / max(1, status.trained)
            left = epochs - (begun.epochs if begun is not None else 0)
            found.append(Rerun(name, trial, repeat, each * left, status.feasible))
    return found


def wall_time(reruns: Iterable[Rerun], slots: int, start: float) -> float:
    """Seconds that re-runs take, each begun when a slot is free, `start` after they are wanted."""
    free = [0.0] * slots
    for rerun in reruns:
        heapq.heapreplace(free, free[0] + rerun.seconds)
    return max(free) + start if max(free) else 0.0
