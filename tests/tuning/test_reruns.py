"""Re-runs of finalists: begun in order, gone on with after a kill, never told to the study."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from optuna.trial import TrialState

from tests.tuning.rehearsal import Rehearsal
from tuning.budget import Budget
from tuning.experiment import BASELINE
from tuning.finalists import START, STOPPING
from tuning.reruns import Finalists
from tuning.status import TrialStatus

Rehearse = Callable[..., Rehearsal]


def searched(rehearse: Rehearse, **options: float) -> Rehearsal:
    """A baseline at 0.5, then trials at 0.9, 0.7 and 0.8; two finalists, two re-runs each."""
    search = rehearse(**{"finalists": 2, "repeats": 2, "max_epochs": 2, **options})
    for score in (0.5, 0.9, 0.7, 0.8):
        trial = search.begin()
        assert trial is not None
        search.complete(trial, [0.1, score])
    assert search.begin() is None
    return search


def test_they_begin_in_rounds_under_seeds_of_their_own(rehearse: Rehearse) -> None:
    search = searched(rehearse)
    choice = search.run_again()
    assert (choice.count, choice.repeats) == (2, 2)
    names = [search.begin() for _ in range(6)]
    assert names == ["t0001-r1", "t0003-r1", "t0000-r1", "t0001-r2", "t0003-r2", "t0000-r2"]
    assert search.begin() is None
    begun = [search.suggestions[name] for name in names if name]
    assert all(suggestion["spared"] for suggestion in begun)
    assert len({suggestion["seed"] for suggestion in search.suggestions.values()}) == 10
    first = search.suggestions["t0001"]
    assert [s["parameters"] == first["parameters"] for s in begun] == [True, False, False] * 2
    assert begun[0]["seed"] == search.plan.rerun_seed("t0001", 1)


def test_the_study_is_told_nothing(rehearse: Rehearse) -> None:
    search = searched(rehearse)
    search.run_again()
    rerun = search.begin()
    assert rerun is not None
    search.complete(rerun, [0.2, 0.6])
    assert search.status(rerun).state == "COMPLETE" and search.status(rerun).score == 0.6
    assert [trial.state for trial in search.study.trials] == [TrialState.COMPLETE] * 4
    assert all(len(trial.intermediate_values) == 2 for trial in search.study.trials)


def test_of_an_ended_rerun_the_best_weights_are_kept_alone(rehearse: Rehearse) -> None:
    search = searched(rehearse)
    search.run_again()
    for _ in range(6):
        rerun = search.begin()
        assert rerun is not None
        search.complete(rerun, [0.2, 0.6])
    kept = [(d.best.is_file(), d.last.is_file()) for d in search.experiment.reruns()]
    assert kept == [(True, False)] * 6


@pytest.mark.parametrize("cut", [None, "time budget spent"])
def test_a_rerun_that_was_cut_short_goes_on(cut: str | None, rehearse: Rehearse) -> None:
    search = searched(rehearse)
    search.run_again()
    done, begun = search.begin(), search.begin()
    assert done is not None and begun is not None
    search.complete(done, [0.2, 0.6])
    search.work(begun, 1, 0.3, tell=False)
    search.searcher.close(cut)
    assert search.status(begun).state == ("RUNNING" if cut is None else "PRUNED")
    again = Rehearsal(search.plan)
    choice = again.run_again()
    assert done not in [rerun.name for rerun in choice.reruns]
    assert again.begin() == begun and again.status(begun).epochs == 1
    again.work(begun, 2, 0.4)
    again.end(begun, {"finished": True})
    assert again.status(begun).state == "COMPLETE" and again.status(begun).score == 0.4


def test_one_that_is_no_finalist_any_more_is_left_as_stopped(rehearse: Rehearse) -> None:
    search = searched(rehearse, finalists=1)
    search.run_again()
    begun = search.begin()
    assert begun == "t0001-r1"
    search.work(begun, 1, 0.3)
    more = Rehearsal(search.plan)
    better = TrialStatus("t0009", "COMPLETE", 0.99, 2, 2, 1.0, 1)
    more.recorder.statuses["t0009"] = better
    more.experiment.trial("t0009").write_config({"lr": 0.5})
    more.experiment.trial("t0009").write_status(better)
    choice = more.run_again()
    assert choice.trials == ("t0009", "t0000")
    assert more.status(begun).state == "PRUNED"
    assert more.status(begun).cause == "not gone on with"


def test_a_baseline_outside_the_study_runs_again_too(rehearse: Rehearse) -> None:
    search = rehearse("lr=5e-3..5e-2:log", finalists=1, repeats=1, trials=1)
    for score in (0.5, 0.9):
        trial = search.begin()
        assert trial is not None
        search.complete(trial, [0.1, 0.1, score])
    search.run_again()
    assert [search.begin(), search.begin()] == ["t0000-r1", f"{BASELINE}-r1"]
    assert search.experiment.trial(f"{BASELINE}-r1").root.parent.name == "finalists"


def test_where_time_is_short_fewer_run_again(rehearse: Rehearse) -> None:
    search = searched(rehearse, time_budget=1000.0)  # a trial takes 1 s: half a second an epoch
    finalists = Finalists(search.plan, search.experiment, search.recorder.statuses)
    whole = finalists.reserve()
    assert whole > 6 * 1.0 / search.plan.concurrency
    sizes = []
    without = whole - STOPPING
    for seconds in (math.inf, whole, without, without - 0.01, without - 2.5, 0.0):
        choice = finalists.within(seconds)
        sizes.append((choice.count, choice.repeats))
    assert sizes == [(2, 2)] * 3 + [(1, 2), (2, 1), (0, 0)]


@pytest.mark.parametrize(("slow", "start"), [(0.0, START), (20.0, 20.0)])
def test_workers_that_start_slowly_here_will_again(
    slow: float, start: float, rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = searched(rehearse, time_budget=1000.0)
    usual = Finalists(search.plan, search.experiment, search.recorder.statuses).reserve()
    clock = SimpleNamespace(now=100.0)
    monkeypatch.setattr("tuning.reruns.time", SimpleNamespace(monotonic=lambda: clock.now))
    again = Rehearsal(replace(search.plan, space=replace(search.plan.space, trials=6)))
    finalists = Finalists(again.plan, again.experiment, again.recorder.statuses)
    finalists.watch_start()
    clock.now += 3.0
    assert finalists.reserve() == usual  # what was trained before says nothing
    trial = again.begin()
    assert trial is not None
    again.work(trial, 1, 0.6)
    clock.now += slow + 0.5 - 3.0  # half a second of it is the epoch's
    assert finalists.reserve() == pytest.approx(usual - START + start)
    clock.now += 60.0
    again.work(trial, 2, 0.6)
    assert finalists.reserve() == pytest.approx(usual - START + start)  # seen once


def test_a_reserve_takes_half_of_the_time_at_most(rehearse: Rehearse) -> None:
    search = searched(rehearse, time_budget=31.0)
    reserved = Finalists(search.plan, search.experiment, search.recorder.statuses).reserve()
    assert STOPPING < reserved <= 15.5
    endless = replace(search.plan, budget=Budget())
    assert Finalists(endless, search.experiment, search.recorder.statuses).reserve() == 0
