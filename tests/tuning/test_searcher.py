"""What the study hears: the truth about every trial, on disk, at once."""

from __future__ import annotations

import errno
import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

from tests.tuning.rehearsal import Rehearsal, line
from trainables.files import cut_torn_line
from tuning.experiment import Experiment
from tuning.trainable import DISK_FULL, DIVERGED, FAILED

Rehearse = Callable[..., Rehearsal]


def on_disk(experiment: Experiment) -> list[FrozenTrial]:
    """The study's trials as somebody else reads them, from the journal."""
    storage = JournalStorage(JournalFileBackend(str(experiment.journal)))
    return optuna.load_study(study_name=None, storage=storage).trials


def started(rehearsal: Rehearsal) -> str:
    trial = rehearsal.begin()
    assert trial is not None
    return trial


def test_the_baseline_is_first_then_the_starts(rehearse: Rehearse) -> None:
    search = rehearse()
    names = [search.begin() for _ in range(5)]
    assert names == ["t0000", "t0001", "t0002", "t0003", None]
    assert [s["spared"] for s in search.suggestions.values()] == [True, False, False, False]
    assert search.suggestions["t0000"]["parameters"] == search.plan.space.baseline
    start = search.plan.space.starts[0]
    tried = search.suggestions["t0001"]["parameters"]
    fixed = search.plan.space.fixed
    assert {n: tried[n] for n in start if n not in fixed} == {
        n: v for n, v in start.items() if n not in fixed
    }
    assert tried["hidden"] == 16  # fixed by --set: it holds for a start too
    assert [t.params for t in on_disk(search.experiment)] == [
        search.plan.space.searched(s["parameters"]) for s in search.suggestions.values()
    ]


def test_enqueued_configurations_come_right_after_the_baseline(
    rehearse: Rehearse, tmp_path: Path
) -> None:
    wanted = tmp_path / "first.yaml"
    wanted.write_text("- {lr: 2e-3, optimizer: sgd, momentum: 0.7}\n- {dropout: 0.25}\n")
    search = rehearse(enqueued=wanted)
    assert [search.begin() for _ in range(4)] == ["t0000", "t0001", "t0002", "t0003"]
    first, second = (search.suggestions[name]["parameters"] for name in ("t0001", "t0002"))
    assert (first["lr"], first["optimizer"], first["momentum"]) == (2e-3, "sgd", 0.7)
    assert second["dropout"] == 0.25
    trials = on_disk(search.experiment)
    assert trials[1].params["momentum"] == 0.7 and trials[2].params["dropout"] == 0.25


def test_complete_with_the_best_value(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    search.complete(trial, [0.4, 0.8, 0.6])
    (told,) = on_disk(search.experiment)[:1]
    assert (told.state.name, told.value) == ("COMPLETE", 0.8)
    assert told.intermediate_values == {1: 0.4, 2: 0.8, 3: 0.6}
    status = search.status(trial)
    assert (status.state, status.score, status.best_epoch, status.epochs) == ("COMPLETE", 0.8, 2, 3)
    assert status.seconds == pytest.approx(1.5)


def test_the_earliest_of_equal_scores_is_the_best(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    search.complete(trial, [0.7, 0.5, 0.7])
    assert search.status(trial).best_epoch == 1


def test_pruned_at_the_step_it_reached(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    search.work(trial, 1, 0.9)
    last = search.work(trial, 2, 0.3, tell=False)  # a STOP's last result comes only with the end
    search.end(trial, {**last, "finished": False})
    told = on_disk(search.experiment)[0]
    assert told.state.name == "PRUNED"
    assert told.intermediate_values == {1: 0.9, 2: 0.3}
    assert told.last_step == 2
    status = search.status(trial)
    assert (status.state, status.score, status.best_epoch, status.epochs) == ("PRUNED", 0.9, 1, 2)
    assert "asha" in status.cause


def test_a_diverged_trial_fails_with_the_cause(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    search.work(trial, 1, 0.9)
    cause = "non-finite training loss in epoch 2 at step 3"
    search.end(trial, {"val_accuracy": math.nan, "epoch": 2, DIVERGED: cause})
    told = on_disk(search.experiment)[0]
    assert (told.state.name, told.values) == ("FAIL", None)
    status = search.status(trial)
    assert (status.state, status.score, status.best_epoch) == ("FAIL", None, None)
    assert (status.epochs, status.cause) == (1, cause)
    assert search.experiment.trial(trial).error.read_text().strip() == cause


def test_a_second_exception_fails_with_its_cause(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    search.end(trial, {"val_accuracy": math.nan, "epoch": 1, FAILED: "MemoryError: no room"})
    assert on_disk(search.experiment)[0].state.name == "FAIL"
    status = search.status(trial)
    assert (status.state, status.score, status.epochs) == ("FAIL", None, 0)
    assert status.cause == "MemoryError: no room"


def test_a_trial_that_only_dies_was_killed(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    search.work(trial, 1, 0.5)
    search.give_up(trial)
    assert on_disk(search.experiment)[0].state.name == "FAIL"
    assert search.status(trial).cause == "killed (out of memory?)"


def test_a_full_disk_leaves_the_trial_as_it_is(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    search.work(trial, 1, 0.5)
    search.end(trial, {"val_accuracy": math.nan, "epoch": 2, DISK_FULL: "No space left"})
    assert search.searcher.disk_full
    assert search.begin() is None
    assert (search.status(trial).state, search.status(trial).score) == ("RUNNING", 0.5)
    assert on_disk(search.experiment)[0].state.name == "RUNNING"


def test_a_disk_that_fills_while_the_study_is_written_ends_the_search(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    search = rehearse()
    trial = started(search)

    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("optuna.storages.journal.JournalFileBackend.append_logs", full)
        search.work(trial, 1, 0.5)
    assert search.searcher.disk_full


def test_a_line_torn_by_a_full_disk_is_joined_by_no_other(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk has room again at once, as when a worker's temporary file goes."""
    search = rehearse()
    torn, other = started(search), started(search)

    def full(self: JournalFileBackend, logs: list[dict[str, Any]]) -> None:
        with search.experiment.journal.open("a") as journal:
            journal.write(json.dumps(logs[0])[:9])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("optuna.storages.journal.JournalFileBackend.append_logs", full)
        search.work(torn, 1, 0.5)
    search.experiment.trial(other).append_result(line(1, 0.6))
    search.searcher.close(None)
    assert search.status(other).score == 0.6  # taken in, but not told
    assert cut_torn_line(search.experiment.journal)
    assert [trial.intermediate_values for trial in on_disk(search.experiment)[:2]] == [{}, {}]
    again = Rehearsal(search.plan)
    assert again.experiment.root == search.experiment.root
    assert [t.intermediate_values for t in on_disk(again.experiment)[:2]] == [{1: 0.5}, {1: 0.6}]


def test_an_end_is_told_once(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    search.complete(trial, [0.5, 0.6, 0.7])
    search.end(trial, error=True)
    assert search.status(trial).state == "COMPLETE"
    assert [what for what, _ in search.listener.told].count("ended") == 1


def test_lines_that_tune_never_passed_on_are_taken_in(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    search.work(trial, 1, 0.2, tell=False)
    search.work(trial, 2, 0.4, tell=False)
    last = search.work(trial, 3, 0.6, tell=False)
    search.end(trial, {**last, "finished": True})
    assert on_disk(search.experiment)[0].intermediate_values == {1: 0.2, 2: 0.4, 3: 0.6}
    epochs = [status.epochs for what, status in search.listener.told if what == "reported"]
    assert epochs == [1, 2, 3]


def test_a_baseline_that_a_range_excludes_is_outside_the_study(rehearse: Rehearse) -> None:
    search = rehearse("lr=0.01..0.05:log", trials=3)
    names = [search.begin() for _ in range(5)]
    assert names == ["baseline", "t0000", "t0001", "t0002", None]
    assert [s["spared"] for s in search.suggestions.values()] == [True, False, False, False]
    assert search.suggestions["baseline"]["parameters"]["lr"] == 1e-3
    seeds = [s["seed"] for s in search.suggestions.values()]
    assert len(set(seeds)) == 4
    for name in ("baseline", "t0000"):
        search.complete(name, [0.5, 0.6, 0.7])
    search.give_up("t0001")
    search.end("t0002", {"finished": False})
    states = [t.state.name for t in on_disk(search.experiment)]
    assert states == ["COMPLETE", "FAIL", "PRUNED"]  # as many as were asked for
    assert all(0.01 <= t.params["lr"] <= 0.05 for t in on_disk(search.experiment))
    assert search.status("baseline").score == 0.7
    assert len(search.experiment.trials()) == 4


def test_set_replaces_the_baselines_value(rehearse: Rehearse) -> None:
    search = rehearse("lr=0.01")
    started(search)
    assert search.suggestions["t0000"]["parameters"]["lr"] == 0.01
    assert search.plan.baseline_in_study


def test_close_leaves_nothing_running(rehearse: Rehearse) -> None:
    search = rehearse()
    done, running, fresh = started(search), started(search), started(search)
    search.complete(done, [0.5, 0.6, 0.7])
    search.work(running, 1, 0.8, tell=False)
    search.searcher.close("time budget spent")
    told = on_disk(search.experiment)
    assert [t.state.name for t in told] == ["COMPLETE", "PRUNED", "PRUNED"]
    assert told[1].intermediate_values == {1: 0.8}
    assert search.status(running).score == 0.8
    assert search.status(running).cause == "time budget spent"
    assert (search.status(fresh).score, search.status(fresh).epochs) == (None, 0)


def test_a_search_has_ended_only_when_all_that_was_asked_for_was_tried(rehearse: Rehearse) -> None:
    search = rehearse(trials=2)
    assert not search.searcher.ended  # interrupted before its first trial
    search.complete(started(search), [0.5, 0.6, 0.7])
    assert search.searcher.idle and not search.searcher.ended
    search.complete(started(search), [0.5, 0.6, 0.7])
    assert search.searcher.ended


def test_close_completes_a_trial_at_its_full_length(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = started(search)
    for epoch in (1, 2, 3):
        search.work(trial, epoch, 0.1 * epoch, tell=False)
    search.searcher.close("time budget spent")
    assert on_disk(search.experiment)[0].state.name == "COMPLETE"


def test_a_parameter_exists_only_under_its_condition(rehearse: Rehearse) -> None:
    search = rehearse(trials=12, sampler="random")
    for _ in range(12):
        search.complete(started(search), [0.5, 0.5, 0.5])
    by_sgd = {t.params["optimizer"] == "sgd": t.params for t in on_disk(search.experiment)}
    assert "momentum" in by_sgd[True]
    assert "momentum" not in by_sgd[False]


@pytest.mark.parametrize("sampler", ["tpe", "random"])
def test_the_same_seed_proposes_the_same(sampler: str, rehearse: Rehearse) -> None:
    proposed = []
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        search = rehearse(trials=14, sampler=sampler, seed=seed, name=name)
        for number in range(14):
            search.complete(started(search), [0.1 + 0.05 * (number % 5)] * 3)
        proposed.append(search.suggestions)
    assert proposed[0] == proposed[1]
    assert proposed[0] != proposed[2]


def test_the_study_is_never_pickled(rehearse: Rehearse) -> None:
    search = rehearse()
    started(search)
    assert b"optuna" not in pickle.dumps(search.searcher.__getstate__())
    assert pickle.loads(pickle.dumps(search.searcher)).__dict__ == {}
    before = sorted(search.experiment.root.rglob("*"))
    search.searcher.save(str(search.experiment.root / "searcher.pkl"))
    assert sorted(search.experiment.root.rglob("*")) == before
