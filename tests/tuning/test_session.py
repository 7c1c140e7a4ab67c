"""The end of a search: its workers are shut out before their records are taken in."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray.tune.schedulers import FIFOScheduler
from rich.console import Console

from tests.tuning.rehearsal import Rehearsal, cheap_plan
from trainables.data.splits import Splits
from trainables.files import write_json
from tuning import phases
from tuning.ownership import Ownership, SupersededError, writing
from tuning.phases import Phases
from tuning.screen import Screen
from tuning.search import Ending


def phases_of(rehearsal: Rehearsal, splits: Splits, ownership: Ownership) -> Phases:
    """The phases of a search whose Ray is there already."""
    return Phases(
        rehearsal.plan,
        splits,
        ownership,
        rehearsal.settings,
        SimpleNamespace(wait=lambda: None),  # type: ignore[arg-type]
        Console(quiet=True),
        quiet=True,
        started=0.0,
    )


def test_a_worker_that_is_late_finds_the_door_closed(
    tmp_path: Path, small_splits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    rehearsal = Rehearsal(cheap_plan(tmp_path))
    trial = rehearsal.begin()
    assert trial is not None
    rehearsal.work(trial, 1, 0.5)
    directory = rehearsal.experiment.trial(trial)

    def spent(*_: Any) -> Ending:
        with writing(directory, ownership.run):  # as long as Tune runs
            return Ending.BUDGET

    monkeypatch.setattr(phases, "run_trials", spent)
    with Ownership(rehearsal.experiment) as ownership:
        ownership.take()
        theirs = ownership.run
        close = rehearsal.searcher.close

        def closing(cause: str | None) -> None:
            with pytest.raises(SupersededError), writing(directory, theirs):
                raise AssertionError("it may not get here")
            close(cause)

        monkeypatch.setattr(rehearsal.searcher, "close", closing)
        both = phases_of(rehearsal, small_splits, ownership)
        screen = Screen(rehearsal.plan, Console(quiet=True), quiet=True, since=0.0)
        feed, scheduler = rehearsal.searcher, FIFOScheduler()
        ended = both._fit(feed, scheduler, lambda: True, screen, lambda: "time budget")
    assert ended is Ending.BUDGET
    assert rehearsal.status(trial).state == "PRUNED"
    assert rehearsal.status(trial).cause == "time budget spent"


@pytest.mark.parametrize(
    ("ended", "has_ended"),
    [
        (None, False),  # interrupted among its trials
        ({"by": "plateau", "trials": 4}, True),  # killed after them
        ({"by": "plateau", "trials": 4, "finalists": ["t0001"], "repeats": 2}, True),
        ({"by": "plateau", "trials": 3}, False),  # more were asked for since
        ({"by": "plateau", "trials": 4, "handed_over": True}, False),  # all was done
    ],
)
def test_trials_that_a_budget_ended_go_on_only_once_all_was_handed_over(
    ended: dict[str, Any] | None, has_ended: bool, tmp_path: Path, small_splits: Splits
) -> None:
    rehearsal = Rehearsal(cheap_plan(tmp_path, trials=4))
    write_json(rehearsal.experiment.plan, {"ended": ended})
    both = phases_of(rehearsal, small_splits, Ownership(rehearsal.experiment))
    assert both._has_ended() is has_ended
