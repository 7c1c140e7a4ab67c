"""All that a report is made of, read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.frames.load import Results, load
from analysis.openings import read_openings
from tuning.experiment import TRAIN_AND_VAL, Experiment, rerun_id, trial_of


@dataclass(frozen=True)
class Record:
    """One experiment as it stands.

    Attributes:
        metrics: the content of `best/metrics.json`; None: nothing was handed over.
        openings: the lines of `test_openings.jsonl`.
        running: whether the search is.
    """

    experiment: Experiment
    results: Results
    metrics: dict[str, Any] | None
    openings: tuple[dict[str, Any], ...]
    running: bool

    @classmethod
    def of(cls, experiment: Experiment, *, running: bool) -> Record:
        """Read an experiment.

        Raises:
            BadInput: it is none, or damaged.
        """
        results = load(experiment.root)
        openings = tuple(read_openings(experiment))
        return cls(experiment, results, results.best or None, openings, running)

    @property
    def plan(self) -> dict[str, Any]:
        """The content of `plan.json`."""
        return self.results.plan

    @property
    def metric(self) -> str:
        """What trials are scored by, such as `val_accuracy`."""
        return str(self.plan["metric"])

    @property
    def state(self) -> str:
        """How far the search is: `running`, `interrupted`, `not handed over` or `ended`.

        Not handed over: its trials have come to their end, but its last step has not.
        """
        if self.running:
            return "running"
        if not self.plan["ended"]:
            return "interrupted"
        return "ended" if self.results.has_ended else "not handed over"

    @property
    def winner(self) -> str | None:
        """The trial of the search whose configuration was handed over."""
        return trial_of(self.metrics["trial"]) if self.metrics else None

    @property
    def baseline(self) -> str | None:
        """The baseline that the winner was held against; its directory may be gone since."""
        held = self.metrics["baseline"] if self.metrics else None
        return trial_of(held["trial"]) if held else None

    @property
    def baseline_won(self) -> bool:
        """Whether nothing that was tried is better than the baseline."""
        return self.winner is not None and self.winner == self.baseline

    @property
    def finalist(self) -> dict[str, Any] | None:
        """What the re-runs say of the winner; None: there were none."""
        return self.metrics["finalists"] if self.metrics else None

    @property
    def has_seen_val(self) -> bool:
        """Whether the model was trained on val too, so that it has no score there."""
        return self.metrics is not None and self.metrics["trained_on"] == TRAIN_AND_VAL

    def rerun_scores(self, trial: str) -> pd.Series:
        """The scores of a finalist's re-runs, as many as were compared."""
        repeats = self.finalist["repeats"] if self.finalist else 0
        names = [rerun_id(trial, repeat) for repeat in range(1, repeats + 1)]
        reruns = self.results.reruns
        return reruns[reruns["trial"].isin(names)]["score"].dropna()

    @property
    def here(self) -> str:
        """The experiment as a command names it, from the folder that its storage lies in."""
        return f"{self.experiment.root.parent.name}/{self.experiment.name}"
