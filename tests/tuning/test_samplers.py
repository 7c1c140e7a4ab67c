"""Every sampler of Optuna's on a real study: what it proposes and learns from, what it can't."""

from __future__ import annotations

import itertools
import json
import math
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.distributions import FloatDistribution
from optuna.samplers import CmaEsSampler
from optuna.trial import TrialState

from search_spaces.space import SearchSpace
from tests.tuning.rehearsal import Rehearsal, cheap_plan
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.mnist_cnn import TASK
from tuning.options import SAMPLERS
from tuning.samplers import make_sampler
from tuning.trainable import DIVERGED

Rehearse = Callable[..., Rehearsal]
POINTS = ("optimizer=adam,sgd", "lr=0.001,0.01", "momentum=0.9,0.5", "nesterov=false", "rotate=0",
          "scale=0", "shift=0", "dropout=0", "weight_decay=0", "schedule=constant",
          "label_smoothing=0")  # fmt: skip
SIX = {
    ("adam", 0.001, None),
    ("adam", 0.01, None),
    *itertools.product(["sgd"], [1e-3, 1e-2], [0.5, 0.9]),
}


def point(config: dict[str, Any]) -> tuple[Any, ...]:
    return config["optimizer"], config["lr"], config.get("momentum")


def run(search: Rehearsal, count: int) -> list[dict[str, Any]]:
    """So many trials, one after another: some stopped, some failed, most at their full length."""
    configs = []
    for number in range(count):
        trial = search.begin()
        assert trial is not None
        config = search.suggestions[trial]["parameters"]
        configs.append(config)
        score = 0.9 - abs(config["lr"] - 0.003) * 10
        if number % 5 == 3:
            search.work(trial, 1, score)
            search.end(trial, {"epoch": 1})
        elif number % 5 == 4:
            search.end(trial, {"epoch": 1, "val_accuracy": math.nan, DIVERGED: "loss is nan"})
        else:
            search.complete(trial, [score - 0.1, score - 0.05, score])
    return configs


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "grid"])
def test_a_sampler_searches_a_space_with_conditions(sampler: str, rehearse: Rehearse) -> None:
    search = rehearse(trials=10, sampler=sampler, scheduler="none")
    configs = run(search, 10)
    assert search.begin() is None
    states = [trial.state for trial in search.study.trials]
    assert states == 2 * [*3 * [TrialState.COMPLETE], TrialState.PRUNED, TrialState.FAIL]
    assert [trial.last_step for trial in search.study.trials][:5] == [3, 3, 3, 1, None]
    space = search.plan.space
    assert all(space.contains(config) for config in configs)
    for config in configs:  # momentum only where the optimizer is sgd
        assert ("momentum" in config) == (config["optimizer"] == "sgd")
    assert len({json.dumps(config) for config in configs}) == 10


@pytest.mark.parametrize("sampler", [name for name in SAMPLERS if name != "grid"])
def test_a_resumed_sampler_goes_on(sampler: str, rehearse: Rehearse) -> None:
    first = run(rehearse(trials=20, sampler=sampler, scheduler="none"), 8)
    again = run(rehearse(trials=20, sampler=sampler, scheduler="none"), 8)
    twice = 16 - len({json.dumps(config) for config in [*first, *again]})
    assert twice == 0 or (sampler == "nsga2" and twice <= 3)  # a child may be its parent's twin


def test_a_sobol_sequence_is_the_same_in_two_parts(rehearse: Rehearse) -> None:
    parts = [
        config
        for _ in range(2)
        for config in run(rehearse(trials=20, sampler="qmc", name="parts"), 10)
    ]
    whole = run(rehearse(trials=20, sampler="qmc", name="whole"), 20)
    assert [config["lr"] for config in parts] == [config["lr"] for config in whole]


def test_a_grid_is_tried_whole_and_then_again_under_fresh_seeds(
    rehearse: Rehearse, grey_splits: Splits
) -> None:
    search = rehearse(*POINTS, trials=8, sampler="grid")
    configs = run(search, 8)
    assert {point(config) for config in configs[:6]} == SIX
    assert point(configs[6]) in SIX and point(configs[7]) in SIX
    seeds = [suggestion["seed"] for suggestion in search.suggestions.values()]
    assert len(set(seeds)) == 8  # a repetition says something new
    assert len(search.study.trials) == 8  # and is one of the trials asked for
    assert "6 of its 6 points, then some again" in search.plan.notes(grey_splits)[-1]


def test_points_of_a_grid_that_run_side_by_side_differ(rehearse: Rehearse) -> None:
    search = rehearse(*POINTS, trials=6, sampler="grid", concurrency=1)
    names = [search.begin() for _ in range(6)]
    assert {point(search.suggestions[name or ""]["parameters"]) for name in names} == SIX
    again = rehearse(*POINTS, trials=6, sampler="grid")  # killed, and gone on with
    assert {point(again.suggestions[again.begin() or ""]["parameters"]) for _ in names} == SIX


def test_a_grid_has_as_many_trials_as_points(tmp_path: Path) -> None:
    assert cheap_plan(tmp_path, *POINTS, sampler="grid", trials=None).space.trials == 6
    three = [setting for setting in POINTS if "lr" not in setting]
    coarse = [*three, "lr=0.001,0.002,0.003,0.004,0.005,0.006"]
    assert cheap_plan(tmp_path, *coarse, sampler="grid", trials=None).space.trials == 12  # of 18


REFUSED = [
    ((), "grid", "--sampler grid: lr, .*: a continuous range has no grid; .* --set lr=A,B,C"),
    (POINTS, "cmaes", "--sampler cmaes: needs 2 or more ranges of numbers .*, here are 0; tpe"),
    ((*POINTS, "lr=1e-4..1e-2"), "cmaes", "here are 1: lr; tpe"),
    ((*POINTS, "lr=1e-4..1e-2", "momentum=0.5..0.9"), "cmaes", "here are 1: lr;"),  # only sgd's
]


@pytest.mark.parametrize(("settings", "sampler", "message"), REFUSED)
def test_what_a_sampler_cannot_do_is_refused(
    settings: tuple[str, ...], sampler: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=message) as refused:
        cheap_plan(tmp_path, *settings, sampler=sampler)
    assert "\n" not in str(refused.value)


def test_samplers_that_learn_from_finished_trials_alone_say_so(
    rehearse: Rehearse, grey_splits: Splits
) -> None:
    search = rehearse(sampler="gp", scheduler="asha")
    (note,) = [note for note in search.plan.notes(grey_splits) if "--sampler" in note]
    assert note.startswith("--sampler gp learns nothing from trials that --scheduler asha stops")
    for options in ({"sampler": "gp", "scheduler": "none"}, {"sampler": "tpe"}):
        plan = rehearse(**options, name=options["sampler"]).plan
        assert not [note for note in plan.notes(grey_splits) if "--sampler" in note]


SPACE = SearchSpace(
    TASK, {"lr": FloatDistribution(1e-4, 1e-1, log=True), "dropout": FloatDistribution(0.0, 0.5)}
)


def searched(sampler: optuna.samplers.BaseSampler, trials: int) -> optuna.Study:
    study = optuna.create_study(sampler=sampler, direction="maximize")
    for _ in range(trials):
        trial = study.ask(dict(SPACE.distributions))
        study.tell(trial, -abs(trial.params["lr"] - 0.01) - trial.params["dropout"])
    return study


def test_cmaes_is_optunas_own_without_its_pickle() -> None:
    stock = searched(CmaEsSampler(seed=1), 40)
    ours = make_sampler("cmaes", 60, seed=1, fresh_seed=1)
    assert isinstance(ours, CmaEsSampler)
    trans = optuna._transform._SearchSpaceTransform(
        dict(sorted(SPACE.distributions.items())), transform_0_1=True
    )
    done = ours._get_trials(stock)
    expected: Any = CmaEsSampler()._restore_optimizer(done)  # what Optuna's own has pickled
    assert expected.generation > 3
    made: Any = None
    for count in range(len(done) + 1):  # its pickle is of before the last generation's end
        ours._restore_optimizer(done[:count])
        made = ours._init_optimizer(trans, stock.direction)
        if made.generation == expected.generation:
            break
    assert made._mean == pytest.approx(expected._mean)
    assert made._sigma == pytest.approx(expected._sigma)
    assert pytest.approx(expected._C) == made._C


def test_no_pickle_of_a_study_is_loaded_or_left(tmp_path: Path) -> None:
    ours = searched(make_sampler("cmaes", 60, seed=1, fresh_seed=1), 40)
    keys = {key for trial in ours.trials for key in trial.system_attrs}
    assert "cma:generation" in keys and not [key for key in keys if "optimizer" in key]

    class Bomb:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    fuse = pickle.dumps(Bomb()).hex()
    running = ours.ask(dict(SPACE.distributions))
    ours._storage.set_trial_system_attr(running._trial_id, "cma:optimizer:0", fuse)
    ours.tell(running, 0.0)
    ours.ask(dict(SPACE.distributions))
    assert not (tmp_path / "ran").exists()
    ours.sampler = CmaEsSampler(seed=1)
    ours.ask(dict(SPACE.distributions))
    assert (tmp_path / "ran").exists()  # it would have gone off


def test_cmaes_learns_from_stopped_trials_too() -> None:
    sampler: Any = make_sampler("cmaes", 60, seed=1, fresh_seed=1)
    study = optuna.create_study(sampler=sampler)
    study.tell(study.ask(dict(SPACE.distributions)), 1.0)  # as the baseline is
    for _ in range(30):
        trial = study.ask(dict(SPACE.distributions))
        trial.report(trial.params["lr"], 1)
        study.tell(trial, state=TrialState.PRUNED)
    assert max(trial.system_attrs.get("cma:generation", 0) for trial in study.trials) > 1


def test_a_generation_and_the_random_start_suit_the_search() -> None:
    sizes = [
        make_sampler("nsga2", trials, seed=0, fresh_seed=0)._population_size  # type: ignore[attr-defined]
        for trials in (5, 12, 100, 1000)
    ]
    assert sizes == [4, 4, 20, 50]
