"""Trainings whose settings change on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from tests.trainables.test_trainer import RANDOM, SMALL, TASKS, run, same_weights, start
from trainables.course import Course
from trainables.data.splits import Splits
from trainables.leg import Leg
from trainables.trainer import load_tensors

SGD: dict[str, Any] = {"optimizer": "sgd", "lr": 0.02}


def course(splits: Splits, *legs: tuple[int, dict[str, Any]], name: str = "cifar10_net") -> Course:
    made = [
        Leg(start, 7 + start, {**SMALL, **RANDOM[name], **SGD, **changes})
        for start, changes in legs
    ]
    return Course(TASKS[name], made, splits, device="cpu", threads=1)


def test_one_leg_is_an_ordinary_training(colour_splits: Splits) -> None:
    whole = start("cifar10_net", colour_splits, seed=7, **SGD)
    straight = run(whole, 4)
    found = course(colour_splits, (0, {}))
    assert run(found.trainer, 4) == straight and same_weights(found.trainer, whole)


def test_a_leg_begins_with_what_the_one_before_has_trained(colour_splits: Splits) -> None:
    found = course(colour_splits, (0, {}), (2, {"lr": 1e-8, "dropout": 0.6, "weight_decay": 0.1}))
    [found.run_epoch() for _ in range(2)]
    first = found.trainer
    weights = {name: t.clone() for name, t in first.module.state_dict().items()}
    memory = first.optimizer.state_dict()["state"][0]["momentum_buffer"].clone()
    found.trainer.optimizer.param_groups[0]["lr"] = 123.0  # nothing of it stays
    third = found.run_epoch()
    assert found.trainer is not first and third["epoch"] == 3 and third["lr"] == 1e-8
    module: Any = found.trainer.module
    assert module.dropout.p == 0.6
    assert found.trainer.optimizer.param_groups[0]["weight_decay"] == 0.1
    for name, tensor in module.state_dict().items():
        torch.testing.assert_close(tensor, weights[name], rtol=0, atol=1e-5)  # so small a rate
    now = found.trainer.optimizer.state_dict()["state"][0]["momentum_buffer"]
    assert not torch.equal(now, memory) and now.norm() > 0.1 * memory.norm()


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
def test_the_schedule_goes_on_from_where_it_was_with_the_new_rate(
    colour_splits: Splits, schedule: str
) -> None:
    same = {"schedule": schedule}
    whole = course(colour_splits, (0, {**same, "lr": 0.06}))
    changed = course(colour_splits, (0, same), (2, {**same, "lr": 0.06}))
    rates = [[each.run_epoch()["lr"] for _ in range(4)] for each in (whole, changed)]
    before = [rates[0][epoch] / 3 for epoch in range(2)]
    assert rates[1] == pytest.approx([*before, *rates[0][2:]])
    ends = [each.trainer.optimizer.param_groups[0]["lr"] for each in (whole, changed)]
    assert ends[0] == pytest.approx(ends[1], abs=1e-12)


def test_random_numbers_are_the_legs_own(colour_splits: Splits) -> None:
    losses = []
    for starts in ([0], [0, 2]):
        found = course(colour_splits, *((start, {}) for start in starts))
        losses.append([found.run_epoch()["train_loss"] for _ in range(4)])
    first, second = losses
    assert first[:2] == second[:2] and first[2] != second[2]


@pytest.mark.parametrize("cut", [1, 2, 3])
def test_it_goes_on_from_a_checkpoint_bit_for_bit(
    colour_splits: Splits, tmp_path: Path, cut: int
) -> None:
    legs = [(0, {}), (1, {"lr": 0.01}), (2, {"lr": 0.03, "dropout": 0.5})]
    whole = course(colour_splits, *legs)
    straight = [whole.run_epoch() for _ in range(4)]
    first = course(colour_splits, *legs)
    [first.run_epoch() for _ in range(cut)]
    first.trainer.save(tmp_path / "last.pt")
    second = course(colour_splits, *legs)
    second.load(tmp_path / "last.pt")
    assert second.trainer.result["val_loss"] == straight[cut - 1]["val_loss"]
    rest = [second.run_epoch() for _ in range(4 - cut)]
    for one, other in zip(straight[cut:], rest, strict=True):
        assert {n: one[n] for n in ("train_loss", "val_loss", "lr")} == {
            n: other[n] for n in ("train_loss", "val_loss", "lr")
        }
    assert same_weights(whole.trainer, second.trainer)


def test_it_takes_over_what_another_has_left(colour_splits: Splits, tmp_path: Path) -> None:
    whole = course(colour_splits, (0, {}), (2, {"lr": 0.01}))
    straight = [whole.run_epoch() for _ in range(3)]
    other = course(colour_splits, (0, {}))
    [other.run_epoch() for _ in range(2)]
    other.trainer.save(tmp_path / "other.pt")
    heir = course(colour_splits, (2, {"lr": 0.01}))
    heir.take_over(load_tensors(tmp_path / "other.pt"))
    assert heir.run_epoch()["val_loss"] == straight[2]["val_loss"]
    wider = course(colour_splits, (2, {"l1": 13}))
    with pytest.raises(RuntimeError, match="size mismatch"):
        wider.take_over(load_tensors(tmp_path / "other.pt"))
