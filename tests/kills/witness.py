"""A space whose task bears witness, outside the experiment, to every epoch that is begun.

Each begun epoch is a line `begun SEED EPOCH PROCESS` in the file named by KILLS_WITNESS, each
completed checkpoint one that starts with `saved`. The file named by KILLS_FAULT, where there is
one, names what a worker is to do once, in place of writing a checkpoint whole: see `faults.py`.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import torch
from optuna.distributions import FloatDistribution

from search_spaces.space import SearchSpace
from tests.kills.faults import arm_worker
from trainables.data.splits import Splits
from trainables.mnist_cnn import TASK as MNIST
from trainables.task import Task
from trainables.trainer import Trainer


def build(config: Any, splits: Splits, device: str) -> Trainer:
    """MNIST's own, watched."""
    trainer = MNIST.build(config, splits, device)
    seed, run_epoch, save = torch.initial_seed(), trainer.run_epoch, trainer.save

    def note(what: str, epoch: int) -> None:
        with Path(os.environ["KILLS_WITNESS"]).open("a") as file:
            file.write(f"{what} {seed} {epoch} {os.getpid()}\n")

    def watched() -> dict[str, float]:
        note("begun", trainer.epoch + 1)
        arm_worker()
        return run_epoch()

    def watched_save(path: Path) -> None:
        save(path)
        note("saved", trainer.epoch)

    trainer.run_epoch = watched  # type: ignore[method-assign]
    trainer.save = watched_save  # type: ignore[method-assign]
    return trainer


SPACE = SearchSpace(
    task=Task("witness", MNIST.Config, MNIST.network, build, MNIST.load),
    distributions={"lr": FloatDistribution(1e-4, 1e-2, log=True)},
    fixed={"batch_size": 16, "conv1": 16, "conv2": 16},  # an epoch takes a few tenths of a second
    epochs=6,
    trials=4,
    finalists=1,
    repeats=2,
)
