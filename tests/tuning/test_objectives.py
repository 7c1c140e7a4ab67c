"""`--objectives`: several aims of a search, parsed, measured, told to the study; their front."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from search_spaces.find import find_space
from tests.tuning.rehearsal import META, Rehearsal, cheap_plan
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import write_json
from trainables.leg import Leg
from trainables.measures import measured
from trainables.mnist_cnn import TASK
from tuning.front import Objective, best_first, front
from tuning.objectives import MEASURED, parse_objectives, values_at_end, values_of
from tuning.status import TrialStatus
from tuning.trainable import DIVERGED
from tuning.trial_run import TrialRun

Rehearse = Callable[..., Rehearsal]
TWO = "val_accuracy:max,parameters:min"
AIMS = (Objective("val_accuracy", "max"), Objective("parameters", "min"))


def test_they_are_parsed() -> None:
    mnist, forecasts = find_space("mnist"), find_space("forecast_rnn")
    assert parse_objectives(TWO, mnist) == AIMS
    assert tuple(Objective.of(str(aim)) for aim in AIMS) == AIMS
    four = "val_loss:min, bytes:min,latency_ms:min,epoch_seconds:min"
    assert [aim.name for aim in parse_objectives(four, mnist)] == [
        *("val_loss", "bytes", "latency_ms", "epoch_seconds"),
    ]
    assert parse_objectives("val_mae:min,val_mse:min", forecasts)[0].name == "val_mae"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("val_accuracy:max", "one aim is what a search has anyway; .* val_accuracy:max,parameters"),
        ("val_accuracy:max,speed:min", "'speed' is unknown; "),
        ("val_accurracy:max,bytes:min", "did you mean 'val_accuracy'"),
        ("val_accuracy:max,bytes", "must end in :max or :min"),
        ("val_accuracy:up,bytes:min", "must end in :max or :min"),
        ("val_accuracy:max,val_accuracy:min", "val_accuracy is there twice"),
        ("bytes:min,val_accuracy:max", "the first must be a score of val, one of val_accuracy, "),
        ("val_mse:min,bytes:min", "'val_mse' is unknown"),
        ("", "'' is unknown"),
    ],
)
def test_anything_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput, match=said) as refused:
        parse_objectives(text, find_space("mnist"))
    assert str(refused.value).startswith("--objectives ") and "\n" not in str(refused.value)


def test_the_first_aim_is_what_a_search_is_scored_by(tmp_path: Path) -> None:
    plan = cheap_plan(tmp_path, objectives="val_loss:min,bytes:min")
    assert (plan.space.metric, plan.space.direction) == ("val_loss", "min")
    with pytest.raises(BadInput, match=r"--sampler cmaes: does one aim only; .* tpe or nsga2"):
        cheap_plan(tmp_path, objectives=TWO, sampler="cmaes")


def status(trial: str, score: float, parameters: float, **changes: Any) -> TrialStatus:
    values = {"val_accuracy": score, "parameters": parameters}
    return replace(TrialStatus(trial, "COMPLETE", score, 1, 2, 3.0, 0, values=values), **changes)


def test_the_front_is_what_no_other_beats() -> None:
    trials = [
        status("a", 0.9, 100),
        status("b", 0.8, 50),
        status("c", 0.85, 200),  # a is better in both
        status("d", 0.8, 60),  # b has fewer
        status("e", 0.9, 100),  # as good as a: neither beats the other
        status("f", 0.1, 10),
        status("g", 0.95, 5, feasible=False),
        replace(status("h", 0.99, 1), state="FAIL", score=None, values={}),
        status("i", 0.99, 1, values={}),  # nothing is known of it yet
    ]
    assert [s.trial for s in front(trials, AIMS)] == ["a", "e", "b", "f"]
    turned = (Objective("val_accuracy", "min"), Objective("parameters", "max"))
    assert [s.trial for s in front(trials, turned)] == ["f", "d", "c"]
    assert front(trials, ()) == []
    assert [s.trial for s in best_first(trials, (), "max")][:2] == ["i", "a"]
    assert best_first(trials, AIMS, "max") == front(trials, AIMS)


def test_values_are_those_of_the_best_epoch_and_the_least_of_a_measurement() -> None:
    names = ("val_loss", "val_accuracy", *MEASURED, "epoch_seconds")
    lines: list[dict[str, Any]] = []
    found = TrialStatus("t0000", "RUNNING", None, None, 0, 0.0, 0)
    for epoch, loss, accuracy, latency in (
        (1, 0.5, 0.7, 3.0),
        (2, 0.4, 0.8, 1.0),
        (3, 0.6, 0.9, 2.0),
    ):
        best = epoch if epoch < 3 else 2
        found = replace(found, epochs=epoch, seconds=2.0 * epoch, best_epoch=best, score=0.4)
        line = {"val_loss": loss, "val_accuracy": accuracy, "latency_ms": latency}
        lines.append({**line, "parameters": 7, "bytes": 28, "epoch": epoch, "seconds": 2.0})
        found = replace(found, values=values_of(found, lines[-1], names, found.values))
    assert values_at_end(found, lines, names) == found.values
    assert found.values == {
        "val_loss": 0.4,
        "val_accuracy": 0.8,  # of the second epoch too
        "parameters": 7,
        "bytes": 28,
        "latency_ms": 1.0,
        "epoch_seconds": 2.0,
    }


def aiming(rehearse: Rehearse, **options: Any) -> Rehearsal:
    search = rehearse("hidden=8,16,64", **{"trials": 9, "objectives": TWO} | options)
    work = search.work

    def with_size(trial: str, epoch: int, score: float, *, tell: bool = True) -> dict[str, Any]:
        config = search.suggestions[trial]["parameters"]
        size = measured(TASK.network(TASK.Config(**config), META))["parameters"]
        search.extra = {"parameters": size}
        return work(trial, epoch, score, tell=tell)

    search.work = with_size  # type: ignore[method-assign]
    return search


@pytest.mark.parametrize("sampler", ["tpe", "nsga2", "gp", "random", "qmc"])
def test_the_study_is_told_all_values_and_no_steps(sampler: str, rehearse: Rehearse) -> None:
    search = aiming(rehearse, sampler=sampler, scheduler="none")
    for number in range(9):
        trial = search.begin() or ""
        score = 0.5 + number / 100
        if number % 4 == 3:
            search.work(trial, 1, score)
            search.end(trial, {"epoch": 1})
        else:
            search.complete(trial, [score - 0.2, score, score - 0.1])
    assert [d.name for d in search.study.directions] == ["MAXIMIZE", "MINIMIZE"]
    for told in search.study.trials:
        found = search.status(f"t{told.number:04d}")
        assert told.state.name == found.state and not told.intermediate_values
        assert list(found.values) == ["val_accuracy", "parameters"]
        assert found.values["val_accuracy"] == found.score
        complete = told.state == TrialState.COMPLETE
        assert told.values == (list(found.values.values()) if complete else None)
    best = {f"t{trial.number:04d}" for trial in search.study.best_trials}
    ours = front(search.recorder.statuses.values(), search.plan.objectives)
    assert len(best) > 0 and len(ours) > 0
    assert all(search.experiment.trial(s.trial).best.is_file() for s in ours)


def test_what_a_running_trial_beats_for_a_while_keeps_its_weights(rehearse: Rehearse) -> None:
    search = aiming(
        rehearse, sampler="random", trials=9, objectives="val_accuracy:max,val_loss:min"
    )
    for _ in range(6):
        search.complete(search.begin() or "", [0.5, 0.5, 0.6])  # line's val_loss: 2.5 / epoch
    low, high = search.begin() or "", search.begin() or ""
    search.work(high, 3, 0.9)  # better than low in both, as it stands
    search.extra = {}
    search.complete(low, [0.1, 0.1, 0.2])
    search.end(high, {"epoch": 3, "val_accuracy": float("nan"), DIVERGED: "loss is nan"})
    unbeaten = front(search.recorder.statuses.values(), search.plan.objectives)
    assert all(search.experiment.trial(s.trial).best.is_file() for s in unbeaten)


def test_finalists_come_from_the_front(rehearse: Rehearse) -> None:
    search = aiming(rehearse, sampler="random", trials=6, finalists=4, repeats=1)
    for number in range(6):
        search.complete(search.begin() or "", [0.5, 0.5, 0.6 + number / 100])
    unbeaten = [s.trial for s in front(search.recorder.statuses.values(), search.plan.objectives)]
    choice = search.run_again()
    assert set(choice.trials) - {search.plan.baseline} == set(unbeaten[:4]) - {search.plan.baseline}
    assert len(unbeaten) < 4  # fewer than were asked for, and no other was taken


def test_a_resumed_search_has_the_same_aims(rehearse: Rehearse) -> None:
    first = aiming(rehearse, name="killed")
    trial = first.begin() or ""
    first.work(trial, 1, 0.5)
    ended = first.begin() or ""
    first.complete(ended, [0.1, 0.2, 0.3])
    second = aiming(rehearse, name="killed")
    assert second.begin() == trial
    assert second.status(ended).values == first.status(ended).values != {}
    second.complete(trial, [0.5, 0.6, 0.7][1:])
    assert second.study.trials[0].state == TrialState.COMPLETE


def test_a_warm_start_brings_all_values(rehearse: Rehearse, grey_splits: Splits) -> None:
    first = aiming(rehearse, name="first", trials=3)
    write_json(first.experiment.plan, first.plan.to_json(grey_splits))
    for _ in range(3):
        first.complete(first.begin() or "", [0.1, 0.2, 0.3])
    second = aiming(rehearse, name="second", trials=3, warm_start="first")
    came = [trial for trial in second.study.trials if trial.state == TrialState.COMPLETE]
    assert [trial.values for trial in came] == [t.values for t in first.study.trials]
    with pytest.raises(BadInput, match="it was after val_accuracy:max,parameters:min, this one is"):
        aiming(rehearse, name="third", warm_start="first", objectives=None)


def test_a_worker_measures_what_is_asked_for(rehearse: Rehearse, grey_splits: Splits) -> None:
    search = rehearse(objectives="val_accuracy:max,latency_ms:min,bytes:min", trials=2)
    settings = replace(search.settings, measured=("latency_ms", "bytes"))
    trial = search.begin() or ""
    suggestion = search.suggestions[trial]
    legs = [Leg(**leg) for leg in suggestion["legs"]]
    arguments = (TASK, trial, legs, grey_splits.closed())
    run = TrialRun(*arguments, settings, True)
    line = run.run_epoch()
    assert 0 < line["latency_ms"] < 100 and line["bytes"] == measured(run.trainer.module)["bytes"]
    assert "parameters" not in line
    again = TrialRun(*arguments, settings, True)  # from the checkpoint
    assert again.trainer.result == line == search.experiment.trial(trial).read_results()[0]
    plain = TrialRun(*arguments, search.settings, True).run_epoch()
    assert not set(MEASURED) & set(plain)
