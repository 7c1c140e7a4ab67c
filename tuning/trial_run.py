"""One trial in its directory: train an epoch, keep the best, write it down. No Ray in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trainables.course import Course
from trainables.data.splits import Splits
from trainables.files import cut_torn_line, write_json
from trainables.leg import Leg
from trainables.measures import LATENCY, latency, measured
from trainables.task import Task
from trainables.trainer import Trainer, load_tensors, save_weights
from tuning.experiment import Experiment
from tuning.logged import Logged
from tuning.ownership import writing
from tuning.status import better
from tuning.trial_directory import TrialDirectory
from tuning.view_files import ViewFiles
from tuning.views import Look, leave, look_at

_TIMED = 512  # examples of val


@dataclass(frozen=True)
class TrialSettings:
    """What all trials of a search have in common, as a worker needs it.

    Attributes:
        root: the experiment's directory, absolute.
        run: the token of the run, without which nothing is written.
        patience: epochs without a better score that end a trial, or None.
        threads: of torch, on the CPU.
        device: `cpu` or `cuda`.
        measured: what is added to each line of results (`objectives.MEASURED`).
        logged: what is left for TensorBoard.
    """

    root: Path
    run: str
    metric: str
    direction: str
    patience: int | None
    threads: int
    device: str
    measured: tuple[str, ...] = ()
    logged: Logged = field(default_factory=Logged)


class TrialRun:
    """Trains one configuration and leaves `result.jsonl`, `last.pt` and `best.pt` behind.

    Where a `last.pt` is there already it goes on from it; where another trial has trained the legs
    before, it begins with what that has left. The order of writing makes that exact:
    first the checkpoint, which carries its epoch's result, then the best weights, then the line of
    `result.jsonl`; so whatever a crash kept from being written, `settle` writes from the
    checkpoint, no epoch that a checkpoint covers is trained or recorded twice, and where the disk
    is full no line names weights that are not there.
    """

    def __init__(
        self,
        task: Task,
        trial: str,
        legs: Sequence[Leg],
        splits: Splits,
        settings: TrialSettings,
        spared: bool,
    ) -> None:
        self._settings = settings
        self._scoring, self._splits = task.scoring, splits
        self._directory = Experiment(settings.root).trial(trial)
        self._directory.root.mkdir(parents=True, exist_ok=True)
        self._views = ViewFiles(self._directory.root)
        self._is_full = settings.logged.is_full(trial)
        self._patience = None if spared else settings.patience
        self._course = Course(task, legs, splits, device=settings.device, threads=settings.threads)
        with writing(self._directory, settings.run):
            settle(self._directory, settings)
        if self._directory.last.is_file():
            self._course.load(self._directory.last)
        elif legs[0].start:
            self._course.take_over(load_tensors(self._directory.inherited, settings.device))
        self._best, self._best_epoch = _best(self._directory.read_results(), settings)
        self._best_epoch = max(self._best_epoch, legs[0].start)  # patience begins there

    @property
    def trainer(self) -> Trainer:
        """Of the configuration that it has now."""
        return self._course.trainer

    @property
    def finished(self) -> bool:
        """At full length, or out of patience."""
        if self.trainer.epoch >= self.trainer.epochs:
            return True
        waited = self.trainer.epoch - self._best_epoch
        return self._patience is not None and waited >= self._patience

    def run_epoch(self) -> dict[str, Any]:
        """Train, score and record one epoch; returns its line of `result.jsonl`.

        Raises:
            SupersededError: another run owns the experiment; the epoch is lost.
        """
        result = self._course.run_epoch()
        result |= self._measures()  # in place: the checkpoint carries it
        score = float(result[self._settings.metric])
        is_best = better(score, self._best, self._settings.direction)
        look = self._look(is_best) if self._is_full else None
        with writing(self._directory, self._settings.run):
            if look is not None:
                leave(look, self._views)  # before the checkpoint: each epoch it covers has one
            self.trainer.save(self._directory.last)
            if is_best:
                self._best, self._best_epoch = score, self.trainer.epoch
                for name, values in self.trainer.figures().items():
                    write_json(self._directory.figure(name), values)
                save_weights(self.trainer.module.state_dict(), self._directory.best)
            self._directory.append_result(result)
        return result

    def _look(self, is_best: bool) -> Look:
        inspection = self._scoring.inspection
        return look_at(self.trainer, inspection, self._splits, self._views, is_best=is_best)

    def _measures(self) -> dict[str, float]:
        """What was asked for; nothing is measured for nobody."""
        wanted, found = self._settings.measured, {}
        if wanted:
            module, device = self.trainer.module, self.trainer.device
            module.eval()
            found = measured(module)
            if LATENCY in wanted:
                part = self._splits.val.head(_TIMED)
                outputs = self._scoring.outputs
                found[LATENCY] = latency(outputs, module, part, self._splits.meta, device)
        return {name: found[name] for name in wanted}


def settle(directory: TrialDirectory, settings: TrialSettings) -> None:
    """Bring `result.jsonl` and `best.pt` level with the checkpoint after a worker was killed."""
    cut_torn_line(directory.results)
    if not directory.last.is_file():
        return
    state = load_tensors(directory.last)
    lines = directory.read_results()
    missing = not lines or lines[-1]["epoch"] < state["epoch"]
    if missing:
        lines.append(state["result"])
    if _best(lines, settings)[1] == state["epoch"]:
        save_weights(state["module"], directory.best)
    if missing:
        directory.append_result(state["result"])


def _best(lines: list[dict[str, Any]], settings: TrialSettings) -> tuple[float | None, int]:
    """The best score and its epoch, the earliest of equals; (None, 0) where there is none."""
    score, epoch = None, 0
    for line in lines:
        if better(float(line[settings.metric]), score, settings.direction):
            score, epoch = float(line[settings.metric]), int(line["epoch"])
    return score, epoch
