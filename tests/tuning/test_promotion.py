"""`--scheduler promote` in the search: trials that wait, go on, are killed while they wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.distributions import BaseDistribution
from optuna.samplers import RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from tests.tuning.driven import Driven, states
from tests.tuning.rehearsal import Rehearsal
from tuning.searcher import NOT_PROMOTED
from tuning.trainable import DIVERGED

Rehearse = Callable[..., Rehearsal]


QUALITY = {f"t{number:04d}": number * 7 % 12 / 20 for number in range(12)}


def promoted(rehearse: Rehearse, **options: Any) -> Driven:
    lengths = {"max_epochs": 8, "trials": 12, "sampler": "random"}
    return Driven(rehearse(scheduler="promote", **lengths | options), QUALITY.__getitem__)


def test_a_trial_waits_at_a_rung_and_is_running_for_the_study(rehearse: Rehearse) -> None:
    run = promoted(rehearse)
    search = run.search
    while run.epoch(run.begin() or "") if not run.order else run.epoch("t0000"):
        pass  # the baseline to its end
    first = run.begin()
    assert first == "t0001"
    assert run.epoch(first) and not run.epoch(first)  # grace period: 2
    assert search.listener.told[-1][0] == "paused"
    assert states(search)[first] == ("RUNNING", 2)
    assert search.experiment.trial(first).last.is_file()
    assert search.begin() == "t0002"


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_the_best_go_on_from_where_they_were_and_the_others_are_told_at_the_end(
    rehearse: Rehearse, slots: int
) -> None:
    run = promoted(rehearse)
    run.run(slots)
    found = states(run.search)
    assert len(found) == 12
    assert len(set(run.order)) == len(run.order)  # no epoch twice
    assert found.pop("t0000") == ("COMPLETE", 8)  # the baseline passes every rung
    best = sorted(found, key=lambda name: QUALITY[name], reverse=True)
    assert found[best[0]] == ("COMPLETE", 8)
    by_epochs = [sum(epochs >= rung for _, epochs in found.values()) for rung in (2, 4, 8)]
    # Half of each rung, and those that were in the better half of it when fewer were there.
    assert by_epochs[0] == 11 and 5 <= by_epochs[1] <= 7 and 2 <= by_epochs[2] <= 3
    for name, (state, epochs) in found.items():
        assert (state == "COMPLETE") == (epochs == 8)
        assert state in ("COMPLETE", "PRUNED") and epochs in (2, 4, 8)
        if state == "PRUNED":
            assert run.search.status(name).cause == NOT_PROMOTED


def test_a_promotion_is_the_same_trial(rehearse: Rehearse) -> None:
    run = promoted(rehearse)
    begun: list[dict[str, Any]] = []
    suggest = run.search.searcher.suggest

    def remember(ray_id: str) -> Any:
        begun.append(suggest(ray_id))
        return begun[-1]

    run.search.searcher.suggest = remember  # type: ignore[method-assign]
    run.run()
    suggestions = [suggestion for suggestion in begun if isinstance(suggestion, dict)]
    assert len(suggestions) > 12  # some were given twice
    for name in QUALITY:
        own = [suggestion for suggestion in suggestions if suggestion["trial"] == name]
        assert all(suggestion == own[0] for suggestion in own)
    assert [trial.number for trial in run.search.study.trials] == list(range(12))


@pytest.mark.parametrize("killed_after", [12, 19, 27])
def test_a_search_killed_while_trials_wait_goes_on_as_if_it_was_not(
    rehearse: Rehearse, killed_after: int
) -> None:
    whole = promoted(rehearse, name="whole")
    whole.run()
    first = promoted(rehearse, name="parts")
    first.run(epochs=killed_after)
    second = promoted(rehearse, name="parts")
    waited = set(first.search.halts.waiting())  # type: ignore[union-attr]
    assert waited <= set(second.search.halts.waiting())  # type: ignore[union-attr]
    second.run()
    assert states(second.search) == states(whole.search)
    assert sorted(first.order + second.order) == sorted(whole.order)  # nothing twice, nothing lost


def test_a_trial_is_not_given_again_before_its_worker_is_off_the_slot(rehearse: Rehearse) -> None:
    run = promoted(rehearse)
    search, rungs = run.search, run.search.halts
    names = [search.begin() or "" for _ in range(3)]
    search.complete("t0000", [0.1] * 8)
    for epoch in (1, 2):
        search.work(names[1], epoch, 0.9)
    assert rungs is not None and rungs.report(names[1], {"epoch": 2, "val_accuracy": 0.9})
    for epoch in (1, 2):  # a worse one makes it the better of two
        search.work(names[2], epoch, 0.1)
    assert rungs.report(names[2], {"epoch": 2, "val_accuracy": 0.1})
    assert rungs.next() == names[1] and search.begin() is None
    search.end(names[1], {"epoch": 2})
    assert search.begin() == names[1]


def test_what_waits_when_the_budget_is_spent_is_stopped(rehearse: Rehearse) -> None:
    run = promoted(rehearse)
    run.run(epochs=15)
    waiting = run.search.halts.waiting()  # type: ignore[union-attr]
    assert waiting
    run.search.searcher.close("time budget spent")
    assert {state for state, _ in states(run.search).values()} == {"COMPLETE", "PRUNED"}
    assert {run.search.status(name).cause for name in waiting} == {NOT_PROMOTED}


def test_an_interrupted_search_keeps_them(rehearse: Rehearse) -> None:
    run = promoted(rehearse)
    run.run(epochs=15)
    waiting = run.search.halts.waiting()  # type: ignore[union-attr]
    run.search.searcher.close(None)
    assert {states(run.search)[name][0] for name in waiting} == {"RUNNING"}
    assert not run.search.searcher.ended and run.search.searcher.left


def test_events_of_those_that_wait_are_closed(rehearse: Rehearse) -> None:
    run = promoted(rehearse)
    run.run(epochs=14)
    waiting = set(run.search.halts.waiting())  # type: ignore[union-attr]
    assert len(waiting) >= 2 and not waiting & run.search.recorder.events.open
    run.run()
    assert not run.search.recorder.events.open


class Spy(RandomSampler):
    """Remembers what it is shown."""

    shown: list[dict[int, tuple[str, int | None]]]

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        known = study.get_trials(deepcopy=False)
        self.shown.append({t.number: (t.state.name, t.last_step) for t in known})
        finished = study.get_trials(states=(TrialState.COMPLETE, TrialState.PRUNED))
        assert {t.number for t in finished} == {t.number for t in known if t.state.is_finished()}
        return {}


def test_a_sampler_sees_them_as_stopped_at_their_rung(rehearse: Rehearse) -> None:
    run = promoted(rehearse)
    spy = Spy()
    spy.shown = []
    sampler: Any = run.search.study.sampler
    sampler._sampler = spy
    run.run(slots=2)
    assert len(spy.shown) == 10  # all but the baseline and the space's start
    told = {state for shown in spy.shown[3:] for state in shown.values()}
    assert ("PRUNED", 2) in told and ("PRUNED", 4) in told
    for shown in spy.shown:  # but for the one that is asked for: no more than run beside it
        assert sum(state == "RUNNING" for state, _ in shown.values()) <= 2
    assert optuna.trial.TrialState.RUNNING not in {t.state for t in run.search.study.trials}


def test_the_best_of_a_few_is_trained_to_its_full_length(rehearse: Rehearse) -> None:
    run = promoted(rehearse, trials=3)
    run.run()
    found = states(run.search)
    better = max(("t0001", "t0002"), key=QUALITY.__getitem__)
    assert found.pop("t0000") == found.pop(better) == ("COMPLETE", 8)
    assert set(found.values()) == {("PRUNED", 2)}  # alone at a rung, nobody is of its better half


@pytest.mark.parametrize("slots", [1, 2, 3])
def test_those_that_can_never_go_on_are_stopped_at_once(rehearse: Rehearse, slots: int) -> None:
    run = promoted(rehearse)
    halts = run.search.halts
    assert halts is not None
    waited, epoch = [], run.epoch

    def watched(trial: str) -> bool:
        goes_on = epoch(trial)
        waited.append(len(halts.waiting()))
        assert set(halts.waiting()) == set(run.search.searcher._waiting)
        return goes_on

    run.epoch = watched  # type: ignore[method-assign]
    run.run(slots)
    assert 4 <= max(waited) <= 7  # of eleven
    early = states(run.search)
    other = promoted(rehearse, name="all-wait")
    assert other.search.halts is not None
    other.search.halts.hopeless = list  # type: ignore[method-assign, assignment]
    other.run(slots)
    assert states(other.search) == early and other.order == run.order  # nothing else changes


def test_one_alone_is_trained_to_its_full_length(rehearse: Rehearse) -> None:
    plan = {"max_epochs": 8, "trials": 1, "sampler": "random", "scheduler": "promote"}
    search = rehearse("lr=0.02..0.1", **plan)
    run = Driven(search, lambda trial: 0.1)
    assert search.begin() == "baseline"
    search.complete("baseline", [0.1] * 8)
    run.run()
    assert states(search) == {"t0000": ("COMPLETE", 8)}


def test_the_next_best_has_the_last_chance_where_the_best_has_failed(rehearse: Rehearse) -> None:
    run = promoted(rehearse, trials=3)
    better, other = sorted(("t0001", "t0002"), key=QUALITY.__getitem__, reverse=True)
    epoch = run.epoch

    def diverging(trial: str) -> bool:
        done = len(run.search.experiment.trial(trial).read_results())
        if trial == better and done == 2:
            run.search.end(trial, {"epoch": 3, DIVERGED: "non-finite"})
            return False
        return epoch(trial)

    run.epoch = diverging  # type: ignore[method-assign]
    run.run()
    found = states(run.search)
    assert found[better] == ("FAIL", 2) and found[other] == ("COMPLETE", 8)


def test_those_that_may_win_go_on_first(rehearse: Rehearse) -> None:
    run = promoted(rehearse, constraints=["latency_ms<=1"])
    search = run.search
    best = sorted(QUALITY, key=QUALITY.__getitem__)[-4:]

    def quality(trial: str) -> float:
        search.extra = {"latency_ms": 2.0 if trial in best else 0.5}
        return QUALITY[trial]

    run.quality = quality
    run.run()
    found = states(search)
    whole = {name for name, (state, _) in found.items() if state == "COMPLETE"} - {"t0000"}
    assert whole and not whole & set(best)
