"""The search's last step: rank, export the winner, prove the export, then open the test once."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.export.described import describe, is_described
from analysis.export.judge import Judge
from analysis.export.rescore import FreshProcess
from analysis.export.written import replay_command, write_model
from analysis.frames.load import load
from analysis.frames.winner import Winner, find_winner
from analysis.front import export_front
from analysis.openings import SealedTest, complete_opening, is_opening
from analysis.retrain import best_length, retrain_on_all
from trainables.data.splits import Splits
from trainables.errors import NonFiniteLoss
from trainables.files import read_json, replacing, write_json
from tuning.experiment import METRICS, TRAIN_AND_VAL, Experiment


def hand_over(
    experiment: Experiment,
    splits: Splits,
    fresh: FreshProcess,
    *,
    open_test: bool,
    say: Callable[[str], None] = lambda line: None,
) -> bool:
    """Write `leaderboard.csv`, `finalists.csv` and `best/`; returns False where no trial scored.

    Args:
        fresh: the process that the export is proven in.
        open_test: score the winner and the baseline on test, which is recorded; False where the
            search was interrupted: test stays closed, and nothing more is trained.
        say: told what takes long, a line at a time.

    Raises:
        NotProvenError: the exported model, loaded in a fresh process, does not predict what the
            trained one did, or not what its trial recorded. Then there is no `best/`.
    """
    results = load(experiment.root)
    tables = {experiment.leaderboard: results.leaderboard}
    if len(results.finalists):
        tables[experiment.finalists] = results.finalists
    for path, table in tables.items():
        with replacing(path) as temporary:
            table.to_csv(temporary, index=False)
    winner = find_winner(experiment, results)
    if winner is None:
        return False
    judge = Judge(experiment, splits.closed(), results, trust=True)  # this process ran its code
    handover = _Handover(experiment, splits.closed(), judge, winner)
    on_all = open_test and bool(results.plan.get("retrain_on_all")) and bool(winner.reruns)
    if on_all:
        handover.retrain(results.reruns, say)
    metrics = handover.handed_over() or handover.export(fresh)
    if open_test:
        export_front(experiment, splits.closed(), judge, results, handover.write)
    if open_test and (metrics["test"] is None or is_opening(experiment)):
        handover.open_test(metrics, SealedTest(experiment, splits))
    if open_test and results.plan.get("ended"):
        ended = results.plan["ended"] | {"handed_over": True}
        write_json(experiment.plan, results.plan | {"ended": ended})
    return True


class _Handover:
    """What is handed over of one experiment."""

    def __init__(
        self, experiment: Experiment, splits: Splits, judge: Judge, winner: Winner
    ) -> None:
        self._experiment = experiment
        self._splits = splits
        self._judge = judge
        self._winner = winner
        self._baseline = None if winner.baseline is None else str(winner.baseline["trial"])
        self._about = winner.to_json()
        self._model, self._epochs = str(winner.model["trial"]), int(winner.model["best_epoch"])
        self._on_all = False

    def retrain(self, reruns: pd.DataFrame, say: Callable[[str], None]) -> None:
        """Let a model that is trained on train and val together stand for the winner."""
        own = reruns[reruns["trial"].isin(self._winner.reruns)]
        judge, trial = self._judge, self._winner.trial
        epochs = best_length(own)
        say(f"Training {trial} on train and val together, {epochs} epochs")
        try:
            self._model = retrain_on_all(
                self._experiment,
                judge.task,
                self._splits,
                trial,
                epochs,
                device=judge.device,
                threads=judge.threads,
            )
        except NonFiniteLoss as error:
            say(f"{trial} on train and val: {error}; its median re-run is handed over")
            return
        self._epochs, self._on_all = epochs, True

    def handed_over(self) -> dict[str, Any] | None:
        """The metrics of `best/` where an earlier run of the search has put this model there."""
        try:
            metrics: dict[str, Any] = read_json(self._experiment.best / METRICS)
        except FileNotFoundError:
            return None
        of_baseline = (metrics["baseline"] or {}).get("trial")
        there = (metrics["trial"], metrics["epoch"], of_baseline)
        if there != (self._model, self._epochs, self._baseline):
            return None
        if metrics["finalists"] != self._about:  # others have been compared with it since
            metrics["finalists"] = self._about
            write_json(self._experiment.best / METRICS, metrics)
        if not is_described(self._experiment.best):
            describe(self._experiment, self._experiment.best)
        return metrics

    def export(self, fresh: FreshProcess) -> dict[str, Any]:
        """Put the winner into `best/`, whole and proven or not at all; returns its metrics."""
        judge, val = self._judge, self._splits.val
        bundle = self._temporary()
        replaced = self._temporary()
        bundle.mkdir()
        try:
            self.write(self._model, bundle)
            with fresh.rescoring(bundle, val, judge.threads, judge.device) as rescored:
                outputs = judge.outputs(self._model, val)
                metrics = self._metrics(outputs)
                recorded = None if self._on_all else float(self._winner.model["score"])
                judge.prove(outputs, rescored, judge.report(self._model, val, outputs), recorded)
            write_json(bundle / METRICS, metrics)
            unseen = str(self._winner.model["trial"])  # that has not been trained on val
            of_val = outputs if unseen == self._model else judge.outputs(unseen, val)
            for name, value in judge.extras(unseen, of_val).items():
                write_json(bundle / name, value)
            describe(self._experiment, bundle)
            if self._experiment.best.is_dir():
                self._experiment.best.rename(replaced)
            bundle.rename(self._experiment.best)
            return metrics
        finally:
            shutil.rmtree(bundle, ignore_errors=True)
            shutil.rmtree(replaced, ignore_errors=True)

    def open_test(self, metrics: dict[str, Any], sealed: SealedTest) -> None:
        """Score the winner, the baseline and the references on test, together, and record it."""
        winner, baseline = metrics["trial"], metrics["baseline"]
        of_baseline = [baseline["trial"]] if baseline and baseline["trial"] != winner else []
        trials = [winner, *of_baseline]
        test = sealed.open(trials)
        reports = {trial: self._judge.report(trial, test) for trial in trials}
        on_all = metrics["trained_on"] == TRAIN_AND_VAL
        references = self._judge.references(winner, test, on_all=on_all)
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
        describe(self._experiment, self._experiment.best)
        complete_opening(self._experiment, read)

    def _temporary(self) -> Path:
        return self._experiment.root / f".best.{uuid.uuid4().hex[:8]}.tmp"

    def write(self, trial: str, bundle: Path) -> None:
        """Put a trial's model there, and what its inputs mean."""
        write_model(self._experiment, self._judge, self._splits, trial, bundle)

    def _metrics(self, outputs: np.ndarray) -> dict[str, Any]:
        """Everything that `metrics.json` says but the test; `outputs` are the winner's on val."""
        judge, splits, metric, model = self._judge, self._splits, self._judge.metric, self._model
        on_train = judge.report(model, splits.train.head(judge.task.scoring.sample))
        on_val = None if self._on_all else judge.report(model, splits.val, outputs)
        baseline = None
        if self._baseline is not None:
            on_baseline = judge.report(self._baseline, splits.val)
            baseline = {"trial": self._baseline, "val": on_baseline, "test": None}
        replayed = str(self._winner.model["trial"])
        return {
            "trial": model,
            "seed": int(self._winner.model["seed"]),
            "epoch": self._epochs,
            "trained_on": TRAIN_AND_VAL if self._on_all else "train",
            "metric": metric,
            "examples": judge.task.scoring.examples,
            "val": on_val,
            "test": None,
            "finalists": self._about,
            "train": {key: on_train[key] for key in (metric, "loss", "count")},
            "train_val_gap": on_train[metric] - on_val[metric] if on_val else None,
            "baseline": baseline,
            "references": {
                name: {"val": report, "test": None}
                for name, report in judge.references(model, splits.val).items()
            },
            "provenance": asdict(splits.provenance),
            "replay": replay_command(self._experiment, replayed, own=judge.code is not None),
        }
