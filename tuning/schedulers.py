"""When a trial is stopped early: Ray's schedulers, told to spare the baseline."""

from __future__ import annotations

from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, TrialScheduler

from tuning.plan import SearchPlan

_REDUCTION = 2  # a rung lets the better half so far go on: with a dozen trials a third is rash


def make_scheduler(plan: SearchPlan) -> TrialScheduler:
    """The plan's scheduler, on epochs and the space's metric."""
    match plan.scheduler:
        case "asha":
            return _SparingAsha(
                time_attr="epoch",
                metric=plan.space.metric,
                mode=plan.space.direction,
                max_t=plan.space.epochs,
                grace_period=plan.space.grace_period,
                reduction_factor=_REDUCTION,
            )
        case "none":
            return FIFOScheduler()
    raise AssertionError(plan.scheduler)  # the command line has checked it


class _SparingAsha(AsyncHyperBandScheduler):
    """ASHA (Li et al., MLSys 2020), stopping kind, that leaves the baseline alone.

    The baseline is never stopped, and fills no rung either: with a constant learning rate and no
    augmentation it starts well and ends badly, so it would stop the better ones early.
    """

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        if trial.config["is_baseline"]:
            return TrialScheduler.CONTINUE
        decision: str = super().on_trial_result(tune_controller, trial, result)
        return decision

    def on_trial_complete(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> None:
        if not trial.config["is_baseline"]:
            super().on_trial_complete(tune_controller, trial, result)
