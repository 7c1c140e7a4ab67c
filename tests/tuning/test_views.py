"""What a worker leaves of its network for TensorBoard, also where that cannot be looked at."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from torch import Tensor, nn

from trainables.data.splits import Splits
from trainables.files import read_json
from trainables.inspection import Inspection
from trainables.mnist_cnn import TASK
from trainables.task import begin
from trainables.trainer import Trainer
from tuning.view_files import ViewFiles
from tuning.views import Look, leave, look_at

INSPECTION = TASK.scoring.inspection
CONFIG = {"batch_size": 128, "conv1": 4, "conv2": 4, "hidden": 16}


@pytest.fixture
def trainer(digits: Splits) -> Trainer:
    return begin(TASK, CONFIG, digits, device="cpu", seed=0, threads=1)


@pytest.fixture
def files(tmp_path: Path) -> ViewFiles:
    return ViewFiles(tmp_path)


def looked(trainer: Trainer, inspection: Inspection, digits: Splits, files: ViewFiles) -> Look:
    """Look, of a best epoch, and leave what was seen."""
    look = look_at(trainer, inspection, digits, files, is_best=True)
    leave(look, files)
    return look


def test_a_best_epoch_takes_an_earlier_ones_figures_away(
    trainer: Trainer, digits: Splits, files: ViewFiles
) -> None:
    looked(trainer, INSPECTION, digits, files)
    assert files.figure("confusion").is_file() and files.figure("most_confused").is_file()

    def without_mistakes(*seen: Any) -> dict[str, Any]:
        return {"confusion": INSPECTION.figures(*seen)["confusion"]}

    trainer.epoch = 2
    looked(trainer, replace(INSPECTION, figures=without_mistakes), digits, files)
    assert read_json(files.figure("confusion"))["epoch"] == 2
    assert not files.figure("most_confused").exists() and not files.error.exists()


def test_an_epoch_that_is_no_best_leaves_figures_as_they_are(
    trainer: Trainer, digits: Splits, files: ViewFiles
) -> None:
    looked(trainer, INSPECTION, digits, files)
    leave(look_at(trainer, INSPECTION, digits, files, is_best=False), files)
    assert files.figure("most_confused").is_file()


class Heads(nn.Linear):
    """A last layer of a user's own, which may take two inputs."""

    def forward(self, input: Tensor, other: Tensor | None = None) -> Tensor:
        return super().forward(input if other is None else input + other)


class Odd(nn.Module):
    """A network whose last layer does not say what it sees: two things at once."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body, self.head = body, Heads(10, 10)

    def forward(self, x: Tensor) -> Tensor:
        logits = self.body(x)
        scored: Tensor = self.head(logits, other=logits)
        return scored


def test_what_cannot_be_looked_at_is_said_and_fails_no_trial(
    trainer: Trainer, digits: Splits, files: ViewFiles
) -> None:
    trainer.module = Odd(trainer.module)
    look = looked(trainer, INSPECTION, digits, files)
    assert "weights/head.weight" in look.histograms and look.points is None
    assert read_json(files.error) == {"epoch": trainer.epoch, "error": look.error}
    assert look.error is not None and look.error.startswith("ValueError: ")
    assert not files.figure("confusion").exists()
    assert not trainer.module.head._forward_hooks
