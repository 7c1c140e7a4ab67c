"""Whole searches with finalists: real Ray, real training, small."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import run_search
from analysis import load
from analysis.__main__ import main as analysis
from tests.test_resume import assert_every_epoch_once, states
from tests.tuning.rehearsal import CHEAP
from trainables.trainer import load_tensors
from tuning.experiment import Experiment, trial_of

ROOT = Path(__file__).resolve().parents[1]
SMALL = ["--space", "mnist", "--data", "embedded", "--gpus-per-trial", "0", "--quiet"]
SMALL += [option for setting in CHEAP for option in ("--set", setting)]


def search(storage: Path, *options: str, code: int = 0) -> str:
    run = [sys.executable, str(ROOT / "run_search.py"), *options, "--storage", str(storage)]
    done = subprocess.run(run, cwd=storage, capture_output=True, text=True)
    assert done.returncode == code, f"{done.returncode}\n{done.stdout[-3000:]}\n{done.stderr}"
    return done.stdout + done.stderr


def read(path: Path) -> Any:
    return json.loads(path.read_text())


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, str]:
    """Four trials of three epochs; the best two and the baseline again, three times each."""
    storage = tmp_path_factory.mktemp("whole")
    lengths = ["--trials", "4", "--max-epochs", "3", "--seed", "1", "--concurrency", "1"]
    finals = ["--finalists", "2", "--repeats", "3"]
    screen = search(storage, *SMALL, *lengths, *finals, "--name", "whole")
    return Experiment(storage / "whole"), screen


def test_the_best_and_the_baseline_run_again_at_full_length(whole: tuple[Experiment, str]) -> None:
    experiment, screen = whole
    reruns = [directory.read_status() for directory in experiment.reruns()]
    expected = {"t0000", *load(experiment.root).leaderboard["trial"].head(2)}
    assert {trial_of(status.trial) for status in reruns} == expected
    assert len(reruns) == 3 * len(expected)
    assert {(status.state, status.epochs) for status in reruns} == {("COMPLETE", 3)}
    trials = [directory.read_status() for directory in experiment.trials()]
    seeds = [status.seed for status in [*reruns, *trials]]
    assert len(set(seeds)) == len(seeds)
    for status in reruns:
        again, first = (experiment.trial(t) for t in (status.trial, trial_of(status.trial)))
        assert again.read_config() == first.read_config()
        assert f"{status.trial} done after 3 epochs" in screen


def test_the_study_knows_nothing_of_them(whole: tuple[Experiment, str]) -> None:
    experiment, _ = whole
    assert '"t0' not in experiment.journal.read_text() and len(experiment.trials()) == 4
    journal = [json.loads(line) for line in experiment.journal.read_text().splitlines()]
    assert sum("number" in str(line) or line["op_code"] == 4 for line in journal) == 4


def test_a_rerun_is_seen_in_tensorboard(whole: tuple[Experiment, str]) -> None:
    experiment, _ = whole
    for directory in experiment.reruns():
        events = EventAccumulator(str(directory.root))
        events.Reload()
        curve = [(event.step, event.value) for event in events.Scalars("accuracy/val")]
        lines = directory.read_results()
        written = [(line["epoch"], float(np.float32(line["val_accuracy"]))) for line in lines]
        assert curve == written and len(lines) == 3


def test_the_winner_is_the_best_mean_and_the_median_stands_for_it(
    whole: tuple[Experiment, str],
) -> None:
    experiment, screen = whole
    table = pd.read_csv(experiment.finalists)
    columns = ["trial", "mean", "low", "high", "search_score", "optimism", "tied", "seconds"]
    assert list(table) == columns
    scores: dict[str, list[float]] = {}
    for directory in experiment.reruns():
        score = directory.read_status().score
        assert score is not None
        scores.setdefault(trial_of(directory.id), []).append(score)
    means = {trial: float(np.mean(values)) for trial, values in scores.items()}
    assert dict(zip(table["trial"], table["mean"], strict=True)) == pytest.approx(means)
    winner = table.iloc[0]
    assert winner["mean"] == max(means.values()) and winner["tied"]
    assert winner["optimism"] == pytest.approx(winner["search_score"] - winner["mean"])
    metrics = read(experiment.best / "metrics.json")
    assert trial_of(metrics["trial"]) == winner["trial"] != metrics["trial"]
    assert metrics["val"]["accuracy"] == sorted(scores[winner["trial"]])[1]
    about = metrics["finalists"]
    assert (about["trial"], about["repeats"]) == (winner["trial"], 3)
    assert [about[n] for n in ("mean", "low", "high")] == pytest.approx(
        winner[["mean", "low", "high"]].tolist()
    )
    assert metrics["baseline"]["trial"].startswith("t0000-r")
    kept = load_tensors(experiment.trial(metrics["trial"]).best)
    exported = load_tensors(experiment.best / "model.pt")
    assert all((kept[name] == exported[name]).all() for name in kept)
    assert f"{winner['mean']:.4f} ({winner['low']:.4f} to {winner['high']:.4f})" in screen


def test_the_report_says_the_same(whole: tuple[Experiment, str]) -> None:
    experiment, screen = whole
    page, metrics = experiment.report.read_text("utf-8"), read(experiment.best / "metrics.json")
    facts = json.loads(page.partition('id="facts">')[2].partition("</script>")[0])
    assert facts["state"] == "ended" and facts["winner"] == trial_of(metrics["trial"])
    assert facts["best"]["val"] == metrics["val"]["accuracy"]
    assert f"{metrics['finalists']['mean']:.4f}" in page and "report.html" in screen


def test_test_has_an_interval_and_was_opened_once(whole: tuple[Experiment, str]) -> None:
    experiment, screen = whole
    metrics = read(experiment.best / "metrics.json")
    low, high = metrics["test"]["interval"]
    assert low < metrics["test"]["accuracy"] < high
    assert f"{metrics['test']['accuracy']:.4f} ({low:.4f} to {high:.4f}) on 359" in screen
    (opening,) = map(json.loads, experiment.test_openings.read_text().splitlines())
    assert opening["trials"][0] == metrics["trial"]


def test_a_rerun_replays_to_the_last_bit(
    whole: tuple[Experiment, str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    experiment, _ = whole
    metrics = read(experiment.best / "metrics.json")
    assert metrics["replay"] == f"python -m analysis replay whole {metrics['trial']}"
    monkeypatch.chdir(experiment.root.parent)  # where the search was run
    assert analysis(metrics["replay"].split()[3:]) == 0
    assert "every epoch is the same to the last bit" in capsys.readouterr().out


def test_show_and_the_frames_have_them(
    whole: tuple[Experiment, str], capsys: pytest.CaptureFixture[str]
) -> None:
    experiment, screen = whole
    assert analysis(["show", str(experiment.root)]) == 0
    results = load(experiment.root)
    first = results.finalists.iloc[0]
    for said in (capsys.readouterr().out, screen):
        assert "finalist" in said and f"{first['low']:.4f} to {first['high']:.4f}" in said
    pd.testing.assert_frame_equal(
        results.finalists.astype({"trial": object}),
        pd.read_csv(experiment.finalists).astype({"trial": object}),
    )
    assert len(results.reruns) == 3 * len(results.finalists)
    assert set(results.reruns["trial"]) < set(results.epochs["trial"])


def test_a_search_that_has_ended_runs_nothing_again(whole: tuple[Experiment, str]) -> None:
    experiment, _ = whole
    was = {path: path.read_bytes() for path in experiment.root.rglob("result.jsonl")}
    opened = experiment.test_openings.read_text()
    metrics = read(experiment.best / "metrics.json")
    assert read(experiment.plan)["ended"]["handed_over"]
    other = metrics | {"finalists": metrics["finalists"] | {"tied": ["t0099"]}}
    (experiment.best / "metrics.json").write_text(json.dumps(other))  # as if compared otherwise
    screen = search(experiment.root.parent, "--resume", "whole", "--quiet")
    assert read(experiment.best / "metrics.json") == metrics
    assert "started" not in screen and "goes on" not in screen
    assert {path: path.read_bytes() for path in experiment.root.rglob("result.jsonl")} == was
    assert experiment.test_openings.read_text() == opened


def test_a_finished_search_takes_more_trials_which_may_bring_other_finalists(
    whole: tuple[Experiment, str], tmp_path: Path
) -> None:
    experiment, _ = whole
    shutil.copytree(experiment.root, tmp_path / "more")
    before = {d.id: d.results.read_bytes() for d in experiment.reruns()}
    screen = search(tmp_path, "--resume", "more", "--trials", "+3", "--quiet")
    more = Experiment(tmp_path / "more")
    assert sum(states(more).values()) == 7 and "t0006" in screen
    assert_every_epoch_once(more)
    plan = read(more.plan)
    assert plan["trials"] == 7 == plan["resumed"][-1]["trials"]
    opened = [json.loads(line) for line in more.test_openings.read_text().splitlines()]
    winner = read(more.best / "metrics.json")["trial"]
    assert winner in opened[-1]["trials"] and all(line["result"] for line in opened)
    results = load(more.root)
    top = set(results.leaderboard["trial"].head(2))
    assert top <= set(results.finalists["trial"])
    for name, lines in before.items():
        assert more.trial(name).results.read_bytes() == lines


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--finalists", "-1"], "--finalists -1: must be"),
        (["--repeats", "0"], "--repeats: 0: must be"),
        (["--finalists", "3", "--repeats", "3", "--epoch-budget", "77"], "re-runs 72"),
        (["--epoch-budget", "5"], "--epoch-budget 5: the baseline alone takes 6"),
        (["--epoch-budget", "9", "--prefer", "cheap"], "--epoch-budget 9: no finalists fit"),
        (["--target-score", "1.5"], "--target-score 1.5: val_accuracy lies between 0 and 1"),
        (["--target-score", "nan"], "--target-score nan"),
        (["--plateau", "12"], "--plateau 12: "),
        (["--plateau", "0"], "--plateau: 0: must be"),
        (["--epoch-budget", "0"], "--epoch-budget: 0: must be"),
        (["--prefer", "cheapest"], "--prefer: invalid choice: 'cheapest'"),
        (["--prefer", "cheap", "--finalists", "0"], "--prefer cheap: needs --finalists"),
        (["--prefer", "cheap", "--repeats", "1"], "--prefer cheap: needs"),
        (["--retrain-on-all", "--finalists", "0"], "--retrain-on-all: needs"),
        (["--resume", "gone", "--finalists", "2"], "--finalists 2: cannot change with --resume"),
    ],
)
def test_bad_input_is_refused_in_one_line(
    options: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    space = [] if "--resume" in options else ["--space", "mnist", "--data", "embedded"]
    assert run_search.main([*space, *options, "--storage", str(tmp_path)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert said in line and list(tmp_path.iterdir()) == []
