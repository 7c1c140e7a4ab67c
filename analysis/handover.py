"""The search's last step: rank, export the winner, prove the export, then open the test once."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from analysis.judge import Judge
from analysis.load import load
from analysis.openings import announce_opening, complete_opening, is_opening
from analysis.rescore import FreshProcess
from trainables.data.splits import Splits
from trainables.files import read_json, replacing, write_json
from trainables.trainer import load_tensors, save_tensors
from tuning.experiment import CONFIG, METRICS, MODEL, SPACE_FILE, Experiment


def hand_over(
    experiment: Experiment, splits: Splits, fresh: FreshProcess, *, open_test: bool
) -> bool:
    """Write `leaderboard.csv` and `best/`; returns False where no trial has a score.

    Args:
        fresh: the process that the export is proven in.
        open_test: score the winner and the baseline on test, which is recorded; False where the
            search was interrupted: test stays closed.

    Raises:
        NotProvenError: the exported model, loaded in a fresh process, does not predict what the
            trained one did, or not what its trial recorded. Then there is no `best/`.
    """
    results = load(experiment.root)
    board = results.leaderboard
    with replacing(experiment.leaderboard) as temporary:
        board.to_csv(temporary, index=False)
    if not len(board) or np.isnan(board["score"].iloc[0]):
        return False
    winner, baseline = board.iloc[0], results.baseline
    metrics = _handed_over(experiment, winner, baseline)
    handover = _Handover(experiment, splits, Judge(experiment, splits, results))
    if metrics is None:
        metrics = handover.export(winner, baseline, fresh)
    if open_test and (metrics["test"] is None or is_opening(experiment)):
        handover.open_test(metrics)
    return True


def _handed_over(experiment: Experiment, winner: Any, baseline: Any) -> dict[str, Any] | None:
    """The metrics of `best/` where an earlier run of the search has put the same model there."""
    try:
        metrics: dict[str, Any] = read_json(experiment.best / METRICS)
    except FileNotFoundError:
        return None
    of_baseline = (metrics["baseline"] or {}).get("trial")
    same = (metrics["trial"], metrics["epoch"]) == (winner["trial"], winner["best_epoch"])
    has_baseline = len(baseline) and not np.isnan(baseline["score"])
    return (
        metrics if same and of_baseline == (baseline["trial"] if has_baseline else None) else None
    )


class _Handover:
    """What is handed over of one experiment."""

    def __init__(self, experiment: Experiment, splits: Splits, judge: Judge) -> None:
        self._experiment = experiment
        self._splits = splits
        self._judge = judge

    def export(self, winner: Any, baseline: Any, fresh: FreshProcess) -> dict[str, Any]:
        """Put the winner into `best/`, whole and proven or not at all; returns its metrics."""
        judge, val = self._judge, self._splits.val
        bundle = self._temporary()
        replaced = self._temporary()
        bundle.mkdir()
        try:
            self._write(winner["trial"], bundle)
            with fresh.rescoring(bundle, val, judge.threads, judge.device) as rescored:
                outputs = judge.outputs(winner["trial"], val)
                metrics = self._metrics(winner, baseline, outputs)
                judge.prove(outputs, rescored, metrics["val"][judge.metric], winner["score"])
            write_json(bundle / METRICS, metrics)
            for name, value in judge.extras(winner["trial"], outputs).items():
                write_json(bundle / name, value)
            if self._experiment.best.is_dir():
                self._experiment.best.rename(replaced)
            bundle.rename(self._experiment.best)
            return metrics
        finally:
            shutil.rmtree(bundle, ignore_errors=True)
            shutil.rmtree(replaced, ignore_errors=True)

    def open_test(self, metrics: dict[str, Any]) -> None:
        """Score the winner, the baseline and the references on test, together, and record it."""
        winner, baseline = metrics["trial"], metrics["baseline"]
        of_baseline = [baseline["trial"]] if baseline and baseline["trial"] != winner else []
        trials = [winner, *of_baseline]
        announce_opening(self._experiment, trials)
        test = self._splits.test
        reports = {trial: self._judge.report(trial, test) for trial in trials}
        references = self._judge.references(winner, test)
        opened = metrics | {"test": reports[winner]}
        if baseline:
            opened["baseline"] = baseline | {"test": reports[baseline["trial"]]}
        opened["references"] = {
            name: scores | {"test": references[name]}
            for name, scores in metrics["references"].items()
        }
        write_json(self._experiment.best / METRICS, opened)
        metric = self._judge.metric
        read = {name: report[metric] for name, report in (reports | references).items()}
        complete_opening(self._experiment, read)

    def _temporary(self) -> Path:
        return self._experiment.root / f".best.{uuid.uuid4().hex[:8]}.tmp"

    def _write(self, trial: str, bundle: Path) -> None:
        directory = self._experiment.trial(trial)
        save_tensors(load_tensors(directory.best), bundle / MODEL)
        for name, draw in self._judge.task.drawings.items():
            if directory.figure(name).is_file():
                (bundle / f"{name}.png").write_bytes(draw(read_json(directory.figure(name))))
        if self._judge.code is not None:
            shutil.copyfile(self._experiment.space_file, bundle / SPACE_FILE)
        config = {
            "task": self._judge.task.name,
            "code_sha256": self._judge.code,
            "trial": trial,
            "parameters": directory.read_config(),
            "meta": asdict(self._splits.meta),
            "provenance": asdict(self._splits.provenance),
        }
        write_json(bundle / CONFIG, config)

    def _metrics(self, winner: Any, baseline: Any, outputs: np.ndarray) -> dict[str, Any]:
        """Everything that `metrics.json` says but the test; `outputs` are the winner's on val."""
        judge, splits, metric = self._judge, self._splits, self._judge.metric
        on_train = judge.report(winner["trial"], splits.train.head(judge.task.scoring.sample))
        on_val = judge.report(winner["trial"], splits.val, outputs)
        has_baseline = len(baseline) and not np.isnan(baseline["score"])
        on_baseline = judge.report(baseline["trial"], splits.val) if has_baseline else None
        return {
            "trial": winner["trial"],
            "seed": int(winner["seed"]),
            "epoch": int(winner["best_epoch"]),
            "metric": metric,
            "examples": judge.task.scoring.examples,
            "val": on_val,
            "test": None,
            "train": {key: on_train[key] for key in (metric, "loss", "count")},
            "train_val_gap": on_train[metric] - on_val[metric],
            "baseline": {"trial": baseline["trial"], "val": on_baseline, "test": None}
            if has_baseline
            else None,
            "references": {
                name: {"val": report, "test": None}
                for name, report in judge.references(winner["trial"], splits.val).items()
            },
            "provenance": asdict(splits.provenance),
        }
