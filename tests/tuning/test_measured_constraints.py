"""`--constraint` on what only training shows: held after each epoch, ranked by, told, kept."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from optuna.trial import FrozenTrial, TrialState

from search_spaces.find import find_space
from tests.tuning.rehearsal import Rehearsal
from tests.tuning.test_promotion import promoted
from tests.tuning.test_samplers import run
from tests.tuning.test_warm_start import earlier  # noqa: F401
from trainables.errors import BadInput
from tuning.constraints import parse_constraints, to_measure
from tuning.objectives import parse_objectives
from tuning.options import SAMPLERS
from tuning.recovery import REFUSED
from tuning.status import ranked
from tuning.trainable import DIVERGED

Rehearse = Callable[..., Rehearsal]
GOOD = "val_accuracy>=0.5"
ONE_RANGE = ("lr=1e-4..0.1:log", "optimizer=adam", "rotate=0", "scale=0", "shift=0", "dropout=0",
             "weight_decay=0", "schedule=constant", "label_smoothing=0")  # fmt: skip


def held(rehearse: Rehearse, *constraints: str, **options: Any) -> Rehearsal:
    chosen = {"trials": 4, "sampler": "random", "constraints": list(constraints)}
    return rehearse(**chosen | options)


def told(search: Rehearsal, trial: str) -> FrozenTrial:
    return search.study.trials[int(trial[1:])]


def begun(search: Rehearsal) -> str:
    trial = search.begin()
    assert trial is not None
    return trial


def test_the_scores_are_those_of_the_task() -> None:
    texts = ["val_loss<=0.5", "latency_ms < 2", "epoch_seconds<=9.5", "bytes<1e6"]
    found = parse_constraints([*texts, "val_accuracy>=0.9"], find_space("mnist"))
    assert [c.after_training for c in found] == [True, True, True, False, True]
    nats, perplexity = parse_constraints(
        ["val_nats<=1.6", "val_perplexity<6"], find_space("char_rnn")
    )
    assert (nats.measure, perplexity.excess(6.0) > 0) == ("val_nats", True)
    with pytest.raises(BadInput, match="val_perplexity lies between 1 and inf"):
        parse_constraints(["val_perplexity<0.5"], find_space("char_rnn"))


def test_workers_measure_what_an_aim_or_a_constraint_needs() -> None:
    mnist = find_space("mnist")
    limits = parse_constraints(["parameters<=1e6", "latency_ms<=5", "val_loss<=1"], mnist)
    assert to_measure((), limits) == ("latency_ms",)
    aims = parse_objectives("val_accuracy:max,bytes:min", mnist)
    assert to_measure(aims, limits) == ("bytes", "latency_ms")
    assert to_measure((), parse_constraints(["epoch_seconds<=5"], mnist)) == ()


def test_what_breaks_one_was_trained_and_is_not_ranked(rehearse: Rehearse) -> None:
    search = held(rehearse, GOOD, "val_loss<=3")
    baseline, good, stopped, failed = (begun(search) for _ in range(4))
    search.complete(baseline, [0.1, 0.2, 0.3])
    search.complete(good, [0.2, 0.6, 0.55])
    search.work(stopped, 1, 0.4)
    search.end(stopped, {"epoch": 1})
    search.work(failed, 1, 0.4)
    search.end(failed, {"epoch": 2, "val_accuracy": float("nan"), DIVERGED: "loss is nan"})
    assert search.begin() is None and search.source.refused == 0  # all four count
    states = {name: search.status(name).state for name in (baseline, good, stopped, failed)}
    assert list(states.values()) == ["COMPLETE", "COMPLETE", "PRUNED", "FAIL"]
    found = search.status(baseline)
    assert (found.score, found.feasible, found.beyond) == (0.3, False, [GOOD])
    assert found.excess == {GOOD: pytest.approx(0.2), "val_loss<=3": pytest.approx(2.5 / 3 - 3)}
    assert search.status(good).feasible and not search.status(stopped).feasible
    statuses = search.recorder.statuses.values()
    assert [status.trial for status in ranked(statuses, "max")] == [good]
    for name, state in states.items():
        assert told(search, name).state.name == state
        assert told(search, name).constraints == search.status(name).excess
        assert REFUSED not in told(search, name).user_attrs
    assert told(search, baseline).value == 0.3
    assert search.study.best_trial.number == int(good[1:])


def test_the_values_are_those_that_aims_have(rehearse: Rehearse) -> None:
    limits = ("val_loss<=1.0", "latency_ms<=2", "latency_ms>=2", "epoch_seconds<=0.5")
    search = held(rehearse, *limits)
    trial = begun(search)
    feasible, excess = [], {}
    for epoch, (score, latency) in enumerate([(0.5, 3.0), (0.4, 1.0), (0.6, 4.0)], 1):
        search.extra = {"latency_ms": latency}
        search.work(trial, epoch, score)
        feasible.append(search.status(trial).feasible)
        excess[epoch] = list(search.status(trial).excess.values())
    # The loss of the best epoch by accuracy (2.5, 2.5, 0.83), the least latency (3, 1, 1).
    assert excess[1] == pytest.approx([1.5, 1.0, -1.0, 0.0])
    assert excess[2] == pytest.approx([1.5, -1.0, 1.0, 0.0])
    assert excess[3] == pytest.approx([2.5 / 3 - 1, -1.0, 1.0, 0.0])
    assert feasible == [False, False, False]


def test_a_trial_may_come_to_keep_it_or_to_break_it(rehearse: Rehearse) -> None:
    search = held(rehearse, GOOD, "epoch_seconds<=0.6")
    trial = begun(search)
    feasible = []
    for epoch, (score, seconds) in enumerate([(0.4, 0.5), (0.6, 0.5), (0.5, 1.5)], 1):
        search.extra = {"seconds": seconds}
        search.work(trial, epoch, score)
        feasible.append(search.status(trial).feasible)
    assert feasible == [False, True, False]


def test_a_baseline_that_breaks_one_before_training_stays_infeasible(rehearse: Rehearse) -> None:
    search = held(rehearse, "parameters<=10", GOOD)
    baseline = begun(search)
    search.work(baseline, 1, 0.4)
    search.work(baseline, 2, 0.9)
    assert search.status(baseline).beyond == [] and not search.status(baseline).feasible


@pytest.mark.parametrize("objectives", [None, "val_accuracy:max,val_loss:min"])
@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "grid"])
def test_every_sampler_takes_them(sampler: str, objectives: str | None, rehearse: Rehearse) -> None:
    if sampler == "cmaes" and objectives:
        return  # it does one aim
    limits = ("parameters<=1e6", "val_accuracy>=0.87", "val_loss<=2")
    settings = ("lr=1e-3..0.02:log", *ONE_RANGE[1:-2]) if sampler != "cmaes" else ()
    search = rehearse(
        *settings,
        sampler=sampler,
        scheduler="none",
        trials=12,
        objectives=objectives,
        constraints=list(limits),
    )
    run(search, 12)
    assert search.begin() is None
    seen = [status.feasible for status in search.recorder.statuses.values()]
    assert True in seen and False in seen
    for trial in search.study.trials:
        known = list(limits) if trial.state != TrialState.FAIL else list(limits)[:1]
        assert [*trial.constraints] == ["parameters<=1000000", *known[1:]]


def test_a_grid_takes_them(rehearse: Rehearse) -> None:
    settings = ("lr=0.001,0.01", *ONE_RANGE[1:-1], "label_smoothing=0,0.1")
    search = rehearse(*settings, trials=4, sampler="grid", constraints=["val_accuracy>=0.87"])
    run(search, 4)
    assert [len(t.constraints) for t in search.study.trials] == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("sampler", "trials", "fixed"),
    # Of one parameter a child of a genetic algorithm is a mutant each time.
    [("tpe", 20, ONE_RANGE), ("gp", 12, ONE_RANGE), ("nsga2", 32, ONE_RANGE[:2])],
)
def test_a_sampler_learns_where_it_is_kept(
    sampler: str, trials: int, fixed: tuple[str, ...], rehearse: Rehearse
) -> None:
    """The best is where lr is large, and the constraint broken."""

    def beyond(name: str, *constraints: str) -> int:
        options = {"sampler": sampler, "scheduler": "none", "trials": trials, "max_epochs": 1}
        search = rehearse(*fixed, name=name, constraints=list(constraints), **options)
        places = []
        while (trial := search.begin()) is not None:
            places.append(math.log10(search.suggestions[trial]["parameters"]["lr"]))
            search.extra = {"val_loss": places[-1] + 5}
            score = max(0.9 - 0.2 * abs(places[-1] + 1.5), 0.7 - 0.2 * abs(places[-1] + 3.5))
            search.complete(trial, [score])
        return sum(place > -2.4 for place in places[trials // 2 :])

    assert beyond("bound", "val_loss<=2.5") < beyond("free") / 2


def test_an_end_that_the_study_missed(rehearse: Rehearse) -> None:
    first = held(rehearse, GOOD, "latency_ms<=2", name="killed")
    trial = begun(first)
    first.extra = {"latency_ms": 3.0}
    first.work(trial, 1, 0.4, tell=False)
    first.recorder.catch_up(trial)
    first.recorder.end(trial, "COMPLETE")  # killed before the study was told
    second = held(rehearse, GOOD, "latency_ms<=2", name="killed")
    assert told(second, trial).state == TrialState.COMPLETE
    assert told(second, trial).constraints == {GOOD: pytest.approx(0.1), "latency_ms<=2": 1.0}


def test_a_kill_between_two_constraints_and_the_end(rehearse: Rehearse) -> None:
    first = held(rehearse, GOOD, "val_loss<=2", name="killed")
    trial = begun(first)
    first.work(trial, 1, 0.4, tell=False)
    first.recorder.catch_up(trial)
    first.recorder.end(trial, "PRUNED")
    first.source._optuna[trial].set_constraint(GOOD, first.status(trial).excess[GOOD])
    second = held(rehearse, GOOD, "val_loss<=2", name="killed")
    assert told(second, trial).state == TrialState.PRUNED
    assert told(second, trial).constraints == first.status(trial).excess


def test_a_resumed_trial_knows_what_was_measured_before(rehearse: Rehearse) -> None:
    first = held(rehearse, "latency_ms<=2", GOOD, name="killed")
    trial, ended = begun(first), begun(first)
    first.extra = {"latency_ms": 1.5}
    first.work(trial, 1, 0.6)
    first.complete(ended, [0.1, 0.1, 0.1])
    second = held(rehearse, "latency_ms<=2", GOOD, name="killed")
    assert second.status(trial) == first.status(trial)
    assert second.recorder.statuses[ended].beyond == [GOOD]
    assert begun(second) == trial
    second.extra = {"latency_ms": 9.0}
    second.work(trial, 2, 0.3)
    second.end(trial, {"finished": True})
    assert second.status(trial).excess == {"latency_ms<=2": -0.5, GOOD: pytest.approx(-0.1)}
    assert told(second, trial).constraints == second.status(trial).excess


def test_a_warm_start_tells_what_is_known_of_others(
    earlier: Rehearsal,  # noqa: F811
    rehearse: Rehearse,
) -> None:
    settings = ("lr=0.001..0.01:log", "optimizer=adam")
    options = {"trials": 6, "warm_start": "earlier", "sampler": "gp", "scheduler": "none"}
    limits = ["parameters<=1e6", "val_accuracy>=0.87", "epoch_seconds<=2"]
    warm = rehearse(*settings, name="warm", constraints=limits, **options)
    came = [trial for trial in warm.study.trials if trial.state.is_finished()]
    assert len(came) == 8
    for trial in came:
        assert list(trial.constraints)[1:] == limits[1:]
        best = trial.value if trial.state == TrialState.COMPLETE else trial.intermediate_values[1]
        assert trial.constraints[limits[1]] == 0.87 - (best or 0.0)
        assert trial.constraints[limits[2]] == -1.5
    assert {trial.constraints[limits[1]] > 0 for trial in came} == {True, False}
    run(warm, 6)  # a Gaussian process wants as many constraints of every trial
    slow = rehearse(*settings, name="slow", constraints=["latency_ms<=5"], **options)
    assert "8 without latency_ms" in str(slow.source.imported)


def test_a_trial_that_waits_is_shown_as_it_stands(rehearse: Rehearse) -> None:
    run = promoted(rehearse, sampler="tpe", constraints=["val_accuracy>=0.3"])
    run.run(slots=2, epochs=24)
    search, sampler = run.search, run.search.study.sampler
    view = sampler._view(search.study)  # type: ignore[union-attr]
    shown = {f"t{t.number:04d}": t for t in view.get_trials()}
    waiting = search.halts.waiting()  # type: ignore[union-attr]
    for name in waiting:
        assert shown[name].state == TrialState.PRUNED
        assert shown[name].constraints == search.status(name).excess
        assert told(search, name).constraints == {}  # it may still come to keep it
    assert {not search.status(name).feasible for name in waiting} == {True, False}
