"""Where training meets Ray Tune: a task as an ordinary Tune trainable.

    from ray import tune
    from trainables.mnist_cnn import TASK
    from tuning.trainable import trainable

    space = {"lr": tune.loguniform(1e-4, 1e-1), "epochs": 3}
    config = tune.TuneConfig(metric="val_accuracy", mode="max", num_samples=4)
    print(tune.Tuner(trainable(TASK), param_space=space, tune_config=config).fit())

A class and not a function: only a class is asked to save when a scheduler pauses it.
"""

from __future__ import annotations

import gc

# What torch and Ray make when imported lives to the end: looking for garbage in it costs each
# worker half a second before its first epoch.
_collecting = gc.isenabled()
gc.disable()

import math
from pathlib import Path
from typing import Any

from ray import tune

from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.errors import NonFiniteLoss
from trainables.files import is_disk_full
from trainables.leg import Leg
from trainables.parts.kernels import pick_device
from trainables.task import Task, begin
from trainables.trainer import Trainer
from tuning.experiment import Experiment
from tuning.ownership import SupersededError, writing
from tuning.sharing import opened
from tuning.trial_directory import cause_of
from tuning.trial_run import TrialRun, TrialSettings

gc.freeze()
if _collecting:
    gc.enable()

# Keys of the last result of a trial that does not end well; the value says why.
DIVERGED, FAILED, DISK_FULL = "diverged", "failed", "disk_full"
_CHECKPOINT = "trainer.pt"


def trainable(task: Task) -> type[tune.Trainable]:
    """A `tune.Trainable` that trains `task`.

    Its config takes the fields of the task's Config, and `seed` (0 where it is missing). Every
    epoch's metrics go to Tune; checkpoints are written when Tune asks. Data comes from
    `task.load`, or as `tune.with_parameters(trainable(task), data=splits)`.
    """

    class TaskTrainable(_TaskTrainable):
        _task = task

    TaskTrainable.__name__ = task.name
    return TaskTrainable


class _TaskTrainable(tune.Trainable):
    """Does nothing but remember until its first step.

    Ray arms a spare actor for a trial that may run elsewhere, so `setup` and `reset_config` must
    touch no file.
    """

    _task: Task

    def setup(
        self,
        config: dict[str, Any],
        data: Splits | None = None,
        settings: TrialSettings | None = None,
    ) -> None:
        self._data, self._settings = data, settings
        self._arm(config)

    def reset_config(self, new_config: dict[str, Any]) -> bool:
        self._arm(new_config)
        return True

    def step(self) -> dict[str, Any]:
        if self._settings is None:
            return self._plain_step(self._plain())
        try:
            return self._searched_step(self._settings)
        except SupersededError:
            raise
        except Exception as error:
            if is_disk_full(error):
                return self._ended(DISK_FULL, error, self._settings)
            directory = Experiment(self._settings.root).trial(self._armed["trial"])
            with writing(directory, self._settings.run):
                retried = directory.error.is_file()
                directory.write_error(error)
            if retried:  # no second retry, and Tune would give it one
                return self._ended(FAILED, error, self._settings)
            raise

    def save_checkpoint(self, checkpoint_dir: str) -> None:
        trainer = self._run.trainer if self._run else self._plain()
        trainer.save(Path(checkpoint_dir) / _CHECKPOINT)

    def load_checkpoint(self, checkpoint: Any) -> None:
        self._plain().load(Path(checkpoint) / _CHECKPOINT)

    def _arm(self, config: dict[str, Any]) -> None:
        self._armed = dict(config)
        self._run: TrialRun | None = None  # lets go of the trial before, GPU memory and all
        self._trainer: Trainer | None = None

    def _searched_step(self, settings: TrialSettings) -> dict[str, Any]:
        """One epoch within a search: the trial's directory is the record, Tune hears of it."""
        if self._run is None:
            self._run = TrialRun(
                self._task,
                self._armed["trial"],
                [Leg(**leg) for leg in self._armed["legs"]],
                self._splits(),
                settings,
                self._armed["spared"],
            )
            if self._run.finished:
                return self._reported(self._run.trainer.result, settings)
        self._iteration = self._run.trainer.epoch
        try:
            result = self._run.run_epoch()
        except NonFiniteLoss as error:
            # No exception: the configuration diverged, and Tune would only try it again.
            return self._ended(DIVERGED, error, settings)
        return self._reported(result, settings)

    def _reported(self, result: dict[str, float], settings: TrialSettings) -> dict[str, Any]:
        """What Tune hears of an epoch: no more than it needs, for it keeps 2 kB of each value."""
        assert self._run is not None
        told = {name: result[name] for name in (settings.metric, "epoch")}
        return {**told, "finished": self._run.finished, "done": self._run.finished}

    def _ended(self, why: str, error: Exception, settings: TrialSettings) -> dict[str, Any]:
        """The last word on a trial, that Tune takes for a result."""
        epoch = self._run.trainer.epoch + 1 if self._run is not None else 1
        text = str(error) if why == DIVERGED else cause_of(error)
        return {settings.metric: math.nan, "epoch": epoch, why: text, "done": True}

    def _plain_step(self, trainer: Trainer) -> dict[str, Any]:
        """One epoch for a user's own Tuner."""
        self._iteration = trainer.epoch
        return {**trainer.run_epoch(), "done": trainer.epoch >= trainer.epochs}

    def _plain(self) -> Trainer:
        if self._trainer is None:
            config = dict(self._armed)
            resources = self.trial_resources
            required = resources.required_resources if resources else {}
            self._trainer = begin(
                self._task,
                config,
                self._splits(),
                device=pick_device(required.get("GPU", 0)),
                seed=config.pop("seed", 0),
                threads=max(1, int(required.get("CPU", 1))),
            )
        return self._trainer

    def _splits(self) -> Splits:
        if self._data is None:
            self._data = self._task.load(DataRequest(say=print)).closed()
        else:
            self._data = opened(self._data)
        return self._data
