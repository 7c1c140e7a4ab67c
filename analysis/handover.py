"""The search's last step: rank, export the winner, prove the export, then open the test once."""

from __future__ import annotations

import platform
import shutil
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from analysis.bundle import CONFIG, METRICS, WEIGHTS, build_network, own_task
from analysis.load import Results, load
from analysis.openings import announce_opening, complete_opening, is_opening
from analysis.rescore import FreshProcess
from trainables.data.splits import Split, Splits
from trainables.files import read_json, replacing, write_json
from trainables.parts.classifier import classify
from trainables.parts.kernels import pick_device
from trainables.parts.scores import classification_report
from trainables.task import Task, find_task
from trainables.trainer import load_tensors, save_tensors
from tuning.experiment import SPACE_FILE, Experiment

OTHER_MACHINE = 0.005  # what a score may differ by where another kind of processor computes it
TRAIN_SAMPLE = 10_000  # training pictures that the train-val gap is measured on


class NotProvenError(RuntimeError):
    """An export that does not do what the trained model did."""


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
    handover = _Handover(experiment, splits, results)
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
    """The models of one experiment, and the splits they are scored on."""

    def __init__(self, experiment: Experiment, splits: Splits, results: Results) -> None:
        self._experiment = experiment
        self._splits = splits
        self._metric = results.plan["metric"]
        self._threads = results.plan["cpus_per_trial"]
        gpu = results.plan["gpus_per_trial"] if torch.cuda.is_available() else 0.0
        self._device = pick_device(gpu)
        runs = [results.plan, *results.plan["resumed"]]
        self._same_machine = (
            all(run["address"] is None for run in runs)
            and gpu == results.plan["gpus_per_trial"]
            and all(run["machine"]["system"] == platform.platform() for run in runs)
        )
        space = results.plan["search_space"]
        self._code = results.plan["space_sha256"] if space["own_task"] else None
        self._task: Task = (
            find_task(space["task"])
            if self._code is None
            else own_task(experiment.root, self._code, trust=True)  # this process ran it
        )
        self._epochs = results.epochs
        torch.set_num_threads(self._threads)  # as the trials had: the same score needs the same

    def export(self, winner: Any, baseline: Any, fresh: FreshProcess) -> dict[str, Any]:
        """Put the winner into `best/`, whole and proven or not at all; returns its metrics."""
        bundle = self._temporary()
        replaced = self._temporary()
        bundle.mkdir()
        try:
            self._write(winner["trial"], bundle)
            val = self._splits.val.inputs
            with fresh.rescoring(bundle, val, self._threads, self._device) as rescored:
                metrics = self._metrics(winner, baseline)
                self._prove(winner, rescored, metrics)
            write_json(bundle / METRICS, metrics)
            if self._experiment.best.is_dir():
                self._experiment.best.rename(replaced)
            bundle.rename(self._experiment.best)
            return metrics
        finally:
            shutil.rmtree(bundle, ignore_errors=True)
            shutil.rmtree(replaced, ignore_errors=True)

    def open_test(self, metrics: dict[str, Any]) -> None:
        """Score the winner and the baseline on test, together, and record it."""
        winner, baseline = metrics["trial"], metrics["baseline"]
        of_baseline = [baseline["trial"]] if baseline and baseline["trial"] != winner else []
        trials = [winner, *of_baseline]
        announce_opening(self._experiment, trials)
        reports = {trial: self._report(trial, self._splits.test) for trial in trials}
        opened = metrics | {"test": reports[winner]}
        if baseline:
            opened["baseline"] = baseline | {"test": reports[baseline["trial"]]}
        write_json(self._experiment.best / METRICS, opened)
        accuracies = {trial: report["accuracy"] for trial, report in reports.items()}
        complete_opening(self._experiment, accuracies)

    def _temporary(self) -> Path:
        return self._experiment.root / f".best.{uuid.uuid4().hex[:8]}.tmp"

    def _write(self, trial: str, bundle: Path) -> None:
        directory = self._experiment.trial(trial)
        save_tensors(load_tensors(directory.best), bundle / WEIGHTS)
        if self._code is not None:
            shutil.copyfile(self._experiment.space_file, bundle / SPACE_FILE)
        config = {
            "task": self._task.name,
            "code_sha256": self._code,
            "trial": trial,
            "parameters": directory.read_config(),
            "meta": asdict(self._splits.meta),
            "provenance": asdict(self._splits.provenance),
        }
        write_json(bundle / CONFIG, config)

    def _metrics(self, winner: Any, baseline: Any) -> dict[str, Any]:
        """Everything that `metrics.json` says but the test."""
        sample = slice(0, TRAIN_SAMPLE)
        train = Split(self._splits.train.inputs[sample], self._splits.train.targets[sample])
        on_train = self._report(winner["trial"], train)
        on_val = self._report(winner["trial"], self._splits.val)
        has_baseline = len(baseline) and not np.isnan(baseline["score"])
        on_baseline = self._report(baseline["trial"], self._splits.val) if has_baseline else None
        return {
            "trial": winner["trial"],
            "seed": int(winner["seed"]),
            "epoch": int(winner["best_epoch"]),
            "val": on_val,
            "test": None,
            "train": {key: on_train[key] for key in ("accuracy", "loss", "count")},
            "train_val_gap": on_train["accuracy"] - on_val["accuracy"],
            "baseline": {"trial": baseline["trial"], "val": on_baseline, "test": None}
            if has_baseline
            else None,
            "provenance": asdict(self._splits.provenance),
        }

    def _prove(
        self, winner: Any, rescored: Callable[[], np.ndarray], metrics: dict[str, Any]
    ) -> None:
        """Hold the export, loaded in a fresh process, against the trained model on all of val."""
        val = self._splits.val
        trained = self._logits(winner["trial"], val.inputs).argmax(1)
        try:
            exported = rescored().argmax(1)
        except ChildProcessError as error:
            raise NotProvenError(str(error)) from error
        differing = int((trained != exported).sum())
        if differing:
            raise NotProvenError(f"the export predicts {differing} of {len(val)} val pictures anew")
        scored = metrics["val"][self._metric.removeprefix("val_")]
        exact = 1e-6 if self._metric == "val_loss" else 1e-9
        rounded = max(OTHER_MACHINE, 2 / len(val))
        if abs(scored - winner["score"]) > (exact if self._same_machine else rounded):
            raise NotProvenError(f"the export scores {scored} on val, its trial {winner['score']}")

    def _report(self, trial: str, split: Split) -> dict[str, Any]:
        logits = self._logits(trial, split.inputs)
        return classification_report(logits, split.targets, self._splits.meta.classes)

    def _logits(self, trial: str, inputs: np.ndarray) -> np.ndarray:
        directory = self._experiment.trial(trial)
        weights = load_tensors(directory.best)
        meta = self._splits.meta
        network = build_network(self._task, directory.read_config(), meta, weights)
        return classify(network, inputs, meta, self._device)
