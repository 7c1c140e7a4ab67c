"""Everything that a search leaves says the same of its best: which trial, which epoch, what score.

One function a place, each of which reads it as its reader would; a new place is one more of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import optuna
import pandas as pd
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import analysis
from analysis.__main__ import main
from analysis.frames.best_so_far import best_so_far
from tests.analysis.report.pages import facts
from trainables.files import read_json
from tuning.experiment import METRICS, Experiment, trial_id
from tuning.status import ranked


@dataclass(frozen=True)
class Best:
    trial: str
    epoch: int
    score: float


def frame(experiment: Experiment) -> Best:
    trials = analysis.load(experiment.root).trials
    row = trials.nlargest(1, "score").iloc[0]
    return Best(row["trial"], row["best_epoch"], row["score"])


def epochs(experiment: Experiment) -> Best:
    results = analysis.load(experiment.root)
    lines = results.epochs[results.epochs["trial"] != "t0002"]  # failed: it has no score
    row = lines.nlargest(1, "val_accuracy").iloc[0]
    return Best(row["trial"], row["epoch"], row["val_accuracy"])


def course(experiment: Experiment) -> Best:
    found = best_so_far(analysis.load(experiment.root))
    row = found[found["improved"]].iloc[-1]
    return Best(row["trial"], row["epoch"], row["best"])


def leaderboard(experiment: Experiment) -> Best:
    row = pd.read_csv(experiment.leaderboard).iloc[0]
    return Best(row["trial"], int(row["best_epoch"]), float(row["score"]))


def study(experiment: Experiment) -> Best:
    storage = JournalStorage(JournalFileBackend(str(experiment.journal)))
    best = optuna.load_study(study_name=None, storage=storage).best_trial
    reached = [step for step, value in best.intermediate_values.items() if value == best.value]
    assert best.value is not None
    return Best(trial_id(best.number), min(reached), best.value)


def handed_over(experiment: Experiment) -> Best:
    metrics = read_json(experiment.best / METRICS)
    return Best(metrics["trial"], metrics["epoch"], metrics["val"][metrics["metric"]])


def events(experiment: Experiment) -> Best:
    """Of the trials' curves; each run's own `score`, that HParams shows, says the same."""
    found = []
    for directory in experiment.trials():
        run = EventAccumulator(str(directory.root)).Reload()
        curve = max(run.Scalars("accuracy/val"), key=lambda point: point.value)
        score = run.Scalars("score")[-1].value
        assert np.isnan(score) if directory.id == "t0002" else score == curve.value
        if not np.isnan(score):
            found.append(Best(directory.id, curve.step, curve.value))
    return max(found, key=lambda best: best.score)


def report(experiment: Experiment) -> Best:
    with TemporaryDirectory() as place:
        path = Path(place) / "report.html"
        assert main(["report", str(experiment.root), "--out", str(path)]) == 0
        said = facts(path.read_text("utf-8"))
    leader, best = said["leader"], said["best"]
    found = Best(leader["trial"], leader["best_epoch"], leader["score"])
    assert Best(best["trial"], best["epoch"], best["val"]) == found
    return found


PLACES = [frame, epochs, course, leaderboard, study, handed_over, report, events]


@pytest.mark.parametrize("says", PLACES)
def test_the_same_best(says: Callable[[Experiment], Best], finished: Experiment) -> None:
    statuses = [directory.read_status() for directory in finished.trials()]
    truth = ranked(statuses, "max")[0]
    found = says(finished)
    assert (found.trial, found.epoch) == (truth.trial, truth.best_epoch)
    in_float32 = says is events
    assert found.score == (np.float32(truth.score) if in_float32 else truth.score)
