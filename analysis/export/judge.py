"""Scores of an experiment's models in detail, on any part of its data."""

from __future__ import annotations

import platform
from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from analysis.export.bundle import build_network
from analysis.export.recorded import recorded_task
from analysis.frames.intervals import score_interval
from analysis.frames.load import Results
from trainables.data.splits import Splits
from trainables.parts.kernels import pick_device
from trainables.task import Task
from trainables.trainer import load_tensors
from tuning.experiment import Experiment

OTHER_MACHINE = 0.005  # what a score may differ by where another kind of processor computes it


class NotProvenError(RuntimeError):
    """An export that does not do what the trained model did."""


class Judge:
    """The trained models of one experiment, and the data they are scored on.

    Attributes:
        code: the SHA-256 of the user's own file where the task comes from one, else None.
        threads, device: that models are scored with, the trials' own.

    Args:
        trust: whether the user's own file may be imported.

    Raises:
        BadInput: it is not trusted, or not what the search had.
    """

    def __init__(
        self, experiment: Experiment, splits: Splits, results: Results, *, trust: bool
    ) -> None:
        self._experiment = experiment
        self._splits = splits
        plan = results.plan
        self.metric: str = plan["metric"].removeprefix("val_")
        self.threads: int = plan["cpus_per_trial"]
        gpu = plan["gpus_per_trial"] if torch.cuda.is_available() else 0.0
        self.device = pick_device(gpu)
        runs = [plan, *plan["resumed"]]
        self._same_machine = (
            all(run["address"] is None for run in runs)
            and gpu == plan["gpus_per_trial"]
            and all(run["machine"]["system"] == platform.platform() for run in runs)
        )
        space = plan["search_space"]
        self.code: str | None = plan["space_sha256"] if space["own_task"] else None
        self.task: Task = recorded_task(experiment, plan, trust=trust)
        torch.set_num_threads(self.threads)  # as the trials had: the same score needs the same

    def outputs(self, trial: str, part: Any) -> np.ndarray:
        """What a trial's best weights say of a part."""
        directory = self._experiment.trial(trial)
        meta, weights = self._splits.meta, load_tensors(directory.best)
        network = build_network(self.task, directory.read_config(), meta, weights)
        return self.task.scoring.outputs(network, part, meta, self.device)

    def report(self, trial: str, part: Any, outputs: np.ndarray | None = None) -> dict[str, Any]:
        """A trial's scores on a part; `outputs` where they are known already.

        With `interval`, the 95 % interval of the metric: how far it may be off because the part has
        only so many examples. None where it has too few to say.
        """
        if outputs is None:
            outputs = self.outputs(trial, part)
        scoring, meta, config = self.task.scoring, self._splits.meta, self._config(trial)
        report = dict(scoring.report(outputs, part, meta, config))
        each = scoring.each(outputs, part, meta, config)
        if self.metric in each:
            low, high = score_interval(each[self.metric], scoring.overlap(config))
            report["interval"] = [low, high] if low <= high else None  # NaN: too few examples
        return report

    def references(self, trial: str, part: Any, *, on_all: bool = False) -> dict[str, Any]:
        """The scores of the task's references on a part, for what a trial's task is.

        Args:
            on_all: they learn from train and val too, as a model did that they stand beside.
        """
        splits = self._splits.all_for_training() if on_all else self._splits
        scores = self.task.scoring.references(self._config(trial), splits, part)
        return {name: dict(report) for name, report in scores.items()}

    def extras(self, trial: str, outputs: np.ndarray) -> dict[str, Any]:
        """What the export holds beside the model, by file name; from outputs on val."""
        config, val = self._config(trial), self._splits.val
        return dict(self.task.scoring.extras(outputs, val, self._splits.meta, config))

    def prove(
        self,
        trained: np.ndarray,
        rescored: Callable[[], np.ndarray],
        report: dict[str, Any],
        recorded: float | None,
    ) -> None:
        """Hold an export against the trained model: what they say of all of val, and the score.

        Args:
            rescored: returns what the export, loaded in a fresh process, says.
            report: the trained model's, computed here.
            recorded: its score by its trial; None: it has none.

        Raises:
            NotProvenError: they differ, or the export does not load.
        """
        try:
            exported = rescored()
        except ChildProcessError as error:
            raise NotProvenError(str(error)) from error
        scoring = self.task.scoring
        if differing := scoring.differing(trained, exported):
            raise NotProvenError(
                f"the export predicts {differing} of {len(trained)} val {scoring.examples} anew"
            )
        if recorded is not None:
            self.prove_score(report, recorded, len(trained))

    def prove_score(self, report: dict[str, Any], recorded: float, examples: int) -> None:
        """Hold a model's scores, of so many examples of val, against what its trial recorded.

        Raises:
            NotProvenError: they differ.
        """
        scored = report[self.metric]
        exact = 1e-9 if self.metric == "accuracy" else 1e-6 * max(1.0, abs(recorded))
        rounded = max(OTHER_MACHINE * max(1.0, abs(recorded)), 2 / examples)
        if abs(scored - recorded) > (exact if self._same_machine else rounded):
            raise NotProvenError(f"the export scores {scored} on val, its trial {recorded}")

    def _config(self, trial: str) -> Any:
        return self.task.Config(**self._experiment.trial(trial).read_config())
