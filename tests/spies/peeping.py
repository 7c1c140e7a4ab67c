"""A space whose task tries to read test wherever it gets hold of splits, and writes down how.

Lines of the file named by PEEPING_WITNESS: `WHERE refused`, `WHERE saw it`, and, whoever reads
what is in test, `read KNOWN`, where KNOWN says whether an opening was on record by then.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import FloatDistribution

from search_spaces.space import SearchSpace
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.mnist_cnn import TASK as MNIST
from trainables.task import Task
from trainables.trainer import Trainer


def note(line: str) -> None:
    with Path(os.environ["PEEPING_WITNESS"]).open("a") as file:
        file.write(line + "\n")


@dataclass(frozen=True)
class Watched:
    """A test part that tells when its arrays are read."""

    part: Any

    def _read(self) -> None:
        record = Path(os.environ["PEEPING_OPENINGS"])
        known = record.is_file() and '"result": null' in record.read_text()
        note(f"read {known}")

    @property
    def inputs(self) -> np.ndarray:
        self._read()
        return np.asarray(self.part.inputs)

    @property
    def targets(self) -> np.ndarray:
        self._read()
        return np.asarray(self.part.targets)

    def __len__(self) -> int:
        return len(self.part)


def load(request: DataRequest) -> Splits:
    splits = MNIST.load(request)
    return replace(splits, sealed_test=Watched(splits.test))


def peep(where: str, splits: Splits) -> None:
    try:
        len(splits.test)
        note(f"{where} saw it")
    except PermissionError:
        note(f"{where} refused")


def build(config: Any, splits: Splits, device: str) -> Trainer:
    peep("build", splits)
    trainer = MNIST.build(config, splits, device)
    evaluate = trainer.evaluate

    def peeping(split: str) -> dict[str, float]:
        try:
            evaluate("test")
            note("evaluate saw it")
        except PermissionError:
            note("evaluate refused")
        return evaluate(split)

    trainer.evaluate = peeping  # type: ignore[method-assign]
    return trainer


def check_data(config: Any, splits: Splits) -> None:
    peep("check_data", splits)


def notes(config: Any, splits: Splits) -> tuple[str, ...]:
    peep("notes", splits)
    return ()


def references(config: Any, splits: Splits, part: Any) -> dict[str, dict[str, Any]]:
    peep("references", splits)
    return {}


SCORING = replace(MNIST.scoring, references=references)
SPACE = SearchSpace(
    task=Task("peeping", MNIST.Config, MNIST.network, build, load, SCORING, check_data, notes),
    distributions={"lr": FloatDistribution(1e-4, 1e-2, log=True)},
    fixed={"batch_size": 128, "conv1": 4, "conv2": 4, "hidden": 16},
    epochs=2,
    trials=2,
    finalists=1,
    repeats=2,
)
