"""Train the winner once more on everything that is not test: train and val together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trainables.data.splits import Splits
from trainables.task import Task, begin
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
    """Train a trial's configuration on both, under its seed and the schedule of its full length.

    What a killed run of the search has trained of the same is gone on with.

    Args:
        trial: of the search.

    Returns:
        the id that its weights are under.

    Raises:
        NonFiniteLoss: it diverged.
    """
    directory, first = experiment.trial(all_id(trial)), experiment.trial(trial)
    config, seed = first.read_config(), first.read_status().seed
    directory.write_config(config)
    everything = splits.all_for_training()
    trainer = begin(task, config, everything, device=device, seed=seed, threads=threads)
    if directory.last.is_file():
        trainer.load(directory.last)
    if trainer.epoch > epochs:  # other re-runs have come since, and want a shorter one
        trainer = begin(task, config, everything, device=device, seed=seed, threads=threads)
    while trainer.epoch < epochs:
        trainer.run_epoch()  # its scores on val mean nothing: it has seen val
        trainer.save(directory.last)
    save_weights(trainer.module.state_dict(), directory.best)
    return directory.id
