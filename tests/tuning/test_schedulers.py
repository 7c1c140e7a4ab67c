"""ASHA and Hyperband stop the worse at a rung, the median rule what is below it."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from ray.tune.schedulers import FIFOScheduler, TrialScheduler

from tests.tuning.rehearsal import Rehearsal, line
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


@pytest.mark.parametrize("name", ["asha", "hyperband", "median"])
def test_nobody_stops_the_baseline_nor_does_it_stop_another(
    name: str, rehearse: Callable[..., Rehearsal]
) -> None:
    scheduler = make_scheduler(rehearse(max_epochs=8, scheduler=name).plan, {})
    good, bad = armed(scheduler, 0, spared=True), armed(scheduler, 90, spared=True)
    for epoch in range(1, 8):
        assert decide(scheduler, good, epoch, 0.99) == CONTINUE
    scheduler.on_trial_complete(None, good, {"epoch": 8, "val_accuracy": 0.99})
    for number in range(1, 30):
        assert decide(scheduler, armed(scheduler, number), 2, 0.9) == CONTINUE
    assert [decide(scheduler, bad, epoch, 0.1) for epoch in range(1, 8)] == [CONTINUE] * 7


def test_the_median_rule_stops_what_is_worse_than_half(rehearse: Callable[..., Rehearsal]) -> None:
    median = make_scheduler(rehearse(max_epochs=8, scheduler="median").plan, {})
    for number, score in enumerate((0.5, 0.7, 0.9)):
        trial = armed(median, number)
        assert [decide(median, trial, epoch, score) for epoch in (1, 2, 3)] == [CONTINUE] * 3
    above, below = armed(median, 8), armed(median, 9)
    assert decide(median, below, 1, 0.1) == CONTINUE  # grace period: 2
    assert decide(median, below, 2, 0.69) == STOP
    assert decide(median, above, 2, 0.71) == CONTINUE


def test_the_median_rule_pauses_no_trial(rehearse: Callable[..., Rehearsal]) -> None:
    """A paused one would keep its slot, and the search would wait for ever."""
    median: Any = make_scheduler(rehearse(max_epochs=8, scheduler="median").plan, {})
    controller = SimpleNamespace(get_live_trials=lambda: [SimpleNamespace(status="PENDING")])
    trial = armed(median, 1)
    result = {"epoch": 2, "val_accuracy": 0.5, "training_iteration": 2}
    assert median.on_trial_result(controller, trial, result) == CONTINUE


def test_the_median_rule_remembers_an_earlier_run(rehearse: Callable[..., Rehearsal]) -> None:
    plan = rehearse(max_epochs=8, scheduler="median").plan
    history = {f"t000{n}": [line(e, 0.6 + n / 10) for e in (1, 2, 3)] for n in (1, 2, 3)}
    median = make_scheduler(plan, {**history, "t0004": [], plan.baseline: [line(2, 0.99)]})
    assert decide(median, armed(median, 9), 2, 0.7) == STOP
    assert decide(median, armed(median, 8), 2, 0.9) == CONTINUE


def brackets(plan: Any) -> list[float]:
    """The first rung of each of 60 trials."""
    hyperband: Any = make_scheduler(plan, {})
    for number in range(60):
        armed(hyperband, number)
    return [bracket._rungs[-1][0] for bracket in hyperband._trial_info.values()]


def test_hyperband_has_brackets_that_stop_later(rehearse: Callable[..., Rehearsal]) -> None:
    plan = rehearse(max_epochs=16, scheduler="hyperband").plan
    first = brackets(plan)
    assert set(first) == {2, 4, 8}  # epochs; grace period: 2
    assert first.count(2) > first.count(4) > first.count(8)
    np.random.seed(3)
    assert brackets(plan) == first  # a resumed search judges a trial as before
    short = rehearse(max_epochs=3, scheduler="hyperband", name="short").plan
    assert set(brackets(short)) == {2}
    shortest = rehearse(max_epochs=1, scheduler="hyperband", name="shortest").plan
    assert set(brackets(shortest)) == {1}


def test_hyperbands_later_bracket_waits(rehearse: Callable[..., Rehearsal]) -> None:
    hyperband: Any = make_scheduler(rehearse(max_epochs=16, scheduler="hyperband").plan, {})
    trials = [armed(hyperband, number) for number in range(60)]
    rungs = {t.config["trial"]: hyperband._trial_info[t.config["trial"]]._rungs for t in trials}
    for trial in trials[:-20]:
        for epoch in (1, 2, 3, 4):
            decide(hyperband, trial, epoch, 0.9)
    for trial in trials[-20:]:
        first = rungs[trial.config["trial"]][-1][0]
        stopped = (
            [decide(hyperband, trial, epoch, 0.1) for epoch in (1, 2, 3, 4)].index(STOP) + 1
            if first < 8
            else 8
        )
        assert stopped == first


def test_the_other_scheduler_stops_nobody(rehearse: Callable[..., Rehearsal]) -> None:
    assert set(SCHEDULERS) == {"asha", "hyperband", "median", "promote", "pbt", "none"}
    scheduler = make_scheduler(rehearse(scheduler="none").plan, {})
    assert type(scheduler) is FIFOScheduler
