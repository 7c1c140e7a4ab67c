"""One trial in its directory: train an epoch, keep the best, write it down. No Ray in it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainables.data.splits import Splits
from trainables.task import Task, begin
from trainables.trainer import save_weights
from tuning.experiment import Experiment, better


@dataclass(frozen=True)
class TrialSettings:
    """What all trials of a search have in common, as a worker needs it.

    Attributes:
        root: the experiment's directory, absolute.
        patience: epochs without a better score that end a trial, or None.
        threads: of torch, on the CPU.
        device: `cpu` or `cuda`.
    """

    root: Path
    metric: str
    direction: str
    patience: int | None
    threads: int
    device: str


class TrialRun:
    """Trains one configuration and leaves `result.jsonl`, `last.pt` and `best.pt` behind.

    Where a `last.pt` is there already it goes on from it. The order of writing makes that exact:
    best weights, then the checkpoint, which carries its epoch's result, then the line of
    `result.jsonl`; so a line that a crash kept from being written is written on going on, and no
    epoch that a checkpoint covers is trained or recorded twice.
    """

    def __init__(
        self,
        task: Task,
        trial: str,
        seed: int,
        config: Mapping[str, Any],
        splits: Splits,
        settings: TrialSettings,
        is_baseline: bool,
    ) -> None:
        self._settings = settings
        self._directory = Experiment(settings.root).trial(trial)
        self._directory.root.mkdir(parents=True, exist_ok=True)
        self._patience = None if is_baseline else settings.patience
        self.trainer = begin(
            task,
            config,
            splits,
            device=settings.device,
            seed=seed,
            threads=settings.threads,
        )
        if self._directory.last.is_file():
            self.trainer.load(self._directory.last)
        self._best: float | None = None
        self._best_epoch = 0
        for line in self._recorded():
            self._remember(line)

    @property
    def finished(self) -> bool:
        """At full length, or out of patience."""
        if self.trainer.epoch >= self.trainer.epochs:
            return True
        waited = self.trainer.epoch - self._best_epoch
        return self._patience is not None and waited >= self._patience

    def run_epoch(self) -> dict[str, float]:
        """Train, score and record one epoch; returns its line of `result.jsonl`."""
        result = self.trainer.run_epoch()
        if self._remember(result):
            save_weights(self.trainer.module, self._directory.best)
        self.trainer.save(self._directory.last)
        self._directory.append_result(result)
        return result

    def _recorded(self) -> list[dict[str, Any]]:
        lines = self._directory.read_results()
        recorded = lines[-1]["epoch"] if lines else 0
        if recorded < self.trainer.epoch:
            self._directory.append_result(self.trainer.result)
            lines.append(self.trainer.result)
        return lines

    def _remember(self, result: Mapping[str, Any]) -> bool:
        score = float(result[self._settings.metric])
        if not better(score, self._best, self._settings.direction):
            return False
        self._best, self._best_epoch = score, int(result["epoch"])
        return True
