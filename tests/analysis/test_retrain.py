"""The winner trained on train and val together: for as long as its re-runs needed, and resumed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
import pytest
import torch

from analysis.retrain import best_length, retrain_on_all
from trainables.data.splits import Splits
from trainables.mnist_cnn import TASK
from trainables.task import begin
from trainables.trainer import Trainer, load_tensors
from tuning.experiment import Experiment


def again(experiment: Experiment, splits: Splits, epochs: int = 2) -> str:
    return retrain_on_all(experiment, TASK, splits, "t0000", epochs, device="cpu", threads=1)


def weights(experiment: Experiment) -> dict[str, Any]:
    found: dict[str, Any] = load_tensors(experiment.trial("t0000-all").best)
    return found


def same(these: dict[str, Any], those: dict[str, Any]) -> bool:
    return all(torch.equal(these[name], those[name]) for name in these)


def test_it_is_one_training_on_everything(copy: Callable[[], Experiment], digits: Splits) -> None:
    experiment = copy()
    assert again(experiment, digits) == "t0000-all"
    seed = experiment.trial("t0000").read_status().seed
    config = experiment.trial("t0000").read_config()
    assert config["epochs"] == 3  # the schedule is the re-runs' own
    by_hand = begin(TASK, config, digits.all_for_training(), device="cpu", seed=seed, threads=1)
    by_hand.run_epoch()
    by_hand.run_epoch()
    assert same(weights(experiment), by_hand.module.state_dict())
    plain = begin(TASK, config, digits, device="cpu", seed=seed, threads=1)
    plain.run_epoch()
    plain.run_epoch()
    assert not same(weights(experiment), plain.module.state_dict())


def test_killed_it_goes_on_and_done_it_is_kept(
    copy: Callable[[], Experiment], digits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = copy()
    again(experiment, digits)
    whole = weights(experiment)
    directory = experiment.trial("t0000-all")
    directory.drop_weights()
    run_epoch, epochs = Trainer.run_epoch, []

    def mortal(trainer: Trainer) -> dict[str, Any]:
        epochs.append(trainer.epoch + 1)
        if epochs == [1, 2]:
            raise KeyboardInterrupt
        return run_epoch(trainer)

    monkeypatch.setattr(Trainer, "run_epoch", mortal)
    with pytest.raises(KeyboardInterrupt):
        again(experiment, digits)
    again(experiment, digits)
    assert epochs == [1, 2, 2] and same(weights(experiment), whole)
    again(experiment, digits)
    assert epochs == [1, 2, 2]


def test_where_later_reruns_ask_for_less_it_begins_again(
    copy: Callable[[], Experiment], digits: Splits
) -> None:
    experiment = copy()
    again(experiment, digits)
    assert again(experiment, digits, epochs=1) == "t0000-all"
    seed = experiment.trial("t0000").read_status().seed
    config = experiment.trial("t0000").read_config()
    once = begin(TASK, config, digits.all_for_training(), device="cpu", seed=seed, threads=1)
    once.run_epoch()
    assert same(weights(experiment), once.module.state_dict())


@pytest.mark.parametrize(("best", "length"), [((3, 1, 2), 2), ((5,), 5), ((4, 1), 2)])
def test_it_lasts_as_long_as_its_reruns_needed(best: tuple[int, ...], length: int) -> None:
    assert best_length(pd.DataFrame({"best_epoch": best})) == length
