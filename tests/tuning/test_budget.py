"""What ends a search besides its trials: time, epochs, a target, a plateau."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from typing import Any

import pytest

from trainables.errors import BadInput
from tuning.budget import Budget, Meter
from tuning.status import TrialStatus


def status(
    trial: str, score: float | None, epochs: int = 1, state: str = "COMPLETE"
) -> TrialStatus:
    return TrialStatus(trial, state, score, 1 if score else None, epochs, 2.0 * epochs, 0)


def meter(statuses: dict[str, TrialStatus], direction: str = "max", **given: Any) -> Meter:
    limits = {name: given.pop(name) for name in list(given) if name in Budget.__annotations__}
    return Meter(Budget(**limits), direction, time.monotonic(), statuses, **given)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"time": 0.0}, "--time-budget 0"),
        ({"time": -3.0}, "--time-budget -3"),
        ({"time": math.inf}, "--time-budget inf"),
        ({"epochs": 0}, "--epoch-budget 0"),
        ({"plateau": 0}, "--plateau 0"),
        ({"target": math.nan}, "--target-score nan"),
    ],
)
def test_a_budget_refuses_what_is_none(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Budget(**given)


def test_without_limits_nothing_ends_it() -> None:
    endless = meter({f"t{n}": status(f"t{n}", 0.1) for n in range(50)})
    assert not endless.reached() and endless.left == math.inf and endless.spent == ""


def test_epochs_of_all_trials_count_and_the_finalists_are_reserved() -> None:
    trials = {"t0": status("t0", 0.5, epochs=4), "t1": status("t1", 0.4, epochs=5)}
    held = meter(trials, epochs=16, reserved=6)
    assert not held.reached()
    trials["t1"] = replace(trials["t1"], epochs=6)
    assert held.reached() and held.spent == "epoch budget"


@pytest.mark.parametrize(
    ("direction", "target", "ends"),
    [("max", 0.5, True), ("max", 0.51, False), ("min", 0.5, True), ("min", 0.49, False)],
)
def test_a_score_as_good_as_the_target_is_enough(direction: str, target: float, ends: bool) -> None:
    others = 0.2 if direction == "max" else 0.9
    trials = {"t0": status("t0", others), "t1": status("t1", 0.5, state="RUNNING")}
    assert meter(trials, direction, target=target).reached() is ends


def test_a_failed_trial_reaches_no_target() -> None:
    assert not meter({"t0": status("t0", None, state="FAIL")}, "min", target=0.5).reached()


def test_a_plateau_is_trials_that_end_without_a_better_best() -> None:
    trials = {"t0": status("t0", 0.5)}
    held = meter(trials, plateau=2)
    trials["t1"] = status("t1", 0.4)
    assert not held.reached()
    trials["t2"] = status("t2", 0.6, state="RUNNING")  # a better best: the count begins anew
    assert not held.reached()
    trials["t2"] = status("t2", 0.6)  # its own end is none without a better best
    trials["t3"] = status("t3", 0.6)  # an equal one is
    assert not held.reached()
    trials["t4"] = status("t4", None, state="FAIL")
    assert held.reached() and held.spent == "plateau"


def test_a_best_that_fails_later_is_none() -> None:
    trials = {"t0": status("t0", 0.7), "t1": status("t1", 0.9, state="RUNNING")}
    held = meter(trials, plateau=2, target=0.95)
    trials["t1"] = status("t1", None, state="FAIL")
    assert not held.reached()
    trials["t2"] = status("t2", 0.8)
    assert not held.reached()
    trials["t3"] = status("t3", 0.85)
    assert not held.reached()
    trials["t4"], trials["t5"] = status("t4", 0.5), status("t5", 0.5)
    assert held.reached() and held.spent == "plateau"


def test_what_an_earlier_run_has_ended_is_no_plateau() -> None:
    trials = {f"t{n}": status(f"t{n}", 0.5 - n / 10) for n in range(4)}
    held = meter(trials, plateau=2)
    assert not held.reached()
    trials["t4"], trials["t5"] = status("t4", 0.1), status("t5", 0.1)
    assert held.reached()


def test_time_ends_it_only_once_this_run_has_an_epoch() -> None:
    trials = {"t0": status("t0", 0.5, epochs=3, state="RUNNING")}
    late = meter(trials, time=1e-9)
    assert not late.reached()
    trials["t0"] = replace(trials["t0"], epochs=4)
    assert late.reached() and late.spent == "time budget" and late.left == 0 and late.is_late()


def test_the_reserve_is_asked_for_again_as_trials_go_on() -> None:
    trials = {"t0": status("t0", 0.5, state="RUNNING")}
    reserves = iter([0.0, 5.0, 1000.0])
    held = meter(trials, time=100.0, reserve=lambda: next(reserves))
    assert not held.reached()
    trials["t0"] = replace(trials["t0"], epochs=2)
    assert not held.reached() and not held.reached()  # without news it is not asked
    trials["t0"] = replace(trials["t0"], epochs=3)
    assert held.reached() and held.spent == "time budget" and held.left > 90


def test_a_budget_comes_back_from_its_record_with_what_changed() -> None:
    budget = Budget(time=60.0, epochs=100, target=0.9, plateau=5)
    record = {**budget.to_json(), "other": 1}
    assert record["time_budget"] == 60.0 and record["target_score"] == 0.9
    assert Budget.from_json(record) == budget
    assert Budget.from_json(record, time=5.0, epochs=None) == replace(budget, time=5.0)
