"""Train the winner once more on everything that is not test: train and val together."""

from __future__ import annotations

import numpy as np
import pandas as pd

from trainables.data.splits import Splits
from trainables.task import Task, begin
from trainables.trainer import save_weights
from tuning.experiment import Experiment, all_id


def retrain_on_all(
    experiment: Experiment,
    task: Task,
    splits: Splits,
    trial: str,
    reruns: pd.DataFrame,
    *,
    device: str,
    threads: int,
) -> tuple[str, int]:
    """Train it for the median best epoch of its re-runs, under their schedule and first seed.

    What a killed run of the search has trained of it already is gone on with.

    Args:
        trial: the winning configuration.
        reruns: the rows of its re-runs.

    Returns:
        the id that its weights are under, and its epochs.
    """
    directory = experiment.trial(all_id(trial))
    config = experiment.trial(trial).read_config()
    directory.write_config(config)
    epochs = int(np.median(reruns["best_epoch"]))
    seed = int(reruns["seed"].iloc[0])
    everything = splits.all_for_training()
    trainer = begin(task, config, everything, device=device, seed=seed, threads=threads)
    if directory.last.is_file():
        trainer.load(directory.last)
    if trainer.epoch > epochs:  # other re-runs have come since
        trainer = begin(task, config, everything, device=device, seed=seed, threads=threads)
    while trainer.epoch < epochs:
        trainer.run_epoch()  # its scores on val mean nothing: it has seen val
        trainer.save(directory.last)
    save_weights(trainer.module.state_dict(), directory.best)
    return directory.id, epochs
