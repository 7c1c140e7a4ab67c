"""`--warm-start`: what earlier experiments tell a study, and what they must not."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from optuna.trial import TrialState

from tests.tuning.rehearsal import Rehearsal, cheap_plan
from tests.tuning.test_samplers import run
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import read_json, write_json
from tuning.warm_start import IMPORTED, check_experience, find_experience, import_trials

Rehearse = Callable[..., Rehearsal]
LR = "lr=0.001..0.01:log"


@pytest.fixture
def earlier(rehearse: Rehearse, grey_splits: Splits) -> Rehearsal:
    """Ten trials: six complete, two stopped, two failed."""
    made = rehearse(LR, "optimizer=adam", name="earlier", trials=10, sampler="random")
    write_json(made.experiment.plan, made.plan.to_json(grey_splits))
    run(made, 10)
    return made


def imported(search: Rehearsal) -> dict[str, Any]:
    return {
        trial.user_attrs[IMPORTED]: trial
        for trial in search.study.trials
        if IMPORTED in trial.user_attrs
    }


def test_trials_come_as_what_they_were(earlier: Rehearsal, rehearse: Rehearse) -> None:
    now = rehearse(LR, "optimizer=adam", name="now", trials=4, warm_start="earlier")
    came = imported(now)
    failed = {f"earlier/t{number:04d}" for number in (4, 9)}
    assert set(came) == {f"earlier/t{number:04d}" for number in range(10)} - failed
    for trial in came.values():
        number = int(trial.user_attrs[IMPORTED][-4:])
        was = earlier.study.trials[number]
        assert (trial.state, trial.params) == (was.state, was.params)
        assert trial.intermediate_values == was.intermediate_values
        assert trial.distributions == was.distributions
        if was.state == TrialState.COMPLETE:
            assert trial.value == was.value
    record = str(now.source.imported)
    assert record == "Warm start: 8 trials of earlier; left out: 2 without a score"


def test_they_are_not_counted_and_have_no_directory(earlier: Rehearsal, rehearse: Rehearse) -> None:
    now = rehearse(LR, "optimizer=adam", name="now", trials=4, warm_start="earlier")
    run(now, 4)
    assert now.begin() is None
    own = [directory.id for directory in now.experiment.trials()]
    assert own[0] == "t0000" == now.plan.baseline and len(own) == 4
    assert len(now.study.trials) == 4 + 8
    assert {t.state for t in now.study.trials} <= {
        TrialState[s] for s in ("COMPLETE", "PRUNED", "FAIL")
    }


def test_the_sampler_learns_from_them_at_once(earlier: Rehearsal, rehearse: Rehearse) -> None:
    options = {"trials": 3, "sampler": "tpe"}
    cold = rehearse(LR, "optimizer=adam", name="cold", **options)
    warm = rehearse(LR, "optimizer=adam", name="warm", warm_start="earlier", **options)
    first = [run(found, 3)[2] for found in (cold, warm)]
    assert first[0] != first[1]  # the model instead of a random start


def test_an_interrupted_import_is_ended_and_none_comes_twice(
    earlier: Rehearsal, rehearse: Rehearse
) -> None:
    now = rehearse(LR, "optimizer=adam", name="now", trials=4, warm_start="earlier")
    again = import_trials(now.study, now.plan.space, now.plan.warm_start, now.limits)
    assert again == now.source.imported
    assert len(imported(now)) == 8 and len(now.study.trials) == 8 + 2  # baseline, start: waiting
    begun = now.begin()
    resumed = rehearse(LR, "optimizer=adam", name="now", trials=4, warm_start="earlier")
    assert resumed.source.imported is None  # what came since does not change a search under way
    assert resumed.begin() == begun == "t0000"


def test_wider_ranges_and_conditions_are_heeded(earlier: Rehearsal, rehearse: Rehearse) -> None:
    wider = ["lr=0.0001..0.1:log", "optimizer=adam,sgd"]
    assert len(imported(rehearse(*wider, name="wider", warm_start="earlier"))) == 8
    narrow = rehearse("lr=0.001..0.003:log", "optimizer=adam", name="narrow", warm_start="earlier")
    inside = [t for t in earlier.study.trials if t.params["lr"] <= 0.003 and t.state.name != "FAIL"]
    assert 0 < len(imported(narrow)) == len(inside) < 8
    assert "outside today's ranges" in str(narrow.source.imported)
    for settings, options, reason in (
        ([LR, "optimizer=adamw"], {}, "8 with another value of what is not searched"),
        ([LR, "optimizer=adam"], {"max_epochs": 4}, "8 of another length"),
    ):
        found = rehearse(*settings, name=reason[:9], warm_start="earlier", **options)
        assert not imported(found) and reason in str(found.source.imported)
    directory = earlier.experiment.trial("t0001")  # of a version that knew fewer parameters
    config = directory.read_config()
    del config["dropout"]
    directory.write_config(config)
    found = rehearse(LR, "optimizer=adam", name="older", warm_start="earlier")
    assert len(imported(found)) == 7 and "1 with other parameters" in str(found.source.imported)


def test_several_experiments_give_what_they_have(
    earlier: Rehearsal, rehearse: Rehearse, tmp_path: Path
) -> None:
    shutil.copytree(earlier.plan.root, tmp_path / "copy")
    both = rehearse(LR, "optimizer=adam", name="both", warm_start="earlier, copy")
    assert str(both.source.imported).startswith("Warm start: 8 trials of earlier, 8 trials of copy")
    assert len(imported(both)) == 16


def test_other_data_is_refused(earlier: Rehearsal, grey_splits: Splits) -> None:
    roots = (earlier.plan.root,)
    check_experience(roots, grey_splits)
    other = replace(grey_splits, digest="0123456789abcdef")
    with pytest.raises(
        BadInput, match=r"earlier: it was on other data, .* split seed 0"
    ) as refused:
        check_experience(roots, other)
    assert "0123456789ab" in str(refused.value) and grey_splits.digest[:12] in str(refused.value)


def test_a_damaged_trial_is_refused(earlier: Rehearsal, grey_splits: Splits) -> None:
    (earlier.experiment.trial("t0003").root / "status.json").write_text('{"trial": ')
    with pytest.raises(BadInput, match=r"--warm-start earlier: .*t0003 is damaged"):
        check_experience((earlier.plan.root,), grey_splits)


def test_another_task_metric_or_a_missing_one_is_refused(
    earlier: Rehearsal, tmp_path: Path
) -> None:
    space = earlier.plan.space
    assert find_experience("earlier", space, (), tmp_path) == (earlier.plan.root,)
    with pytest.raises(BadInput, match="--warm-start nothing: no experiment of that name"):
        find_experience("earlier,nothing", space, (), tmp_path)
    with pytest.raises(BadInput, match="--warm-start earlier,earlier: earlier is there twice"):
        find_experience("earlier,earlier", space, (), tmp_path)
    with pytest.raises(BadInput, match="searched mnist_cnn for the max val_accuracy, this one mni"):
        find_experience("earlier", replace(space, metric="val_loss", direction="min"), (), tmp_path)
    record = read_json(earlier.experiment.plan)
    earlier.experiment.plan.write_text(json.dumps(record | {"layout": record["layout"] - 1}))
    with pytest.raises(BadInput, match="--warm-start earlier: written by an older version"):
        find_experience("earlier", space, (), tmp_path)
    del record["data"]
    earlier.experiment.plan.write_text(json.dumps(record))
    with pytest.raises(BadInput, match=r"--warm-start earlier: .*plan\.json is damaged"):
        find_experience("earlier", space, (), tmp_path)


@pytest.mark.parametrize("sampler", ["random", "qmc", "nsga2", "cmaes"])
def test_a_sampler_that_would_not_learn_is_refused(
    sampler: str, earlier: Rehearsal, tmp_path: Path
) -> None:
    with pytest.raises(BadInput, match=f"--sampler {sampler} does not learn .*; take tpe or gp"):
        cheap_plan(tmp_path, LR, warm_start="earlier", sampler=sampler)
