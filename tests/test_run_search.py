"""The command line: what it refuses, in one line with exit code 2, and what it answers at once."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import run_search
from trainables.hyperparameters import hyperparameters
from trainables.mnist_cnn import Config

ROOT = Path(__file__).resolve().parents[1]
MNIST = ("--space", "mnist", "--data", "embedded")
NUMBERS = ("dropout", "lr=0.001", "label_smoothing", "rotate", "scale", "shift", "momentum=0.9")
CATEGORIES = [o for n in NUMBERS for o in ("--set", n if "=" in n else f"{n}=0")]
FINETUNE = ("--space", "resnet_finetune", "--data", "embedded")
SERIES = ("--space", "forecast_rnn", "--data", "embedded")


def refusal(capsys: pytest.CaptureFixture[str], storage: Path, *arguments: str) -> str:
    """Run a command that must be refused; returns its one line on standard error."""
    before = sorted(storage.iterdir()) if storage.is_dir() else []
    code = run_search.main([*arguments, "--storage", str(storage)])
    error = capsys.readouterr().err
    assert code == 2, error
    assert error.endswith("\n") and len(error.splitlines()) == 1, error
    after = sorted(storage.iterdir()) if storage.is_dir() else []
    assert after == before
    return error


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--space", "cifar1"], ["--space cifar1", "'cifar10'"]),
        (["--space", "mnits"], ["--space mnits", "'mnist'"]),
        (["--space", "nowhere.py"], ["--space nowhere.py"]),
        (["--list", "mnits"], ["--list mnits", "'mnist'"]),
        ([], ["--space", "--list"]),
        (["--sapce", "mnist"], ["--sapce", "--space"]),
        ([*MNIST, "--triles", "3"], ["--triles", "--trials"]),
        ([*MNIST, "--set", "lrr=0.1"], ["--set lrr=0.1", "'lr'"]),
        ([*MNIST, "--enqueue", "nowhere.yaml"], ["--enqueue nowhere.yaml", "No such file"]),
        ([*MNIST, "--set", "batchsize=64"], ["--set batchsize=64", "'batch_size'"]),
        ([*MNIST, "--set", "lr"], ["--set lr", "P=VALUE"]),
        ([*MNIST, "--set", "lr=100"], ["--set lr=100", "lr=100", "10"]),
        ([*MNIST, "--set", "lr=nan"], ["--set lr=nan"]),
        ([*MNIST, "--set", "lr=fast"], ["--set lr=fast", "a number"]),
        ([*MNIST, "--set", "batch_size=2.5"], ["--set batch_size=2.5", "a whole number"]),
        ([*MNIST, "--set", "nesterov=maybe"], ["--set nesterov=maybe", "true or false"]),
        ([*MNIST, "--set", "optimizer=sdg"], ["--set optimizer=sdg", "sgd, adam, adamw"]),
        ([*MNIST, "--set", "optimizer=sgd..adam"], ["--set optimizer=sgd..adam"]),
        ([*MNIST, "--set", "lr=1e-1..1e-4"], ["--set lr=1e-1..1e-4", "wrong way round"]),
        ([*MNIST, "--set", "lr=1e-4..1e-1:lin"], ["--set lr=1e-4..1e-1:lin", ":log"]),
        ([*MNIST, "--set", "dropout=0..0.5:log"], ["--set dropout=0..0.5:log", "above 0"]),
        ([*MNIST, "--set", "hidden=64,64"], ["--set hidden=64,64", "twice"]),
        ([*MNIST, "--set", "epochs=3"], ["--set epochs=3", "--max-epochs"]),
        (
            [*MNIST, "--set", "optimizer=adam", "--set", "momentum=0.5..0.9"],
            ["--set momentum=0.5..0.9", "optimizer=sgd"],
        ),
        ([*MNIST, "--weights", "imagenet"], ["--weights imagenet", "trains from nothing"]),
        ([*FINETUNE, "--weights", "imagnet"], ["--weights imagnet", "'imagenet'"]),
        ([*FINETUNE, "--set", "frozen_stages=6"], ["--set frozen_stages=6", "from 0 to 5"]),
        ([*FINETUNE, "--set", "frozen_stages=2..9"], ["frozen_stages=9", "from 0 to 5"]),
        ([*FINETUNE, "--set", "image_size=16"], ["--set image_size=16", "from 32 to 512"]),
        ([*SERIES, "--set", "horizon=24..96"], ["--set horizon=24..96", "describes the task"]),
        ([*SERIES, "--set", "horizon=24,96"], ["--set horizon=24,96", "horizon=V fixes it"]),
        ([*SERIES, "--set", "targets=load,traffic"], ["targets describes the task"]),
        ([*SERIES, "--set", "targets=a..b"], ["--set targets=a..b", "no number"]),
        ([*SERIES, "--set", "horizon=0"], ["--set horizon=0", "1 to 10000"]),
        ([*SERIES, "--set", "frequency=soon"], ["frequency=", "inferred, or a step such as"]),
        ([*MNIST, "--trials", "0"], ["--trials", "0"]),
        ([*MNIST, "--trials=-3"], ["--trials", "-3"]),
        ([*MNIST, "--trials", "many"], ["--trials", "many"]),
        ([*MNIST, "--max-epochs", "0"], ["--max-epochs", "0"]),
        ([*MNIST, "--max-epochs", "99999"], ["--max-epochs 99999", "10000"]),
        ([*MNIST, "--patience", "0"], ["--patience", "0"]),
        ([*MNIST, "--sampler", "bohb"], ["--sampler", "bohb", "tpe"]),
        ([*MNIST, "--sampler", "grid"], ["--sampler grid: ", "lr", "--set"]),
        ([*MNIST, "--sampler", "cmaes", *CATEGORIES], ["--sampler cmaes", "here are 0"]),
        ([*MNIST, "--scheduler", "sha"], ["--scheduler", "sha", "asha", "pbt"]),
        ([*MNIST, "--concurrency", "9999"], ["--concurrency 9999", "has"]),
        ([*MNIST, "--cpus-per-trial", "9999"], ["--cpus-per-trial 9999", "has"]),
        ([*MNIST, "--gpus-per-trial", "9999"], ["--gpus-per-trial 9999", "has"]),
        ([*MNIST, "--gpus-per-trial=-1"], ["--gpus-per-trial -1"]),
        ([*MNIST, "--gpus-per-trial", "1.5"], ["--gpus-per-trial 1.5", "whole number"]),
        ([*MNIST, "--gpus-per-trial", "nan"], ["--gpus-per-trial nan"]),
        ([*MNIST, "--gpus-per-trial", "one"], ["--gpus-per-trial", "one"]),
        ([*MNIST, "--time-budget", "soon"], ["--time-budget", "soon", "10m"]),
        ([*MNIST, "--time-budget", "0"], ["--time-budget", "0"]),
        ([*MNIST, "--time-budget=-5m"], ["--time-budget", "-5m"]),
        ([*MNIST, "--time-budget", "5d"], ["--time-budget", "5d"]),
        ([*MNIST, "--seed=-1"], ["--seed -1"]),
        ([*MNIST, "--seed", "x"], ["--seed", "x"]),
        ([*MNIST, "--split-seed=-1"], ["--split-seed -1"]),
        ([*MNIST, "--name", "a/b"], ["--name", "a/b"]),
        ([*MNIST, "--name", ".."], ["--name", ".."]),
        ([*MNIST, "--name", ""], ["--name ''"]),
        ([*MNIST, "--name", "a\nb"], ["--name", "plain name"]),
        ([*MNIST, "--name", "n" * 300], ["cannot be written", "too long"]),
        ([*MNIST, "--time-budget", "9" * 400], ["--time-budget", "finite"]),
        (["--space", "mnist", "--data-dir", "d" * 300], ["--data-dir", "too long"]),
        ([*MNIST, "--data-dir", "."], ["--data embedded", "--data-dir"]),
        ([*MNIST, "--tensorboard", "ful"], ["--tensorboard", "ful", "scalars"]),
        ([*MNIST, "--tensorboard-every", "5"], ["--tensorboard-every 5", "--tensorboard full"]),
        ([*MNIST, "--tensorboard-every", "0"], ["--tensorboard-every", "0"]),
        ([*MNIST, "--address", "nonsense"], ["--address nonsense", "HOST:PORT"]),
        ([*MNIST, "--address", "127.0.0.1:http"], ["--address 127.0.0.1:http", "HOST:PORT"]),
        ([*MNIST, "--address", "127.0.0.1:99999"], ["--address 127.0.0.1:99999"]),
    ],
    ids=lambda value: " ".join(value[-2:]) if isinstance(value, list) else None,
)
def test_refused(
    arguments: list[str], said: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    error = refusal(capsys, tmp_path / "results", *arguments)
    assert [part for part in said if part not in error] == [], error


def test_a_closed_port_is_no_cluster(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"  # bound but not listening: refused
        error = refusal(capsys, tmp_path / "results", *MNIST, "--address", address)
    assert f"--address {address}" in error


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("x = 1\n", "SPACE"),
        ("def broken(:\n", "SyntaxError"),
        ("raise RuntimeError('first line\\nsecond line')\n", "first line"),
        ("import no_such_module_anywhere\n", "no_such_module_anywhere"),
        (
            "from dataclasses import replace\n"
            "from search_spaces.mnist import SPACE as built_in\n"
            "SPACE = replace(built_in, fixed={'hiden': 3})\n",
            "mnist_cnn has no parameter 'hiden'; did you mean 'hidden'?",
        ),
    ],
)
def test_a_bad_space_file(
    source: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "mine.py"
    file.write_text(source)
    error = refusal(capsys, tmp_path / "results", "--space", str(file), "--data", "embedded")
    assert str(file) in error and said in error


def test_a_space_file_of_ones_own(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "narrow.py"
    file.write_text(
        "from optuna.distributions import FloatDistribution\n"
        "from search_spaces.space import SearchSpace\n"
        "from trainables.mnist_cnn import TASK\n"
        "SPACE = SearchSpace(TASK, {'lr': FloatDistribution(1e-3, 1e-2)}, trials=2, epochs=1)\n"
    )
    assert run_search.main(["--space", str(file), "--dry-run"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["name"].startswith("narrow-")
    assert (plan["space"], plan["trials"], plan["epochs"]) == (str(file), 2, 1)
    assert list(plan["search_space"]["distributions"]) == ["lr"]


def test_storage_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = tmp_path / "results"
    storage.write_text("mine")
    assert f"--storage {storage}" in refusal(capsys, storage, *MNIST)
    assert storage.read_text() == "mine"
    assert f"--storage {storage / 'below'}" in refusal(capsys, storage / "below", *MNIST)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a place not even root can write")
def test_storage_that_cannot_be_written(capsys: pytest.CaptureFixture[str]) -> None:
    error = refusal(capsys, Path("/proc/results"), *MNIST)
    assert "--storage /proc/results" in error and "written" in error


def test_a_name_already_used(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = tmp_path / "results"
    (storage / "mine").mkdir(parents=True)
    (storage / "mine" / "note.txt").write_text("kept")
    error = refusal(capsys, storage, *MNIST, "--name", "mine")
    assert "--name mine" in error and "already used" in error
    assert (storage / "mine" / "note.txt").read_text() == "kept"


@pytest.mark.parametrize("arguments", [["--help"], ["--list"], ["--space", "mnits"]])
def test_answers_without_torch_or_ray(arguments: list[str]) -> None:
    code = (
        "import sys, run_search\n"
        "try: run_search.main(sys.argv[1:])\n"
        "except SystemExit: pass\n"
        "print(sorted({'torch', 'ray', 'optuna', 'pandas', 'numpy'} & set(sys.modules)))\n"
    )
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    *answer, imported = done.stdout.splitlines()
    assert imported == "[]"
    assert "mnist" in "\n".join(answer) + done.stderr or "--space" in "\n".join(answer)


def test_list_names_the_spaces(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_search.main(["--list"]) == 0
    assert {"cifar10", "mnist"} <= set(capsys.readouterr().out.split())


@pytest.mark.parametrize("space", ["cifar10", "mnist"])
def test_list_of_a_space_names_every_parameter(
    space: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from search_spaces.find import find_space

    assert run_search.main(["--list", space]) == 0
    first_words = [line.split()[0] for line in capsys.readouterr().out.splitlines() if line]
    found = find_space(space)
    assert set(found.parameters) - {"epochs"} <= set(first_words)


def test_dry_run_prints_the_plan_and_starts_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    storage = tmp_path / "results"
    options = ["--name", "mine", "--trials", "3", "--seed", "7", "--time-budget", "2m"]
    settings = ["--set", "lr=1e-4..1e-2:log", "--set", "hidden=32"]
    base = [*MNIST, "--storage", str(storage), "--dry-run"]
    assert run_search.main([*base, *options, *settings, "--concurrency", "1"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert not storage.exists()
    assert (plan["name"], plan["space"], plan["trials"], plan["seed"]) == ("mine", "mnist", 3, 7)
    assert plan["time_budget"] == 120
    assert plan["concurrency"] == 1
    space = plan["search_space"]
    assert json.loads(space["distributions"]["lr"])["attributes"] == {
        "step": None, "low": 1e-4, "high": 1e-2, "log": True,
    }  # fmt: skip
    assert space["fixed"]["hidden"] == 32 and "hidden" not in space["distributions"]
    assert set(space["baseline"]) <= set(hyperparameters(Config))


@pytest.mark.parametrize(
    ("options", "budget"),
    [([], 17 * 60), (["--trials", "90"], None), (["--max-epochs", "90"], None),
     (["--trials", "90", "--time-budget", "1h"], 3_600)],
)  # fmt: skip
def test_a_spaces_budget_goes_with_its_own_lengths(
    options: list[str], budget: float | None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_search.main([*MNIST, *options, "--dry-run"]) == 0
    assert json.loads(capsys.readouterr().out)["time_budget"] == budget


@pytest.mark.parametrize(("epochs", "grace"), [(1, 1), (3, 2)])
def test_few_epochs_lower_the_grace_period(
    epochs: int, grace: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_search.main([*MNIST, "--max-epochs", str(epochs), "--dry-run"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert (plan["epochs"], plan["grace_period"]) == (epochs, grace)


@pytest.mark.parametrize(
    ("options", "planned"),
    [
        ([], {"finalists": 3, "repeats": 3, "prefer": "best", "retrain_on_all": False}),
        (["--finalists", "5", "--repeats", "2", "--prefer", "cheap", "--retrain-on-all"],
         {"finalists": 5, "repeats": 2, "prefer": "cheap", "retrain_on_all": True}),
        (["--plateau", "4", "--target-score", "0.99"], {"plateau": 4, "target_score": 0.99}),
        (["--epoch-budget", "60"], {"epoch_budget": 60, "finalists": 1, "repeats": 2}),  # 30: half
        (["--epoch-budget", "9"], {"epoch_budget": 9, "finalists": 0, "repeats": 1}),
        (["--epoch-budget", "60", "--finalists", "2"], {"finalists": 2, "repeats": 3}),
    ],
)  # fmt: skip
def test_budgets_and_finalists_are_part_of_the_plan(
    options: list[str], planned: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_search.main([*MNIST, *options, "--dry-run"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert {name: plan[name] for name in planned} == planned
