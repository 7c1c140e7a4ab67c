"""Which trials are finalists, how often they run again, and what that takes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from trainables.errors import BadInput
from tuning.experiment import rerun_id, trial_of
from tuning.finalists import Finals, Rerun, choose, reruns_of, wall_time
from tuning.status import TrialStatus, ranked


def status(
    trial: str, score: float | None, epochs: int = 4, state: str = "COMPLETE"
) -> TrialStatus:
    return TrialStatus(trial, state, score, 1 if score else None, epochs, 2.0 * epochs, 0)


STATUSES = {
    "t0000": status("t0000", 0.5),
    "t0001": status("t0001", 0.8),
    "t0002": status("t0002", None, state="FAIL"),
    "t0003": status("t0003", 0.9, epochs=2, state="PRUNED"),
    "t0004": status("t0004", 0.8),
    "t0005": status("t0005", 0.7),
}


def chosen(count: int, direction: str = "max", **same: str) -> list[str]:
    """`same`: trials that have the configuration of another."""
    best = ranked(STATUSES.values(), direction)
    return choose(best, STATUSES, lambda trial: same.get(trial, trial), "t0000", count)


def test_the_best_are_chosen_and_the_baseline() -> None:
    assert chosen(3) == ["t0003", "t0001", "t0004", "t0000"]
    assert chosen(1, "min") == ["t0000"]  # among the best already: not added again
    assert chosen(2, "min") == ["t0000", "t0005"]
    assert chosen(99) == ["t0003", "t0001", "t0004", "t0005", "t0000"]  # a failed one never


def test_one_configuration_is_one_finalist() -> None:
    assert chosen(3, t0004="t0001") == ["t0003", "t0001", "t0005", "t0000"]
    assert chosen(1, t0003="t0000") == ["t0000"]  # it is the baseline's own configuration
    assert chosen(2, t0003="t0000") == ["t0000", "t0001"]


def test_where_nothing_may_win_nothing_runs_again() -> None:
    assert choose([], STATUSES, str, "t0000", 3) == []


def test_an_infeasible_baseline_does_not_stand_for_its_configuration() -> None:
    broken = STATUSES | {"t0000": replace(STATUSES["t0000"], feasible=False)}
    same = {"t0003": "t0000"}
    best = ranked(broken.values(), "max")
    chosen = choose(best, broken, lambda trial: same.get(trial, trial), "t0000", 1)
    assert chosen == ["t0003", "t0000"]


def test_a_baseline_without_a_score_is_none() -> None:
    without = {name: s for name, s in STATUSES.items() if name != "t0000"}
    assert choose(ranked(without.values(), "max"), without, str, "t0000", 1) == ["t0003"]


def test_every_finalist_runs_once_before_any_runs_twice() -> None:
    reruns = reruns_of(["t0003", "t0000"], 2, 4, STATUSES, {})
    assert [r.name for r in reruns] == ["t0003-r1", "t0000-r1", "t0003-r2", "t0000-r2"]
    assert [r.seconds for r in reruns] == pytest.approx([8.8] * 4)  # 2 s an epoch, a tenth more


def test_what_has_ended_is_not_run_again_and_what_was_begun_goes_on() -> None:
    done = {
        "t0003-r1": status("t0003-r1", 0.8),
        "t0000-r1": status("t0000-r1", None, state="FAIL"),
        "t0003-r2": status("t0003-r2", 0.6, epochs=3, state="RUNNING"),
        "t0000-r2": status("t0000-r2", 0.6, epochs=1, state="PRUNED"),  # by the time budget
    }
    reruns = reruns_of(["t0003", "t0000"], 2, 4, STATUSES, done)
    assert [(r.name, round(r.seconds, 6)) for r in reruns] == [("t0003-r2", 2.2), ("t0000-r2", 6.6)]


def test_the_wall_time_is_that_of_the_fullest_slot() -> None:
    reruns = [Rerun(f"t{n}", f"t{n}", 1, seconds) for n, seconds in enumerate((5.0, 3.0, 4.0))]
    assert wall_time(reruns, 1, 6.0) == pytest.approx(18.0)
    assert wall_time(reruns, 2, 6.0) == pytest.approx(13.0)
    assert wall_time(reruns, 9, 20.0) == pytest.approx(25.0)
    assert wall_time([], 2, 6.0) == 0.0


def test_where_there_is_less_room_an_interval_is_given_up_last() -> None:
    sizes = Finals(3, 3).sizes()
    assert sizes[:4] == [(3, 3), (2, 3), (3, 2), (2, 2)]
    assert sizes[4:6] == [(1, 3), (1, 2)] and sizes[6:] == [(3, 1), (2, 1), (1, 1)]


@pytest.mark.parametrize(
    ("room", "fits"),
    [(12, (3, 3)), (11, (2, 3)), (8, (3, 2)), (5, (1, 2)), (2, (1, 1)), (1, (0, 1))],
)
def test_an_epoch_budget_holds_as_many_as_fit(room: int, fits: tuple[int, int]) -> None:
    finals = Finals(3, 3).within(room)
    assert (finals.finalists, finals.repeats) == fits and finals.reruns <= room


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((-1, 3), "--finalists -1"),
        ((3, 0), "--repeats 0"),
        ((3, 3, "best of all"), "--prefer best of all: must be one of best, cheap"),
        ((0, 3, "cheap"), "--prefer cheap: needs --finalists"),
        ((3, 1, "cheap"), "--prefer cheap: needs --finalists"),
        ((0, 3, "best", True), "--retrain-on-all: needs --finalists"),
    ],
)
def test_what_makes_no_finalists_is_refused(given: tuple[Any, ...], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Finals(*given)


def test_a_rerun_has_an_id_that_names_its_trial() -> None:
    assert rerun_id("t0007", 2) == "t0007-r2" and trial_of("t0007-r2") == "t0007"
    assert trial_of("t0007") == "t0007" and trial_of(rerun_id("baseline", 11)) == "baseline"
