"""Promotion, a warm start and constraints under real Ray, by the command line."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest

from analysis import load
from analysis.export.bundle import load_bundle
from analysis.export.sums import read_sums
from tests.benchmarks.moody import DIVERGES, RAISES
from tests.benchmarks.states import differences
from tests.test_char_rnn import analysis
from tests.tuning.test_search import ROOT, read, search, study
from tuning.experiment import Experiment, trial_id, trial_of

MOODY = ["--space", str(ROOT / "tests" / "benchmarks" / "moody.py"), "--concurrency", "2"]
TRIALS = 18


@pytest.fixture(scope="module")
def promoted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, str]:
    """Trials that end well, raise, diverge and wait."""
    folder = tmp_path_factory.mktemp("moody")
    moods = [{"mood": sum(span) / 2} for span in (RAISES, DIVERGES)]
    (folder / "first.json").write_text(json.dumps(moods))
    options = ["--scheduler", "promote", "--trials", str(TRIALS), "--seed", "4"]
    options += ["--enqueue", str(folder / "first.json")]
    return search(folder, "moody", *MOODY, *options)


def test_the_study_tells_the_truth_of_a_search_that_promotes(
    promoted: tuple[Experiment, str],
) -> None:
    experiment, screen = promoted
    assert differences(experiment, TRIALS) == []
    statuses = [directory.read_status() for directory in experiment.trials()]
    states = [status.state for status in statuses]
    assert "RUNNING" not in states and states[0] == "COMPLETE"  # the baseline
    assert states.count("FAIL") >= 2 and states.count("PRUNED") > TRIALS / 3
    stopped = [status for status in statuses if status.state == "PRUNED"]
    assert {status.epochs for status in stopped} <= {2, 4, 8} and len(stopped) > 2  # slots
    assert "waits after 2 epochs" in screen and re.search("goes on after [248] epochs", screen)
    assert {status.cause for status in stopped} == {"not promoted"}


def test_a_search_warm_from_another(promoted: tuple[Experiment, str]) -> None:
    storage = promoted[0].root.parent
    options = [*MOODY, "--concurrency", "1", "--trials", "3", "--warm-start", "moody"]
    experiment, screen = search(storage, "warm", *options, "--set", "lr=1e-5..0.1:log")
    assert "Warm start: " in screen and "trials of moody" in screen
    assert "3 trials: " in screen and "Imported beside them" in screen
    plan = read(experiment.plan)
    scored = [directory.read_status().score is not None for directory in promoted[0].trials()]
    assert plan["imported"]["trials"] == {"moody": sum(scored)}
    assert plan["warm_start"] == [str(promoted[0].root)]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, str]:
    """Two aims, and a constraint that the baseline breaks."""
    options = ["--space", "mnist", "--data", "embedded", "--trials", "5", "--max-epochs", "2"]
    for setting in ("conv1=4", "conv2=4", "hidden=8,16,64,128", "batch_size=128"):
        options += ["--set", setting]
    options += ["--finalists", "0", "--constraint", "parameters<=15000", "--concurrency", "1"]
    options += ["--objectives", "val_accuracy:max,parameters:min"]
    return search(tmp_path_factory.mktemp("small"), "small", *options)


def test_a_search_under_a_constraint(small: tuple[Experiment, str]) -> None:
    experiment, screen = small
    assert "Note: The baseline breaks parameters<=15000" in screen
    assert "complete, infeasible" in screen
    assert read(experiment.best / "config.json")["parameters"]["hidden"] < 128
    assert read(experiment.best / "metrics.json")["trial"] != "t0000"
    board = pd.read_csv(experiment.leaderboard)
    assert len(board) == 5 and not board["feasible"].iloc[-1] and board["feasible"][:-1].all()
    refused = read(experiment.plan)["refused"]
    assert (f"not counted: {refused} beyond parameters<=15000" in screen) == (refused > 0)


def test_a_search_with_two_aims(small: tuple[Experiment, str]) -> None:
    experiment, screen = small
    results = load(experiment.root)
    points = results.front[["aim/val_accuracy", "aim/parameters"]].to_numpy()
    for own in points:  # nobody is as good in both and better in one
        others = (points[:, 0] >= own[0]) & (points[:, 1] <= own[1])
        assert (points[others] == own).all()
    assert list(results.front["score"]) == sorted(results.front["score"], reverse=True)
    assert results.front["trial"].iloc[0] == results.leaderboard["trial"].iloc[0]
    exported = {directory.name for directory in experiment.front.iterdir()}
    assert exported == set(results.front["trial"]) and "t0000" not in exported
    for _, row in results.front.iterrows():
        bundle = load_bundle(experiment.front / row["trial"], trust=False)
        beside = {"MODEL_CARD.md", "versions.json", "metrics.json", "model.pt", "config.json"}
        assert read_sums(experiment.front / row["trial"]).keys() == beside
        numbers = sum(parameter.numel() for parameter in bundle.network.parameters())
        metrics = read(experiment.front / row["trial"] / "metrics.json")
        assert numbers == row["aim/parameters"] == metrics["objectives"]["parameters"]
        assert metrics["val"]["accuracy"] == row["score"] and metrics["test"] is None
        assert row["trial"] in screen
    assert len(experiment.test_openings.read_text().splitlines()) == 1
    shown = analysis("show", experiment.root).stdout
    assert "front" in shown and "parameters" in shown
    again = analysis("replay", experiment.root, results.front["trial"].iloc[0])
    assert "2" in again.stdout  # epochs, though it measures nothing


@pytest.fixture(scope="module")
def bred(tmp_path_factory: pytest.TempPathFactory) -> tuple[Experiment, str]:
    """A population of six and the baseline, judged twice."""
    options = ["--space", "mnist", "--data", "embedded", "--trials", "7", "--max-epochs", "6"]
    for setting in ("conv1=4", "conv2=4", "hidden=16", "batch_size=64", "lr=1e-5..1e-1:log"):
        options += ["--set", setting]
    options += ["--scheduler", "pbt", "--perturb", "lr,dropout", "--finalists", "0"]
    return search(tmp_path_factory.mktemp("bred"), "bred", *options)


def test_a_population(bred: tuple[Experiment, str]) -> None:
    experiment, screen = bred
    assert "Note: PBT: a population of 6 beside the baseline, every 2 epochs" in screen
    results = load(experiment.root)
    trials = results.trials.set_index("trial")
    heirs = trials[trials["parent"] != ""]
    replaced = trials[trials["state"] == "PRUNED"]
    assert len(heirs) == len(replaced) >= 2 and len(trials) == 7 + len(heirs)
    assert set(replaced["cause"]) == {f"replaced by {name}" for name in heirs.index}
    assert (trials["state"] == "COMPLETE").sum() == 7
    assert trials.loc[[trials.index[0]], "state"].item() == "COMPLETE"
    shown = analysis("show", experiment.root).stdout
    for name, heir in heirs.iterrows():
        epochs = results.epochs[results.epochs["trial"] == name]["epoch"]
        assert list(epochs) == list(range(heir["start"] + 1, heir["epochs"] + 1))
        assert f"from {heir['parent']} at epoch {heir['start']}" in " ".join(shown.split())
    name = heirs["start"].idxmax()
    again = analysis("replay", experiment.root, str(name)).stdout
    assert "every epoch is the same to the last bit" in again
    config = read(experiment.best / "config.json")
    assert config["course"][-1]["config"] == config["parameters"]


def test_a_search_whose_trials_break_what_only_training_shows(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("measured")
    (folder / "first.json").write_text(json.dumps([{"lr": 1e-8}, {"lr": 0.01}]))
    options = ["--space", "mnist", "--data", "embedded", "--max-epochs", "2", "--concurrency", "1"]
    for setting in ("conv1=4", "conv2=4", "hidden=16", "batch_size=32", "lr=1e-8..0.02:log"):
        options += ["--set", setting]
    options += ["--enqueue", str(folder / "first.json"), "--scheduler", "none", "--trials", "3"]
    options += ["--finalists", "1", "--repeats", "1", "--constraint", "val_accuracy>=0.4"]
    experiment, screen = search(folder, "some", *options, "--constraint", "latency_ms<=50")
    lost = experiment.trial("t0001").read_status()
    assert (lost.state, lost.beyond) == ("COMPLETE", ["val_accuracy>=0.4"])
    assert "Trained and counted, but not ranked: 1 beyond val_accuracy>=0.4" in screen
    assert "t0001 done after 2 epochs" in screen and "complete, infeasible" in screen
    assert "complete, infeasible" in analysis("show", experiment.root).stdout
    for told in study(experiment)[:3]:  # then starts that were not asked for
        assert told.constraints == experiment.trial(trial_id(told.number)).read_status().excess
        assert told.constraints["latency_ms<=50"] < 0
    assert "t0001" not in {trial_of(directory.id) for directory in experiment.reruns()}
    board = pd.read_csv(experiment.leaderboard)
    assert board["trial"].iloc[-1] == "t0001" and board["feasible"].tolist() == [True, True, False]
    assert trial_of(read(experiment.best / "metrics.json")["trial"]) != "t0001"

    options = [*options[: options.index("--constraint")], "--constraint", "val_loss<=1e-6"]
    experiment, screen = search(folder, "none", *options, code=1)
    assert "No trial keeps val_loss<=1e-06.\nNothing was exported." in screen
    assert {directory.read_status().state for directory in experiment.trials()} == {"COMPLETE"}
    assert not experiment.reruns() and not experiment.test_openings.exists()
