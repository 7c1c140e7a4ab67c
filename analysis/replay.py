"""Train a trial again from its own files, and hold every epoch against what it recorded."""

from __future__ import annotations

import math
import platform
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import torch

from analysis.export.recorded import find_trial, recorded_splits, recorded_task
from trainables.course import Course
from trainables.errors import BadInput, NonFiniteLoss
from trainables.files import code_digest, read_json
from trainables.measures import LATENCY, MEASURES
from trainables.parts.kernels import pick_device
from trainables.task import Task
from trainables.trainer import save_weights
from tuning.experiment import Experiment

TOLERANCE = 0.02  # of the score, or of 1: where training does not repeat to the last bit
_TIMES = ("seconds", "samples_per_second", "wall_time")


@dataclass(frozen=True)
class ReplayedEpoch:
    """One epoch, as recorded and as trained again.

    Attributes:
        recorded, found: the score.
        same: every number of the epoch but its times to the last bit, or, where that is not to be
            had, the score within `TOLERANCE`.
    """

    epoch: int
    recorded: float
    found: float
    same: bool


class Replay:
    """A trial to be trained again.

    Attributes:
        exact: bit for bit: on the CPU with one thread, the same kind of machine and versions.
        metric: the name of the score.

    Raises:
        BadInput: the trial has no epoch on record; its data, weights or code are others now.
    """

    def __init__(self, experiment: Experiment, trial: str, *, trust: bool = False) -> None:
        self._directory = find_trial(experiment, trial, "replay")
        self._recorded = self._directory.read_results()
        if not self._recorded:
            raise BadInput(f"replay {trial}: no epoch of it is on record")
        plan = read_json(experiment.plan)
        runs = [plan, *plan["resumed"]]
        self._threads: int = plan["cpus_per_trial"]
        self._device = pick_device(plan["gpus_per_trial"])
        if self._device == "cuda" and not torch.cuda.is_available():
            raise BadInput(f"replay {trial}: it was trained on a GPU, and there is none here")
        self.metric: str = plan["metric"]
        here = (platform.platform(), version("torch"))
        made_by = {(run["machine"]["system"], run["versions"]["torch"]) for run in runs}
        self.exact = self._device == "cpu" and self._threads == 1 and made_by == {here}
        self._task = _task(experiment, plan, runs, trial, trust=trust)
        self._splits = recorded_splits(self._task, plan, f"replay {trial}")

    def epochs(self, keep: bool = False) -> Iterator[ReplayedEpoch]:
        """Train again, an epoch at a time.

        Args:
            keep: put the weights of the trial's best epoch where the trial's were, if that epoch
                is the same.

        Raises:
            BadInput: to be kept while the search is running.
        """
        directory = self._directory
        if keep and Experiment.of(directory).is_owned:
            raise BadInput(f"replay {directory.id} --keep: its search is running; wait for its end")
        status = directory.read_status()
        course = Course(
            self._task,
            directory.read_course(),
            self._splits,
            device=self._device,
            threads=self._threads,
        )
        while course.trainer.epoch < status.start:  # what others have trained for it
            try:
                course.run_epoch()
            except NonFiniteLoss:
                first = self._recorded[0]
                score = float(first[self.metric])
                yield ReplayedEpoch(int(first["epoch"]), score, math.nan, False)
                return
        for line in self._recorded:
            epoch, recorded = int(line["epoch"]), float(line[self.metric])
            try:
                result = course.run_epoch()
            except NonFiniteLoss:  # the record has a score here
                yield ReplayedEpoch(epoch, recorded, math.nan, False)
                return
            found = float(result[self.metric])
            close = abs(found - recorded) <= TOLERANCE * max(1.0, abs(recorded))
            same = _numbers(line) == _numbers(result) if self.exact else close
            if keep and same and epoch == status.best_epoch:
                save_weights(course.trainer.module.state_dict(), directory.best)
            yield ReplayedEpoch(epoch, recorded, found, same)


def _numbers(result: dict[str, Any]) -> dict[str, float]:
    """What an epoch must give again; a Trainer lets no number pass that is not finite."""
    left_out = (*_TIMES, *MEASURES, LATENCY)  # a search adds those where they are aims
    return {n: v for n, v in result.items() if isinstance(v, (int, float)) and n not in left_out}


def _task(
    experiment: Experiment,
    plan: dict[str, Any],
    runs: list[dict[str, Any]],
    trial: str,
    *,
    trust: bool,
) -> Task:
    codes = {run["code"].get("trainables_sha256", "not recorded") for run in runs}
    if code_digest() not in codes:
        raise BadInput(
            f"replay {trial}: the code that trains has changed: SHA-256 of trainables/ was "
            f"{' or '.join(sorted(code[:12] for code in codes))}, is {code_digest()[:12]} (commit "
            f"{str(runs[0]['code']['commit'])[:12]} had it)"
        )
    return recorded_task(experiment, plan, trust=trust)
