"""When a trial is stopped early: Ray's schedulers, told to spare the baseline."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, TrialScheduler

from tuning.plan import SearchPlan

_REDUCTION = 2  # a rung lets the better half so far go on: with a dozen trials a third is rash


def make_scheduler(
    plan: SearchPlan, history: Mapping[str, Sequence[Mapping[str, Any]]]
) -> TrialScheduler:
    """The plan's scheduler, on epochs and the space's metric.

    Args:
        history: by our ids, the results of trials that an earlier run of the search has begun,
            an epoch each; its rungs are filled from them.
    """
    match plan.scheduler:
        case "asha":
            asha = _SparingAsha(
                time_attr="epoch",
                metric=plan.space.metric,
                mode=plan.space.direction,
                max_t=plan.space.epochs,
                grace_period=plan.space.grace_period,
                reduction_factor=_REDUCTION,
            )
            for name, results in history.items():
                if name != plan.baseline:
                    asha.replay(name, results)
            return asha
        case "none":
            return FIFOScheduler()
    raise AssertionError(plan.scheduler)  # the command line has checked it


class _SparingAsha(AsyncHyperBandScheduler):
    """ASHA (Li et al., MLSys 2020), stopping kind, that leaves the baseline alone.

    The baseline is never stopped, and fills no rung either: with a constant learning rate and no
    augmentation it starts well and ends badly, so it would stop the better ones early.
    """

    def replay(self, name: str, results: Sequence[Mapping[str, Any]]) -> None:
        """Fill the rungs with a trial of an earlier run."""
        trial = _Named(name)
        super().on_trial_add(None, trial)
        for result in results:
            super().on_trial_result(None, trial, result)

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


@dataclass(frozen=True)
class _Named:
    """All that ASHA asks of a trial. By our id: Ray's is a new one in each run of a search."""

    trial_id: str


def _named(trial: Trial) -> _Named:
    return _Named(trial.config["trial"])
