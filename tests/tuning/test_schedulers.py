"""ASHA stops the worse half at a rung, and leaves the baseline alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from tests.tuning.rehearsal import Rehearsal
from tuning.options import SCHEDULERS
from tuning.schedulers import make_scheduler

STOP, CONTINUE = TrialScheduler.STOP, TrialScheduler.CONTINUE


class TuneTrial:
    """What a scheduler reads of Ray's own Trial."""

    def __init__(self, number: int, spared: bool) -> None:
        self.trial_id = f"ray_{number}"
        self.config = {"trial": f"t{number:04d}", "spared": spared}
        self.stopping_criterion: dict[str, Any] = {}


def decide(scheduler: Any, trial: TuneTrial, epoch: int, score: float) -> str:
    decision: str = scheduler.on_trial_result(
        None, trial, {"epoch": epoch, "val_accuracy": score, "training_iteration": epoch}
    )
    return decision


@pytest.fixture
def asha(rehearse: Callable[..., Rehearsal]) -> Any:
    scheduler = make_scheduler(rehearse(max_epochs=8).plan, {})
    return scheduler


def armed(scheduler: Any, number: int, spared: bool = False) -> TuneTrial:
    trial = TuneTrial(number, spared)
    scheduler.on_trial_add(None, trial)
    return trial


def test_asha_stops_the_worse_and_not_before_the_grace_period(asha: Any) -> None:
    for number in range(4):
        assert decide(asha, armed(asha, number), 2, 0.9) == CONTINUE
    worse = armed(asha, 9)
    assert decide(asha, worse, 1, 0.1) == CONTINUE  # grace period: 2
    assert decide(asha, worse, 2, 0.1) == STOP


def test_asha_spares_the_baseline(asha: Any) -> None:
    baseline = armed(asha, 0, spared=True)
    for number in range(1, 5):
        decide(asha, armed(asha, number), 2, 0.9)
    assert [decide(asha, baseline, epoch, 0.1) for epoch in range(1, 8)] == [CONTINUE] * 7


def test_the_baseline_stops_no_other(asha: Any) -> None:
    baseline = armed(asha, 0, spared=True)
    for epoch in range(1, 8):
        decide(asha, baseline, epoch, 0.99)
    asha.on_trial_complete(None, baseline, {"epoch": 8, "val_accuracy": 0.99})
    assert decide(asha, armed(asha, 1), 2, 0.1) == CONTINUE  # the first of its rung


def test_the_other_scheduler_stops_nobody(rehearse: Callable[..., Rehearsal]) -> None:
    assert set(SCHEDULERS) == {"asha", "none"}
    scheduler = make_scheduler(rehearse(scheduler="none").plan, {})
    assert type(scheduler) is FIFOScheduler
