"""`--constraint`: parsed, held before training, told to the study, and never counted."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState, create_trial

from analysis.frames.finalists import finalists, median_rerun
from search_spaces.find import find_space
from tests.tuning.rehearsal import META, Rehearsal
from tests.tuning.test_warm_start import earlier  # noqa: F401
from trainables.errors import BadInput
from trainables.measures import measured
from trainables.mnist_cnn import TASK
from tuning import study_trials
from tuning.constraints import Constraint, Limits, parse_constraints
from tuning.recovery import REFUSED
from tuning.shown import REFUSED_FOR_EACH, Shown
from tuning.status import TrialStatus, ranked

Rehearse = Callable[..., Rehearsal]
SIZES = ("hidden=8,16,64,128",)


def size(config: dict[str, Any]) -> float:
    return measured(TASK.network(TASK.Config(**config), META))["parameters"]


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("parameters<=1e5", [1e5, 0], [100_001]),
        ("parameters < 100000", [99_999], [100_000, 100_001]),
        (" bytes>=4000 ", [4000, 5000], [3999]),
        ("bytes>4000", [4001], [4000, 3999]),
    ],
)
def test_one_comparison_is_parsed(text: str, inside: list[float], outside: list[float]) -> None:
    constraint = Constraint.parse(text)
    assert Constraint.parse(str(constraint)) == constraint
    assert all(constraint.excess(value) <= 0 for value in inside)
    assert all(constraint.excess(value) > 0 for value in outside)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("parameters", "one comparison"),
        ("parameters<=", "one comparison"),
        ("parameters==5", "one comparison"),
        ("1<parameters<5", "one comparison"),
        ("parameters<=5 and bytes<=6", "one comparison"),
        ("parameters<=__import__('os').getpid()", "one comparison"),
        ("parameters<=many", "one comparison"),
        ("parameters<=nan", "finite number"),
        ("parameters<=inf", "finite number"),
        ("speed<=5", "'speed' is unknown; known: parameters, bytes, latency_ms, epoch_seconds, "),
        ("latency<=5", "'latency' is unknown; did you mean 'latency_ms'"),
        ("val_acuracy>=0.5", "'val_acuracy' is unknown; did you mean 'val_accuracy'"),
        ("val_nats<=2", "--constraint val_nats<=2: 'val_nats' is unknown; "),
        ("val_accuracy>=90", "val_accuracy lies between 0 and 1"),
    ],
)
def test_anything_else_is_refused(text: str, said: str) -> None:
    with pytest.raises(BadInput) as refused:
        parse_constraints([text], find_space("mnist"))
    assert said in str(refused.value) and str(refused.value).startswith("--constraint ")
    assert "\n" not in str(refused.value)


def constrained(rehearse: Rehearse, *constraints: str, **options: Any) -> Rehearsal:
    chosen = {"trials": 8, "sampler": "random", "constraints": list(constraints)}
    return rehearse(*SIZES, **chosen | options)


def begin_all(search: Rehearsal) -> list[str]:
    names = []
    while (name := search.begin()) is not None:
        search.complete(name, [0.1, 0.2, 0.3])
        names.append(name)
    return names


def test_what_breaks_it_is_told_and_not_counted(rehearse: Rehearse) -> None:
    bound = size({**TASK.Config().__dict__, "conv1": 4, "conv2": 4, "hidden": 20})
    search = constrained(rehearse, f"parameters<={bound:.0f}", "bytes>=10")
    names = begin_all(search)
    assert len(names) == 8 and search.source.refused > 0
    trials = search.study.trials
    refused = [trial for trial in trials if REFUSED in trial.user_attrs]
    assert len(refused) == search.source.refused == len(trials) - 8
    for trial in trials:
        config = {**search.plan.space.given, **trial.params}
        config = search.plan.space.existing(config)
        excess = size(config) - bound
        assert trial.constraints[f"parameters<={bound:.0f}"] == excess
        assert trial.constraints["bytes>=10"] <= 0
        if trial in refused:
            assert excess > 0 and trial.state == TrialState.PRUNED and trial.value is None
            assert not search.experiment.trial(f"t{trial.number:04d}").root.exists()
        elif trial.number:
            assert excess <= 0
    assert search.study.best_trial.number != 0  # Optuna knows that the baseline breaks it


def test_tpe_does_not_get_stuck_among_those_that_break_it_least(rehearse: Rehearse) -> None:
    cheapest = size({**TASK.Config().__dict__, "conv1": 4, "conv2": 4, "hidden": 8})
    options = {"trials": 12, "sampler": "tpe"}
    search = constrained(rehearse, f"parameters<={cheapest:.0f}", **options)
    assert len(begin_all(search)) == 12
    assert search.source.refused < 150  # one of four is feasible; there were 1,000 in a row

    sampler: Any = search.study.sampler
    shown = [t.number for t in sampler._view(search.study).get_trials()]
    refused = [t.number for t in search.study.trials if REFUSED in t.user_attrs]
    assert set(shown) >= {t.number for t in search.study.trials} - set(refused)
    assert refused[-1] in shown


def test_of_refusals_the_latest_are_shown() -> None:
    def proposal(number: int, refused: bool) -> FrozenTrial:
        trial = create_trial(state=TrialState.PRUNED, user_attrs={REFUSED: True} if refused else {})
        trial.number = number
        return trial

    study = optuna.create_study(sampler=optuna.samplers.RandomSampler())
    study.add_trials([proposal(number, number not in (0, 50)) for number in range(60)])
    seen = [trial.number for trial in Shown(study.sampler)._view(study).get_trials()]
    assert seen == [0, *range(60 - 1 - 2 * REFUSED_FOR_EACH, 60)]
    none = optuna.create_study()
    none.add_trials([proposal(number, True) for number in range(60)])
    seen = [trial.number for trial in Shown(none.sampler)._view(none).get_trials()]
    assert seen == list(range(60 - REFUSED_FOR_EACH, 60))


def test_a_baseline_that_breaks_it_is_trained_and_cannot_win(
    rehearse: Rehearse, grey_splits: Any
) -> None:
    search = constrained(rehearse, "parameters<=4000", trials=3)
    first, second = search.begin() or "", search.begin() or ""
    search.complete(first, [0.9, 0.9, 0.9])
    search.complete(second, [0.1, 0.1, 0.1])
    assert first == search.plan.baseline and not search.status(first).feasible
    assert search.status(second).feasible
    statuses = search.recorder.statuses.values()
    assert [status.trial for status in ranked(statuses, "max")] == [second]
    (note,) = [n for n in search.plan.notes(grey_splits) if "baseline" in n]
    assert "breaks parameters<=4000" in note and "cannot win" in note
    choice = search.run_again()
    assert set(choice.trials) == {first, second}
    names = [search.begin() for _ in choice.reruns]
    feasible = {n: search.experiment.trial(n or "").read_status().feasible for n in names}
    assert feasible == {n: not (n or "").startswith(first) for n in names}


def test_the_search_ends_where_nothing_keeps_it(
    rehearse: Rehearse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(study_trials, "MOST_REFUSED", 25)
    search = constrained(rehearse, "parameters<=10")
    assert begin_all(search) == [search.plan.baseline]
    assert search.source.exhausted and search.source.refused == 25
    assert search.searcher.left == 0 and search.searcher.ended


def test_a_resumed_search_counts_them_once(rehearse: Rehearse) -> None:
    first = constrained(rehearse, "parameters<=4000", name="killed")
    for _ in range(4):
        name = first.begin() or ""
        first.complete(name, [0.1, 0.2, 0.3])
    # Killed between the proposal and its refusal.
    first.study.enqueue_trial({**first.study.trials[1].params, "hidden": 128})
    first.plan.space.sample(first.study.ask())
    before = first.source.refused
    second = constrained(rehearse, "parameters<=4000", name="killed")
    assert second.source.refused == before + 1 and not second.source.interrupted
    assert second.study.trials[-1].state == TrialState.PRUNED
    assert len(begin_all(second)) == 4  # of 8


def test_a_kill_while_a_proposal_is_refused_leaves_none_running(rehearse: Rehearse) -> None:
    first = constrained(rehearse, "parameters<=4000", name="killed")
    first.complete(first.begin() or "", [0.1, 0.2, 0.3])
    trial = first.study.ask()
    first.plan.space.sample(trial)
    trial.set_user_attr(REFUSED, True)  # and was killed before it was told
    second = constrained(rehearse, "parameters<=4000", name="killed")
    assert second.source.refused == first.source.refused + 1
    assert TrialState.RUNNING not in {t.state for t in second.study.trials}


def test_a_network_that_cannot_be_built_is_its_trials_failure(rehearse: Rehearse) -> None:
    search = constrained(rehearse, "parameters<=1e9")

    def broken(config: Any, meta: Any) -> Any:
        raise ArithmeticError("no such network")

    search.limits._task = replace(TASK, network=broken)
    assert search.begin() == "t0000" and search.source.refused == 0


def test_a_warm_start_brings_what_keeps_it(
    earlier: Rehearsal,  # noqa: F811
    rehearse: Rehearse,
) -> None:
    options = {"trials": 4, "warm_start": "earlier", "sampler": "gp", "scheduler": "none"}
    settings = ("lr=0.001..0.01:log", "optimizer=adam")
    loose = rehearse(*settings, name="loose", constraints=["parameters<=1e6"], **options)
    assert all(t.constraints for t in loose.study.trials if t.state.is_finished())
    begin_all(loose)  # a Gaussian process wants the same constraints of every trial
    tight = rehearse(*settings, name="tight", constraints=["parameters<=10"], **options)
    assert "8 beyond a constraint" in str(tight.source.imported)


def test_cmaes_says_nothing_of_what_it_does_not_learn(
    rehearse: Rehearse, recwarn: pytest.WarningsRecorder
) -> None:
    begin_all(constrained(rehearse, "parameters<=4000", sampler="cmaes"))
    assert not [str(w.message) for w in recwarn if "onstraint" in str(w.message)]


def status(trial: str, score: float, feasible: bool) -> TrialStatus:
    return TrialStatus(trial, "COMPLETE", score, 1, 2, 3.0, 0, feasible=feasible)


def test_an_infeasible_finalist_comes_last_and_ties_with_nobody() -> None:
    reruns = {
        "t0000": [status(f"t0000-r{n}", 0.5005 + n / 1000, False) for n in (1, 2, 3)],
        "t0001": [status(f"t0001-r{n}", 0.5 + n / 1000, True) for n in (1, 2, 3)],
        "t0002": [status(f"t0002-r{n}", 0.5, True) for n in (1, 2, 3)],
    }
    scores = {"t0000": 0.9, "t0001": 0.5, "t0002": 0.5}
    frame = finalists(reruns, scores, "max", "best")
    assert list(frame["trial"]) == ["t0001", "t0002", "t0000"]
    assert not frame["tied"].iloc[-1]
    assert median_rerun(reruns["t0000"], "max").trial == "t0000-r2"


def test_limits_build_the_network_of_a_configuration() -> None:
    limits = Limits((Constraint("parameters", "<=", 5000),), TASK, META)
    config = {"conv1": 4, "conv2": 4, "hidden": 8}
    assert limits.broken(config) == []
    assert limits.broken({**config, "hidden": 256}) == ["parameters<=5000"]
    assert Limits((), TASK, None).excess(config) == {}


def test_a_search_that_is_to_end_does_not_wait_for_a_proposal_that_keeps_them(
    rehearse: Rehearse,
) -> None:
    search = constrained(rehearse, "parameters<=10")
    search.complete(search.begin() or "", [0.1, 0.2, 0.3])  # the baseline
    search.source.is_over = lambda: search.source.refused >= 3  # a Ctrl-C after a while
    assert search.searcher.suggest("ray") == "FINISHED"
    assert search.source.refused == 3 and not search.source.exhausted
    assert not search.searcher.ended  # a resumed one goes on
