"""Train the winner once more on everything that is not test: train and val together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trainables.course import Course
from trainables.data.splits import Splits
from trainables.task import Task
from trainables.trainer import save_weights
from tuning.experiment import Experiment, all_id


def best_length(reruns: pd.DataFrame) -> int:
    """The median of their best epochs; of two in the middle the earlier side of it."""
    return int(np.median(reruns["best_epoch"]))


def retrain_on_all(
    experiment: Experiment,
    task: Task,
    splits: Splits,
    trial: str,
    epochs: int,
    *,
    device: str,
    threads: int,
) -> str:
    """Train a trial's course on both, under its seeds and the schedule of its full length.

    What a killed run of the search has trained of the same is gone on with.

    Args:
        trial: of the search.

    Returns:
        the id that its weights are under.

    Raises:
        NonFiniteLoss: it diverged.
    """
    directory, first = experiment.trial(all_id(trial)), experiment.trial(trial)
    legs, everything = first.read_course(), splits.all_for_training()
    directory.write_config(legs[-1].config)
    directory.write_course(legs)
    course = Course(task, legs, everything, device=device, threads=threads)
    if directory.last.is_file():
        course.load(directory.last)
    if course.trainer.epoch > epochs:  # other re-runs have come since, and want a shorter one
        course = Course(task, legs, everything, device=device, threads=threads)
    while course.trainer.epoch < epochs:
        course.run_epoch()  # its scores on val mean nothing: it has seen val
        course.trainer.save(directory.last)
    save_weights(course.trainer.module.state_dict(), directory.best)
    return directory.id
