"""After a kill at any moment the study, the records and the curves are level again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.tuning.rehearsal import Rehearsal, line
from trainables.errors import BadInput
from trainables.files import append_line
from tuning.schedulers import make_scheduler
from tuning.trial_directory import TrialDirectory

Rehearse = Callable[..., Rehearsal]


def begun(search: Rehearsal) -> str:
    trial = search.begin()
    assert trial is not None
    return trial


def again(search: Rehearsal) -> Rehearsal:
    """The same search in a new process, as far as it can tell."""
    return Rehearsal(search.plan)


def on_disk(search: Rehearsal) -> list[FrozenTrial]:
    storage = JournalStorage(JournalFileBackend(str(search.experiment.journal)))
    return optuna.load_study(study_name=None, storage=storage).trials


def curve(directory: TrialDirectory) -> list[int]:
    events = EventAccumulator(str(directory.root))
    events.Reload()
    return [event.step for event in events.Scalars("accuracy/val")]


def test_an_interrupted_trial_goes_on_as_itself(rehearse: Rehearse) -> None:
    first = rehearse()
    first.complete(begun(first), [0.5, 0.6, 0.7])
    trial = begun(first)
    first.work(trial, 1, 0.3)
    second = again(first)
    assert begun(second) == trial
    assert second.suggestions[trial] == first.suggestions[trial]
    second.work(trial, 2, 0.4)
    second.end(trial, {"finished": True})
    told = on_disk(second)
    assert [t.state.name for t in told] == ["COMPLETE", "COMPLETE"]
    assert told[1].intermediate_values == {1: 0.3, 2: 0.4}
    assert told[1].params == second.plan.space.searched(first.suggestions[trial]["parameters"])
    assert curve(second.experiment.trial(trial)) == [1, 2]
    assert [begun(second), begun(second)] == ["t0002", "t0003"]
    assert second.begin() is None


def test_as_many_trials_as_were_asked_for(rehearse: Rehearse) -> None:
    first = rehearse(trials=4)
    first.complete(begun(first), [0.5, 0.6, 0.7])
    begun(first), begun(first)
    second = again(first)
    assert second.searcher.left == 3
    names = [second.begin() for _ in range(4)]
    assert names == ["t0001", "t0002", "t0003", None]
    assert not second.searcher.ended
    for name in names[:3]:
        assert name is not None
        second.complete(name, [0.1, 0.2, 0.3])
    assert second.searcher.ended and len(on_disk(second)) == 4


def test_the_study_hears_what_only_the_worker_had_recorded(rehearse: Rehearse) -> None:
    first = rehearse()
    trial = begun(first)
    first.work(trial, 1, 0.3)
    first.work(trial, 2, 0.6, tell=False)
    second = again(first)
    assert on_disk(second)[0].intermediate_values == {1: 0.3, 2: 0.6}
    status = second.status(trial)
    assert (status.state, status.epochs, status.score) == ("RUNNING", 2, 0.6)


def test_a_checkpoint_without_its_line_gets_one(rehearse: Rehearse) -> None:
    first = rehearse()
    trial = begun(first)
    first.work(trial, 1, 0.3)
    first.work(trial, 2, 0.6, tell=False)
    results = first.experiment.trial(trial).results
    results.write_text(results.read_text().splitlines(keepends=True)[0])
    second = again(first)
    assert [r["epoch"] for r in second.recorder.results(trial)] == [1, 2]
    assert on_disk(second)[0].intermediate_values == {1: 0.3, 2: 0.6}


@pytest.mark.parametrize(
    ("state", "told"), [("COMPLETE", "COMPLETE"), ("PRUNED", "PRUNED"), ("FAIL", "FAIL")]
)
def test_an_end_that_the_study_missed(
    state: str, told: str, rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = rehearse()
    trial = begun(first)
    first.work(trial, 1, 0.3, tell=False)
    first.recorder.catch_up(trial)
    first.recorder.end(trial, state, "for a reason")  # killed before the study was told
    assert on_disk(first)[0].state.name == "RUNNING"
    second = again(first)
    assert on_disk(second)[0].state.name == told
    assert on_disk(second)[0].value == (None if state == "FAIL" else 0.3)
    assert second.status(trial).cause == "for a reason"
    assert begun(second) == "t0001"


def test_a_trial_that_the_study_alone_knows(rehearse: Rehearse) -> None:
    first = rehearse()
    begun(first)
    killed = first.study.ask()  # before any value was asked for, or a file written
    second = again(first)
    assert (begun(second), begun(second)) == ("t0000", "t0001")
    assert killed.number == 1
    start = second.plan.space.searched(second.plan.space.starts[0])
    assert start.items() <= second.suggestions["t0001"]["parameters"].items()


def test_half_asked_values_are_kept(rehearse: Rehearse) -> None:
    first = rehearse(trials=4, sampler="random")
    for _ in range(2):
        first.complete(begun(first), [0.5, 0.6, 0.7])
    trial = first.study.ask()
    name, distribution = next(iter(first.plan.space.distributions.items()))
    value = trial._suggest(name, distribution)
    second = again(first)
    assert begun(second) == "t0002"
    assert second.suggestions["t0002"]["parameters"][name] == value


def test_a_baseline_outside_the_study_goes_on_too(rehearse: Rehearse) -> None:
    first = rehearse("lr=0.01..0.05:log")
    assert begun(first) == "baseline"
    first.work("baseline", 1, 0.3)
    second = again(first)
    assert begun(second) == "baseline"
    second.complete("baseline", [0.3, 0.4, 0.5])
    third = again(second)
    assert begun(third) == "t0000"


def test_curves_have_no_gap_and_no_double_step(rehearse: Rehearse) -> None:
    first = rehearse()
    trial = begun(first)
    for epoch in (1, 2):  # its events were never flushed
        first.work(trial, epoch, epoch / 10, tell=False)
    second = again(first)
    third = again(second)
    assert begun(third) == trial
    third.work(trial, 3, 0.3)
    third.end(trial, {"finished": True})
    directory = third.experiment.trial(trial)
    assert curve(directory) == [1, 2, 3]
    assert len(directory.events()) == 1
    events = EventAccumulator(str(directory.root))
    events.Reload()
    assert [e.wall_time for e in events.Scalars("accuracy/val")] == [1.7e9 + n for n in (1, 2, 3)]


def test_a_resumed_sampler_does_not_repeat_itself(rehearse: Rehearse) -> None:
    first = rehearse(trials=6, sampler="random")
    for _ in range(4):
        first.complete(begun(first), [0.5, 0.6, 0.7])
    second = again(first)
    seen = [t.params["lr"] for t in on_disk(first)]
    begun(second), begun(second)
    assert not set(seen) & {t.params["lr"] for t in on_disk(second)[4:]}


def test_a_lost_directory_is_refused(rehearse: Rehearse) -> None:
    first = rehearse()
    first.complete(begun(first), [0.5, 0.6, 0.7])
    (first.experiment.trial("t0000").root / "status.json").unlink()
    with pytest.raises(BadInput, match=r"--resume rehearsal: trials/t0000 is missing or damaged"):
        again(first)


class TuneTrial:
    """What ASHA reads of Ray's own Trial."""

    def __init__(self, trial: str, ray_id: str) -> None:
        self.trial_id = ray_id
        self.config = {"trial": trial, "spared": False}
        self.stopping_criterion: dict[str, Any] = {}


def test_rungs_are_filled_from_what_was_before(rehearse: Rehearse) -> None:
    first = rehearse(max_epochs=8)
    begun(first)
    for score in (0.8, 0.9):
        trial = begun(first)
        for epoch in (1, 2):
            append_line(first.experiment.trial(trial).results, line(epoch, score))
    second = again(first)
    asha = make_scheduler(second.plan, second.searcher.history)
    newcomer = TuneTrial("t0003", "new")
    asha.on_trial_add(None, newcomer)
    assert asha.on_trial_result(None, newcomer, line(2, 0.1)) == "STOP"
    # One that went on is not judged a second time at a rung it has passed.
    known = TuneTrial("t0001", "new too")
    asha.on_trial_add(None, known)
    assert asha.on_trial_result(None, known, line(3, 0.01)) == "CONTINUE"
    fresh = make_scheduler(second.plan, {})
    fresh.on_trial_add(None, newcomer)
    assert fresh.on_trial_result(None, newcomer, line(2, 0.1)) == "CONTINUE"
