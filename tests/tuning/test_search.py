"""Whole searches as a person runs them: real Ray, real training, small."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest
import torch
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import FrozenTrial

from tuning.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]
CHEAP = [
    option
    for setting in ("batch_size=128", "conv1=4", "conv2=4", "hidden=16")
    for option in ("--set", setting)
]
DIGITS = ["--space", "mnist", "--data", "embedded", "--finalists", "0", *CHEAP]
TIMES = ["seconds", "samples_per_second", "wall_time"]


def command(*options: str) -> list[str]:
    return [sys.executable, str(ROOT / "run_search.py"), "--gpus-per-trial", "0", *options]


def search(storage: Path, name: str, *options: str, code: int = 0) -> tuple[Experiment, str]:
    """Run a search in a process of its own; returns the experiment and what was on the screen."""
    storage.mkdir(exist_ok=True)
    run = command(*options, "--storage", str(storage), "--name", name)
    done = subprocess.run(run, cwd=storage, capture_output=True, text=True)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout[-3000:]}\n{done.stderr}"
    return Experiment(storage / name), done.stdout + done.stderr


def study(experiment: Experiment) -> list[FrozenTrial]:
    storage = JournalStorage(JournalFileBackend(str(experiment.journal)))
    return optuna.load_study(study_name=None, storage=storage).trials


def states(experiment: Experiment) -> list[str]:
    told = [trial.state.name for trial in study(experiment)]
    written = {t.id: t.read_status().state for t in experiment.trials()}
    assert told == [written[f"t{number:04d}"] for number in range(len(told))]
    return told


def read(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, str]:
    options = ["--trials", "5", "--max-epochs", "3", "--seed", "5", "--concurrency", "1"]
    return search(tmp_path_factory.mktemp("whole"), "first", *DIGITS, *options)


def test_the_study_tells_the_truth(whole: tuple[Experiment, str]) -> None:
    experiment, _ = whole
    found = states(experiment)
    assert len(found) == 5
    assert set(found) <= {"COMPLETE", "PRUNED"}
    assert found[0] == "COMPLETE"
    for trial, directory in zip(study(experiment), experiment.trials(), strict=True):
        lines = directory.read_results()
        scores = {line["epoch"]: line["val_accuracy"] for line in lines}
        assert list(scores) == list(range(1, len(lines) + 1))
        assert trial.intermediate_values == scores
        status = directory.read_status()
        assert status.score == max(scores.values())
        assert trial.value == (
            status.score if status.state == "COMPLETE" else lines[-1]["val_accuracy"]
        )


def test_the_leaderboard_ranks_by_score(whole: tuple[Experiment, str]) -> None:
    experiment, screen = whole
    board = pd.read_csv(experiment.leaderboard)
    assert len(board) == 5
    assert board["score"].is_monotonic_decreasing
    columns = {"trial", "state", "score", "best_epoch", "epochs", "seconds", "seed", "cause"}
    assert columns | {"provenance", "config/lr"} <= set(board)
    assert board["provenance"].str.startswith("stand-in:").all()
    assert board["trial"].iloc[0] in screen


def test_the_export_is_the_winner(whole: tuple[Experiment, str]) -> None:
    experiment, screen = whole
    assert {path.name for path in experiment.best.iterdir()} == {
        "model.pt", "config.json", "metrics.json", "MODEL_CARD.md", "versions.json", "SHA256SUMS",
    }  # fmt: skip
    metrics, config = read(experiment.best / "metrics.json"), read(experiment.best / "config.json")
    first = pd.read_csv(experiment.leaderboard).iloc[0]
    assert {"val", "test", "baseline", "provenance", "trial", "seed", "train_val_gap"} <= set(
        metrics
    )
    assert (metrics["trial"], metrics["seed"]) == (first["trial"], first["seed"])
    assert metrics["val"]["accuracy"] == first["score"]
    assert metrics["baseline"]["trial"] == "t0000"
    assert config["task"] == "mnist_cnn" and len(config["meta"]["classes"]) == 10
    assert f"{metrics['test']['accuracy']:.4f}" in screen
    # No finalists were asked for: there is no trace of any.
    assert metrics["finalists"] is None and not experiment.finalists.exists()
    assert not experiment.reruns() and "finalist" not in screen.lower()


def test_the_plan_says_what_the_data_was(whole: tuple[Experiment, str]) -> None:
    experiment, screen = whole
    plan = read(experiment.plan)
    assert plan["data"]["provenance"]["kind"] == "stand-in"
    assert (plan["trials"], plan["epochs"], plan["seed"]) == (5, 3, 5)
    assert "stand-in: scikit-learn's handwritten digits" in screen


def test_the_test_split_was_opened_once(whole: tuple[Experiment, str]) -> None:
    experiment, _ = whole
    (opening,) = map(json.loads, experiment.test_openings.read_text().splitlines())
    metrics = read(experiment.best / "metrics.json")
    assert opening["result"][metrics["trial"]] == metrics["test"]["accuracy"]
    assert opening["result"]["t0000"] == metrics["baseline"]["test"]["accuracy"]


def test_an_experiment_is_read_without_trusting_it(whole: tuple[Experiment, str]) -> None:
    experiment, _ = whole
    files = {path for path in experiment.root.rglob("*") if path.is_file()}
    for path in (weights := {path for path in files if path.suffix == ".pt"}):
        torch.load(path, weights_only=True)
    assert weights
    named = (".json", ".jsonl", ".csv", ".txt", ".log", ".journal", ".md", ".html")
    rest = [p for p in files - weights if p.suffix not in named and "tfevents" not in p.name]
    rest = [p for p in rest if p.name != "SHA256SUMS"]
    assert all(p.suffix == ".lock" and not p.read_bytes() for p in rest)


def test_the_screen_has_a_plain_line_an_event(whole: tuple[Experiment, str]) -> None:
    experiment, screen = whole
    for directory in experiment.trials():
        assert f"{directory.id} started" in screen
        word = {"COMPLETE": "done", "PRUNED": "stopped"}[directory.read_status().state]
        assert f"{directory.id} {word} after {directory.read_status().epochs} epochs" in screen
    assert "tensorboard --logdir" in screen and "python -m analysis show" in screen
    assert "ray" not in screen.lower().replace(str(experiment.root).lower(), "").replace(
        "array", ""
    )


def test_the_same_seed_is_the_same_search(whole: tuple[Experiment, str], tmp_path: Path) -> None:
    first, _ = whole
    options = ["--trials", "5", "--max-epochs", "3", "--seed", "5", "--concurrency", "1"]
    second, _ = search(tmp_path, "second", *DIGITS, *options)
    assert [t.params for t in study(first)] == [t.params for t in study(second)]
    assert states(first) == states(second)
    for one, two in zip(first.trials(), second.trials(), strict=True):
        assert one.read_status().seed == two.read_status().seed
        ours, theirs = (
            [{k: v for k, v in line.items() if k not in TIMES} for line in d.read_results()]
            for d in (one, two)
        )
        assert ours == theirs


def test_all_trials_diverging_is_exit_code_1(tmp_path: Path) -> None:
    wild = ["optimizer=sgd", "lr=10", "momentum=0.99", "weight_decay=1", "batch_size=16"]
    settings = [option for setting in wild for option in ("--set", setting)]
    options = [*settings, "--set", "schedule=constant", "--trials", "2", "--max-epochs", "20"]
    options += ["--concurrency", "1"]  # a worker less to start
    experiment, screen = search(tmp_path, "wild", *DIGITS, *options, code=1)
    assert states(experiment) == ["FAIL", "FAIL"]
    for directory in experiment.trials():
        status = directory.read_status()
        assert (status.score, status.cause[:10]) == (None, "non-finite")
        assert status.epochs < 20
    assert "2 failed" in screen and "non-finite" in screen
    assert not experiment.best.exists() and not experiment.test_openings.exists()
    board = pd.read_csv(experiment.leaderboard)
    assert board["score"].isna().all() and len(board) == 2


def test_a_spent_time_budget_is_a_good_end(tmp_path: Path) -> None:
    options = ["--trials", "60", "--max-epochs", "3000", "--time-budget", "1s"]
    experiment, _ = search(tmp_path, "short", *DIGITS, *options, "--scheduler", "none")
    found = states(experiment)
    assert 1 <= len(found) < 60
    assert set(found) == {"PRUNED"}
    assert {t.read_status().cause for t in experiment.trials()} == {"time budget spent"}
    assert (experiment.best / "model.pt").is_file()
    assert read(experiment.best / "metrics.json")["test"] is not None
    assert len(experiment.test_openings.read_text().splitlines()) == 1


def test_a_polite_kill_ends_in_order_and_keeps_the_test_closed(tmp_path: Path) -> None:
    options = ["--trials", "60", "--max-epochs", "3000", "--scheduler", "none"]
    run = command(*DIGITS, *options, "--storage", str(tmp_path), "--name", "cut")
    with subprocess.Popen(run, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for text in process.stdout:
            if "best so far" in text:
                process.send_signal(signal.SIGTERM)
                break
        rest = process.stdout.read()
    assert process.returncode == 130, rest
    experiment = Experiment(tmp_path / "cut")
    assert "RUNNING" in states(experiment)  # kept for going on
    assert not experiment.test_openings.exists()
    assert read(experiment.best / "metrics.json")["test"] is None
    assert "not opened" in rest and "interrupted" in rest


def test_ctrl_c_before_the_first_trial_leaves_nothing(tmp_path: Path) -> None:
    run = command(*DIGITS, "--storage", str(tmp_path), "--name", "early")
    with subprocess.Popen(run, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for text in process.stdout:
            if text.startswith("Watch:"):  # the data is there, Ray is starting
                process.send_signal(signal.SIGINT)
                break
        process.stdout.read()
    assert process.returncode == 130
    assert not (tmp_path / "early").exists()  # the name is free again
