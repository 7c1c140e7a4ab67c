"""What a killed worker left half done is finished from its checkpoint; large arrays are mapped."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from trainables.trainer import load_tensors, save_tensors
from tuning.trial_directory import TrialDirectory
from tuning.trial_run import TrialSettings, settle


def epoch_line(epoch: int, score: float) -> dict[str, float]:
    return {"epoch": epoch, "val_accuracy": score, "seconds": 1.0, "lr": 0.1}


@pytest.fixture
def killed(tmp_path: Path) -> TrialDirectory:
    """Killed after the checkpoint of epoch 2, the best so far, before its line was written."""
    directory = TrialDirectory(tmp_path / "t0000")
    directory.root.mkdir()
    directory.append_result(epoch_line(1, 0.5))
    save_tensors({"weight": torch.zeros(1)}, directory.best)
    state = {"epoch": 2, "result": epoch_line(2, 0.6), "module": {"weight": torch.ones(1)}}
    save_tensors(state, directory.last)
    return directory


@pytest.mark.parametrize("torn", ["", '{"epoch": 2, "val_acc'])
def test_line_and_best_weights_follow_the_checkpoint(killed: TrialDirectory, torn: str) -> None:
    with killed.results.open("a") as file:
        file.write(torn)
    settings = TrialSettings(killed.root.parent, "a run", "val_accuracy", "max", None, 1, "cpu")
    for _ in range(2):  # settling twice changes nothing more
        settle(killed, settings)
        assert [line["epoch"] for line in killed.read_results()] == [1, 2]
        assert load_tensors(killed.best)["weight"].item() == 1


def test_a_worse_epoch_leaves_the_best_weights(killed: TrialDirectory) -> None:
    settings = TrialSettings(killed.root.parent, "a run", "val_accuracy", "min", None, 1, "cpu")
    settle(killed, settings)
    assert load_tensors(killed.best)["weight"].item() == 0
