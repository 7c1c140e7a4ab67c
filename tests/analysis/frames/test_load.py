"""Frames of an experiment: columns, types, and reading one whose search still runs."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import analysis
from trainables.errors import BadInput
from trainables.files import read_json
from tuning.experiment import Experiment
from tuning.plan_record import LAYOUT

ROOT = Path(__file__).resolve().parents[3]
TRIALS = ["baseline", "t0000", "t0001", "t0002", "t0003"]
COLUMNS = {
    "trial": "string", "state": "string", "score": "float64", "best_epoch": "Int64",
    "epochs": "Int64", "seconds": "float64", "seed": "Int64", "cause": "string",
    "provenance": "string", "parent": "string", "start": "Int64", "feasible": "bool",
}  # fmt: skip


def test_a_row_a_trial(finished: Experiment) -> None:
    trials = analysis.load(finished.root).trials
    assert list(trials["trial"]) == TRIALS
    assert list(trials["state"]) == ["COMPLETE", "COMPLETE", "PRUNED", "FAIL", "COMPLETE"]
    assert list(trials.columns)[: len(COLUMNS)] == list(COLUMNS)
    assert {name: str(trials[name].dtype) for name in COLUMNS} == COLUMNS
    assert (trials["provenance"] == "stand-in: scikit-learn's handwritten digits").all()
    rows: list[dict[Hashable, Any]] = trials.to_dict("records")
    for row in rows:
        directory = finished.trial(row["trial"])
        status = directory.read_status()
        assert row["seed"] == status.seed and row["epochs"] == status.epochs
        assert pd.isna(row["score"]) if status.score is None else row["score"] == status.score
        for name, value in directory.read_config().items():
            assert row[f"config/{name}"] == value


def test_a_failed_trial_has_no_score(finished: Experiment) -> None:
    trials = analysis.load(finished.root).trials.set_index("trial")
    assert trials[["score", "best_epoch"]].isna().loc["t0002"].all()
    assert trials.loc["t0002", "cause"] == "non-finite training loss"


def test_a_parameter_that_does_not_exist_is_missing(finished: Experiment) -> None:
    trials = analysis.load(finished.root).trials.set_index("trial")
    assert trials.loc["baseline", "config/optimizer"] == "adam"
    assert "config/momentum" not in trials or trials["config/momentum"].isna()["baseline"]


def test_a_row_an_epoch(finished: Experiment) -> None:
    results = analysis.load(finished.root)
    epochs = results.epochs
    assert {"trial", "epoch", "train_loss", "val_loss", "val_accuracy", "lr", "seconds"} <= set(
        epochs
    )
    assert (str(epochs["trial"].dtype), str(epochs["epoch"].dtype)) == ("string", "Int64")
    count = epochs.groupby("trial").size()
    assert dict(count) == {"baseline": 3, "t0000": 3, "t0001": 1, "t0002": 1, "t0003": 3}
    best = epochs[epochs["trial"] != "t0002"].groupby("trial")["val_accuracy"].max()
    scores = results.trials.set_index("trial")["score"].dropna()
    assert dict(best) == dict(scores)
    assert results.plan == read_json(finished.plan)


def test_the_leaderboard_is_ranked(finished: Experiment) -> None:
    results = analysis.load(finished.root)
    board = results.leaderboard
    assert results.leader is not None and results.leader["trial"] == board["trial"].iloc[0]
    nobody = replace(results, trials=results.trials.assign(feasible=False))
    assert nobody.leader is None
    assert board["score"].dropna().is_monotonic_decreasing
    assert board["trial"].iloc[-1] == "t0002"
    assert results.baseline["trial"] == "baseline"
    written = pd.read_csv(finished.leaderboard)
    assert list(written["trial"]) == list(board["trial"])
    assert list(written.columns) == list(board.columns)


def test_while_the_search_runs(copy: Callable[[], Experiment]) -> None:
    experiment = copy()
    running = experiment.trial("t0003")
    with running.results.open("a") as file:
        file.write('{"epoch": 4, "train_loss": 0.1')  # the line being written at this moment
    (experiment.root / "trials" / "t0004").mkdir()  # begun, nothing in it yet
    status = read_json(running.root / "status.json")
    (running.root / "status.json").write_text(json.dumps(status | {"state": "RUNNING"}))
    results = analysis.load(experiment.root)
    assert list(results.trials["trial"]) == TRIALS
    assert results.trials["state"].iloc[-1] == "RUNNING"
    assert list(results.epochs[results.epochs["trial"] == "t0003"]["epoch"]) == [1, 2, 3]


def test_before_the_first_trial(copy: Callable[[], Experiment], tmp_path: Path) -> None:
    (tmp_path / "young").mkdir()
    (tmp_path / "young" / "plan.json").write_text(copy().plan.read_text())
    results = analysis.load(tmp_path / "young")
    assert len(results.trials) == len(results.epochs) == len(results.leaderboard) == 0
    assert {name: str(results.trials[name].dtype) for name in COLUMNS} == COLUMNS
    assert len(results.baseline) == 0


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        (None, "no experiment"),
        ("{", "plan.json is damaged"),
        ("[]", "no experiment"),
        ('{"layout": 2}', r"an older version of run_search \(layout 2"),
        (f'{{"layout": {LAYOUT}}}', "plan.json is damaged .*metric"),
    ],
)
def test_no_experiment(plan: str | None, says: str, tmp_path: Path) -> None:
    if plan is not None:
        (tmp_path / "plan.json").write_text(plan)
    with pytest.raises(BadInput, match=says) as error:
        analysis.load(tmp_path)
    assert str(tmp_path) in str(error.value)


def test_reading_needs_no_ray_and_no_torch(finished: Experiment) -> None:
    code = (
        "import sys, analysis\n"
        "assert len(analysis.load(sys.argv[1]).trials) == 5\n"
        "print(sorted({'ray', 'torch', 'optuna', 'tensorboard'} & set(sys.modules)))"
    )
    run = [sys.executable, "-c", code, str(finished.root)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
