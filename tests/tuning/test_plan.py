"""A plan is checked when it is made, and an experiment is found by name or path."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.tuning.rehearsal import cheap_plan, line
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import append_line
from tuning.experiment import Experiment, trial_id
from tuning.status import TrialStatus


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"concurrency": 0}, "--concurrency 0"),
        ({"concurrency": -2}, "--concurrency -2"),
        ({"cpus_per_trial": 0}, "--cpus-per-trial 0"),
        ({"patience": 0}, "--patience 0"),
        ({"seed": -1}, "--seed -1"),
        ({"seed": 2**32}, "--seed 4294967296"),
        ({"gpus_per_trial": -0.5}, "--gpus-per-trial -0.5"),
        ({"gpus_per_trial": 1.5}, "--gpus-per-trial 1.5"),
        ({"gpus_per_trial": float("nan")}, "--gpus-per-trial nan"),
        ({"name": ""}, "--name ''"),
        ({"name": "a/b"}, "--name 'a/b'"),
        ({"name": ".."}, r"--name '\.\.'"),
    ],
)
def test_a_plan_refuses_bad_values(change: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=said):
        replace(cheap_plan(tmp_path), **change)


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"split_seed": -1}, "--split-seed -1"),
        ({"split_seed": 2**32}, "--split-seed 4294967296"),
        ({"directory": Path("x")}, "--data embedded"),
    ],
)
def test_a_plan_refuses_a_bad_request(request_: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=said):
        cheap_plan(tmp_path, data=DataRequest("embedded", **request_))


@pytest.mark.parametrize(("name", "value"), [("trials", 0), ("epochs", 0), ("grace_period", 0)])
def test_a_space_refuses_no_length(name: str, value: int, tmp_path: Path) -> None:
    change: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"{name}=0: must be 1 or more"):
        replace(cheap_plan(tmp_path).space, **change)


@pytest.mark.parametrize(
    ("concurrency", "cpus", "gpus", "has_cpus", "has_gpus", "said"),
    [
        (2, 2, 0.0, 3, 0, "needs 4 CPUs, here has 3"),
        (1, 1, 1.0, 2, 0, r"--gpus-per-trial 1: here has 0 GPU"),
        (3, 1, 0.5, 8, 1, "--concurrency 3 x --gpus-per-trial 0.5: .* 2 at a time"),
        (5, 1, 0.4, 8, 2, "--concurrency 5 x --gpus-per-trial 0.4: .* 4 at a time"),
        (2, 1, 2.0, 8, 3, "--concurrency 2 x --gpus-per-trial 2: .* 1 at a time"),
    ],
)
def test_more_than_there_is(
    concurrency: int,
    cpus: int,
    gpus: float,
    has_cpus: int,
    has_gpus: int,
    said: str,
    tmp_path: Path,
) -> None:
    plan = replace(
        cheap_plan(tmp_path),
        concurrency=concurrency,
        cpus_per_trial=cpus,
        gpus_per_trial=gpus,
    )
    with pytest.raises(BadInput, match=said):
        plan.check_resources(has_cpus, has_gpus, "here")
    plan.check_resources(99, 99, "here")


def test_trial_seed_is_a_function_of_seed_and_number(tmp_path: Path) -> None:
    plan = cheap_plan(tmp_path, seed=3)
    other = cheap_plan(tmp_path, "lr=0.1", seed=3, name="other", trials=9)
    seeds = [plan.trial_seed(number) for number in range(-1, 200)]
    assert seeds == [other.trial_seed(number) for number in range(-1, 200)]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**32 for seed in seeds)
    another = cheap_plan(tmp_path, seed=4)
    assert not set(seeds) & {another.trial_seed(number) for number in range(-1, 200)}


def test_plan_json_says_enough_to_run_again(tmp_path: Path, digits: Splits) -> None:
    plan = cheap_plan(tmp_path, "lr=1e-4..1e-2:log", seed=5)
    written = json.loads(json.dumps(plan.to_json(digits)))
    assert (written["space"], written["seed"], written["data"]["split_seed"]) == ("mnist", 5, 0)
    assert written["data"]["provenance"]["kind"] == "stand-in"
    assert written["data"]["digest"] == digits.digest
    assert (written["data"]["train"], written["data"]["val"]) == (
        len(digits.train),
        len(digits.val),
    )
    assert {"python", "torch", "ray", "optuna"} <= set(written["versions"])
    assert set(written["search_space"]["distributions"]) == set(plan.space.distributions)
    assert written["search_space"]["baseline"] == plan.space.baseline
    assert {"commit", "clean", "trainables_sha256"} == set(written["code"])


def _experiment(root: Path) -> Path:
    root.mkdir(parents=True)
    (root / "plan.json").write_text("{}")
    return root


def test_an_experiment_is_found_by_name_or_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = _experiment(tmp_path / "results" / "mine")
    storage = tmp_path / "results"
    assert Experiment.find("mine", storage).root == root
    assert Experiment.find(str(root), tmp_path / "elsewhere").root == root
    monkeypatch.chdir(root.parent)
    assert Experiment.find("./mine", tmp_path / "elsewhere").root == root
    _experiment(tmp_path / "other" / "mine")
    assert Experiment.find("mine", tmp_path / "other").root == tmp_path / "other" / "mine"
    with pytest.raises(BadInput, match="yours: no experiment of that name in"):
        Experiment.find("yours", storage)
    (storage / "empty").mkdir()
    with pytest.raises(BadInput, match="empty: no experiment"):
        Experiment.find("empty", storage)


def test_records_on_disk(tmp_path: Path) -> None:
    directory = Experiment(tmp_path).trial(trial_id(7))
    assert directory.id == "t0007"
    assert Experiment(tmp_path).trials() == []
    directory.write_config({"lr": 0.1, "nesterov": False, "optimizer": "sgd"})
    assert directory.read_config() == {"lr": 0.1, "nesterov": False, "optimizer": "sgd"}
    status = TrialStatus("t0007", "FAIL", None, None, 2, 1.5, 11, "a cause: ü")
    directory.write_status(status)
    assert directory.read_status() == status
    assert directory.read_results() == []
    directory.append_result(line(1, 0.5))
    with directory.results.open("a") as file:
        file.write('{"epoch": 2, "tor')
    assert directory.read_results() == [line(1, 0.5)]
    assert Experiment(tmp_path).trials() == [directory]
    append_line(tmp_path / "some.jsonl", {"a": 1})
    append_line(tmp_path / "some.jsonl", {"a": 2})
    assert (tmp_path / "some.jsonl").read_text() == '{"a": 1}\n{"a": 2}\n'
