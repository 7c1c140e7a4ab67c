"""When a trial is stopped early: Ray's schedulers, told to spare the baseline."""

from __future__ import annotations

from typing import Any

from ray.tune.experiment import Trial
from ray.tune.schedulers import AsyncHyperBandScheduler, FIFOScheduler, TrialScheduler

from tuning.plan import SearchPlan

SCHEDULERS = ("asha", "none")
_REDUCTION = 3  # a rung lets the best third so far go on


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
    """ASHA (Li et al., MLSys 2020), stopping kind; the baseline fills its rungs but goes on."""

    def on_trial_result(self, tune_controller: Any, trial: Trial, result: dict[str, Any]) -> str:
        decision: str = super().on_trial_result(tune_controller, trial, result)
        return TrialScheduler.CONTINUE if trial.config["is_baseline"] else decision
