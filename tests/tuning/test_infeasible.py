"""A trial that was found to break a constraint when trained wins nowhere, and is shown so."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from analysis import load
from analysis.frames.winner import find_winner
from analysis.sentences import beyond, cut_short, none_keeps
from analysis.tables import finalists_table, leaderboard_table
from tests.tuning.rehearsal import Rehearsal
from tests.tuning.test_measured_constraints import GOOD, begun, held
from trainables.data.splits import Splits
from trainables.files import write_json
from tuning.front import front
from tuning.recorder import KEPT_BEST
from tuning.screen import Screen
from tuning.status import ranked

Rehearse = Callable[..., Rehearsal]


def test_none_is_in_the_front(rehearse: Rehearse) -> None:
    search = held(rehearse, "val_loss<=2", objectives="val_accuracy:max,val_loss:min", trials=2)
    cheap, broken = begun(search), begun(search)
    search.complete(cheap, [0.3, 0.3, 0.4])
    search.complete(broken, [0.9, 0.3, 0.4])  # its best epoch is the first, where the loss is 2.5
    statuses = search.recorder.statuses.values()
    assert [status.trial for status in front(statuses, search.plan.objectives)] == [cheap]
    assert search.status(broken).values == {"val_accuracy": 0.9, "val_loss": 2.5}


def test_what_still_runs_pushes_no_winner_off_the_disk(rehearse: Rehearse) -> None:
    search = held(rehearse, "epoch_seconds<=0.6", trials=KEPT_BEST + 2)
    baseline, good, *running = (begun(search) for _ in range(KEPT_BEST + 2))
    search.complete(baseline, [0.1, 0.1, 0.1])
    for name in running:  # they keep it so far
        search.work(name, 1, 0.9)
    search.complete(good, [0.4, 0.4, 0.4])
    search.extra = {"seconds": 5.0}
    for name in running:
        search.work(name, 2, 0.9)
        search.end(name, {"epoch": 2})
    first = ranked(search.recorder.statuses.values(), "max")[0]
    assert first.trial == good and search.experiment.trial(good).best.is_file()


def test_the_screen_calls_no_infeasible_trial_the_best(rehearse: Rehearse) -> None:
    search = held(rehearse, "epoch_seconds<=0.6")
    text = io.StringIO()
    screen = Screen(search.plan, Console(file=text, width=200), quiet=True, since=0.0)
    search.recorder._audience = screen
    first, second = begun(search), begun(search)
    search.work(first, 1, 0.5)
    search.work(second, 1, 0.9)
    assert screen._best is not None and screen._best.trial == second
    search.extra = {"seconds": 9.0}
    search.work(second, 2, 0.95)
    assert screen._best.trial == first
    search.end(second, {"epoch": 2})
    assert "best so far" in text.getvalue() and "0.9500  best so far" not in text.getvalue()
    assert "beyond epoch_seconds<=0.6" in text.getvalue()


def finals(rehearse: Rehearse, splits: Splits, **scores: list[float]) -> Rehearsal:
    """Three trials of 0.9 (beyond the constraint on loss), 0.8 and 0.6; then re-runs."""
    search = held(rehearse, GOOD, "val_loss<=1", trials=3, finalists=2, repeats=2)
    write_json(search.experiment.plan, search.plan.to_json(splits))
    for first in ([0.9, 0.1, 0.1], [0.1, 0.1, 0.8], [0.1, 0.1, 0.6]):  # the first: a loss of 2.5
        search.complete(begun(search), first)
    choice = search.run_again()
    record = json.loads(search.experiment.plan.read_text())
    record["ended"] = {"by": "trials", "finalists": choice.trials, "repeats": choice.repeats}
    write_json(search.experiment.plan, record)
    while (name := search.begin()) is not None:
        search.complete(name, scores[name.partition("-")[0]])
    return search


def test_finalists_keep_it_when_they_are_trained_again(
    rehearse: Rehearse, grey_splits: Splits
) -> None:
    lucky, steady = [0.95, 0.1, 0.1], [0.1, 0.1, 0.6]
    search = finals(rehearse, grey_splits, t0000=steady, t0001=lucky, t0002=steady)
    results = load(search.experiment.root)
    assert set(results.finalists["trial"]) == {"t0000", "t0001", "t0002"}  # the baseline beside two
    feasible = dict(zip(results.reruns["trial"], results.reruns["feasible"], strict=True))
    assert {name for name, is_so in feasible.items() if is_so} == {"t0002-r1", "t0002-r2"}
    won = find_winner(search.experiment, results)
    assert won is not None and won.trial == "t0002" and won.model["trial"].startswith("t0002-r")
    console = Console(file=io.StringIO(), width=200)
    console.print(finalists_table(results))
    assert "t0001, infeasible" in console.file.getvalue()  # type: ignore[attr-defined]


def test_where_no_finalist_keeps_it_again_the_trial_that_did_is_handed_over(
    rehearse: Rehearse, grey_splits: Splits
) -> None:
    lucky = [0.95, 0.1, 0.1]
    search = finals(rehearse, grey_splits, t0000=lucky, t0001=lucky, t0002=lucky)
    results = load(search.experiment.root)
    won = find_winner(search.experiment, results)
    assert won is not None and won.model["trial"] == "t0001" and won.finalist is None
    said = cut_short(results, {"finalists": None, "trained_on": "train"})
    assert "Every finalist failed, or broke a constraint, when it was trained again" in said


def test_the_tables_say_what_is_infeasible(rehearse: Rehearse, grey_splits: Splits) -> None:
    search = held(rehearse, GOOD, trials=2)
    write_json(search.experiment.plan, search.plan.to_json(grey_splits))
    for scores in ([0.1, 0.2, 0.3], [0.2, 0.2, 0.4]):
        search.complete(begun(search), scores)
    results = load(search.experiment.root)
    assert list(results.leaderboard[f"excess/{GOOD}"]) == pytest.approx([0.1, 0.2])
    assert "excess" not in results.trials and not results.trials["feasible"].any()
    assert find_winner(search.experiment, results) is None
    assert beyond(results) == f"2 beyond {GOOD}"
    assert none_keeps(results) == f"No trial keeps {GOOD}."
    console = Console(file=io.StringIO(), width=200)
    console.print(leaderboard_table(results, running=False))
    assert console.file.getvalue().count("complete, infeasible") == 2  # type: ignore[attr-defined]
    assert search.run_again().reruns == ()  # nothing could come of it
    kept = replace(results, trials=results.trials.assign(feasible=True))
    assert none_keeps(kept) == ""
