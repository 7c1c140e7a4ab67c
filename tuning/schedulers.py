"""When a trial is stopped early: Ray's schedulers, told to spare the baseline."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from ray.tune.experiment import Trial
from ray.tune.schedulers import (
    AsyncHyperBandScheduler,
    FIFOScheduler,
    MedianStoppingRule,
    TrialScheduler,
)

from tuning.halts import Halts
from tuning.plan import SearchPlan
from tuning.rungs import REDUCTION

_MOST_BRACKETS = 3


def make_scheduler(
    plan: SearchPlan,
    history: Mapping[str, Sequence[Mapping[str, Any]]],
    halts: Halts | None = None,
) -> TrialScheduler:
    """The plan's scheduler, on epochs and the space's metric.

    Args:
        history: by our ids, the results of trials that an earlier run of the search has begun,
            an epoch each; its rungs are filled from them.
        halts: those that the trials' feed goes on from; they know the history.
    """
    name, space = plan.scheduler, plan.space
    if halts is not None:
        return _Halting(halts)
    if name == "none":
        return FIFOScheduler()
    judged: dict[str, Any] = {
        "time_attr": "epoch",
        "metric": space.metric,
        "mode": space.direction,
        "grace_period": space.grace_period,
    }
    scheduler: _Hyperband | _Median
    if name == "median":
        scheduler = _Median(**judged, min_time_slice=math.inf)  # that it never pauses one
    else:
        brackets = 1 if name == "asha" else _brackets(space.epochs, space.grace_period)
        scheduler = _Hyperband(
            **judged, max_t=space.epochs, reduction_factor=REDUCTION, brackets=brackets
        )
    for trial, results in history.items():
        if trial != plan.baseline:
            scheduler.replay(trial, results)
    return scheduler


def _brackets(epochs: int, grace_period: int) -> int:
    """As many as have a rung before the end, three at most."""
    rungs = math.ceil(math.log(epochs / grace_period, REDUCTION)) if epochs > grace_period else 0
    return min(_MOST_BRACKETS, max(1, rungs))


class _Sparing(TrialScheduler):
    """Leaves the baseline alone, and knows trials by our ids: Ray's are others in each run.

    The baseline is never stopped, nor does it count: with a constant learning rate and no
    augmentation it starts well and ends badly, so it would stop the better ones early.
    """

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        super().on_trial_add(tune_controller, _named(trial))

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        if trial.config["spared"]:
            return TrialScheduler.CONTINUE
        decision: str = super().on_trial_result(tune_controller, _named(trial), result)
        return decision

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        if not trial.config["spared"]:
            super().on_trial_complete(tune_controller, _named(trial), result)

    def on_trial_remove(self, tune_controller: Any, trial: Trial) -> None:
        super().on_trial_remove(tune_controller, _named(trial))


class _Hyperband(_Sparing, AsyncHyperBandScheduler):
    """ASHA (L. Li et al., MLSys 2020), stopping kind; in several brackets asynchronous Hyperband.

    A trial's bracket is drawn by its id, so that it is the same one in a resumed search.
    """

    def replay(self, name: str, results: Sequence[Mapping[str, Any]]) -> None:
        """Fill the rungs with a trial of an earlier run."""
        trial = _Named(name)
        self._place(trial)
        for result in results:
            AsyncHyperBandScheduler.on_trial_result(self, None, trial, result)

    def on_trial_add(self, tune_controller: Any, trial: Trial) -> None:
        self._place(_named(trial))

    def _place(self, trial: _Named) -> None:
        rungs = np.array([len(bracket._rungs) for bracket in self._brackets])
        chances = np.exp(rungs - rungs.max())  # Ray's: Hyperband has more trials where rungs are
        draw = np.random.default_rng(list(trial.trial_id.encode()))
        number = draw.choice(len(rungs), p=chances / chances.sum())
        self._trial_info[trial.trial_id] = self._brackets[number]


class _Median(_Sparing, MedianStoppingRule):
    """Stops a trial whose best is worse than the median of the others' means so far.

    D. Golovin et al., "Google Vizier", KDD 2017.
    """

    def replay(self, name: str, results: Sequence[Mapping[str, Any]]) -> None:
        """Let a trial of an earlier run count."""
        if results:
            self._results[_Named(name)].extend(results)


class _Halting(FIFOScheduler):
    """Takes a trial off its slot where it is to wait; the feed gives one back that goes on.

    Not by Tune's pause: there a paused trial keeps a process's count, one that is never promoted
    makes Tune wait for ever, and none of it survives a kill.
    """

    def __init__(self, halts: Halts) -> None:
        super().__init__()
        self._halts = halts

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        if trial.config["spared"]:
            return TrialScheduler.CONTINUE
        waits = self._halts.report(trial.config["trial"], result)
        return TrialScheduler.STOP if waits else TrialScheduler.CONTINUE

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        if not trial.config["spared"]:
            self._halts.record(trial.config["trial"], result)

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tuner pickles what it is given for a restore that we never ask for."""
        return {}


@dataclass(frozen=True)
class _Named:
    """All that ASHA asks of a trial. By our id: Ray's is a new one in each run of a search."""

    trial_id: str


def _named(trial: Trial) -> _Named:
    return _Named(trial.config["trial"])
