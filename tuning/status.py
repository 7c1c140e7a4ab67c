"""How a trial stands, and which of several stands best. No library in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class TrialStatus:
    """What `status.json` says of a trial.

    Attributes:
        trial: the id, `t0007` for Optuna's number 7; `baseline` where it is outside the study.
        state: RUNNING, COMPLETE, PRUNED (stopped early) or FAIL, as the study has it.
        score: best reported value of the metric; None before the first epoch and for FAIL.
        best_epoch: the epoch it was reached in (the earliest); None where there is no score.
        epochs: epochs done.
        seconds: of training and scoring, in all.
        cause: why it was stopped or failed, in one line; empty otherwise.
        parent: the trial whose weights it began with, in a population; empty: with its own.
        start: epochs that those had been trained for; `epochs` counts on from there.
        feasible: False where it breaks a constraint: a baseline, that is there to be compared
            with, or a trial that was found to when it was trained.
        values: by objective, where a search has several; the first is the score.
        excess: by constraint on what training shows, how far it is beyond it; 0 or less: not.
    """

    trial: str
    state: str
    score: float | None
    best_epoch: int | None
    epochs: int
    seconds: float
    seed: int
    cause: str = ""
    parent: str = ""
    start: int = 0
    feasible: bool = True
    values: dict[str, float] = field(default_factory=dict)
    excess: dict[str, float] = field(default_factory=dict)

    @property
    def beyond(self) -> list[str]:
        """The constraints that it was found to break when it was trained."""
        return [name for name, excess in self.excess.items() if excess > 0]

    @property
    def trained(self) -> int:
        """Epochs that it has trained itself."""
        return self.epochs - self.start


def better(score: float, than: float | None, direction: str) -> bool:
    """Whether a score beats another; an equal one does not, so the earliest best stays best."""
    if than is None:
        return True
    return score > than if direction == "max" else score < than


def ranked(statuses: Iterable[TrialStatus], direction: str) -> list[TrialStatus]:
    """Those with a score that may win, the best first; of equals the one begun first."""
    scored = [status for status in statuses if status.score is not None and status.feasible]
    sign = -1 if direction == "max" else 1
    return sorted(scored, key=lambda s: (sign * (s.score or 0.0), s.trial))
