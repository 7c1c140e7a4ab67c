"""The Pareto front of a search with several aims, exported point by point.

front/<trial>/   model.pt, config.json, metrics.json ... as `best/`, proven alike; test stays closed
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from typing import Any

import pandas as pd

from analysis.export.described import describe
from analysis.export.judge import Judge
from analysis.export.rescore import FreshProcess
from analysis.export.written import trial_metrics
from analysis.frames.load import Results
from trainables.data.splits import Splits
from trainables.files import read_json, write_json
from tuning.experiment import METRICS, Experiment


def export_front(
    experiment: Experiment,
    splits: Splits,
    judge: Judge,
    results: Results,
    write: Callable[[str, Any], None],
) -> None:
    """Put every trial of the front into `front/`, whole and proven, or change nothing.

    Args:
        write: (trial, directory) puts the model and its description there.

    Raises:
        NotProvenError: an export does not predict what its trial did.
    """
    if results.front.empty or _is_there(experiment, results.front):
        return
    temporary = experiment.root / f".front.{uuid.uuid4().hex[:8]}.tmp"
    try:
        for _, row in results.front.iterrows():
            trial, bundle = str(row["trial"]), temporary / str(row["trial"])
            bundle.mkdir(parents=True)
            write(trial, bundle)
            outputs = judge.outputs(trial, splits.val)
            report = judge.report(trial, splits.val, outputs)
            with (
                FreshProcess() as fresh,
                fresh.rescoring(bundle, splits.val, judge.threads, judge.device) as rescored,
            ):
                judge.prove(outputs, rescored, report, float(row["score"]))
            status = experiment.trial(trial).read_status()
            metrics = trial_metrics(status, report, splits, judge, results) | {
                "objectives": status.values
            }
            write_json(bundle / METRICS, metrics)
            for name, value in judge.extras(trial, outputs).items():
                write_json(bundle / name, value)
            describe(experiment, bundle)
        shutil.rmtree(experiment.front, ignore_errors=True)
        temporary.rename(experiment.front)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _is_there(experiment: Experiment, front: pd.DataFrame) -> bool:
    """Whether an earlier run of the search has put these models there."""
    if not experiment.front.is_dir():
        return False
    found = {d.name: read_json(d / METRICS) for d in experiment.front.iterdir()}
    epochs = {trial: metrics["epoch"] for trial, metrics in found.items()}
    return epochs == dict(zip(front["trial"], front["best_epoch"], strict=True))
