from __future__ import annotations

import math
import os
import time
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from trainables import cifar10_net, mnist_cnn
from trainables.errors import NonFiniteLoss
from trainables.task import begin
from trainables.trainer import Trainer, load_tensors, save_weights

SMALL: dict[str, Any] = dict(conv1=3, conv2=4, batch_size=32, epochs=4)
RANDOM: dict[
    str, dict[str, Any]
] = {  # dropout and augmentation on: everything that draws random numbers
    "mnist_cnn": dict(hidden=8, dropout=0.3, rotate=10.0, scale=0.1, shift=2.0),
    "cifar10_net": dict(l1=12, l2=10, dropout=0.3, flip=True, crop_padding=2),
}
TASKS = {"mnist_cnn": mnist_cnn.TASK, "cifar10_net": cifar10_net.TASK}


def start(name: str, splits: Any, seed: int = 1, threads: int = 1, **config: Any) -> Trainer:
    config = SMALL | RANDOM[name] | config
    return begin(TASKS[name], config, splits, device="cpu", seed=seed, threads=threads)


def run(training: Trainer, epochs: int) -> list[dict[str, float]]:
    """The results of some epochs, without those that depend on the clock."""
    clock = ("seconds", "samples_per_second", "wall_time")
    results = [training.run_epoch() for _ in range(epochs)]
    return [{k: v for k, v in result.items() if k not in clock} for result in results]


def same_weights(one: Trainer, other: Trainer) -> bool:
    pairs = zip(one.module.state_dict().items(), other.module.state_dict().items(), strict=True)
    return all(a == b and torch.equal(x, y) for (a, x), (b, y) in pairs)


def test_an_epoch_reports_everything_and_in_the_right_units(small_splits):
    training = start("mnist_cnn", small_splits)
    before = time.time()
    result = training.run_epoch()
    assert before < result["wall_time"] <= time.time()
    assert set(result) == {
        "epoch",
        "train_loss",
        "train_accuracy",
        "val_loss",
        "val_accuracy",
        "lr",
        "grad_norm",
        "samples_per_second",
        "trainable_parameters",
        "seconds",
        "wall_time",
    }
    assert result["epoch"] == 1
    assert result["lr"] == 1e-3
    assert 0 <= result["train_accuracy"] <= 1
    assert result["train_accuracy"] * 200 == pytest.approx(round(result["train_accuracy"] * 200))
    assert result["val_accuracy"] * 50 == pytest.approx(round(result["val_accuracy"] * 50))
    assert result["samples_per_second"] >= 200 / result["seconds"]
    assert training.result == result
    assert training.run_epoch()["epoch"] == 2


@pytest.mark.parametrize("name", TASKS)
def test_training_learns(name, make_splits):
    splits = make_splits(16, 16, 3)
    plain: dict[str, Any] = dict(dropout=0.0, lr=1e-2, optimizer="adam", epochs=6, conv1=8, conv2=8)
    results = run(start(name, splits, **plain), 6)
    assert results[-1]["val_accuracy"] > 0.9
    assert results[-1]["train_loss"] < results[0]["train_loss"]


def test_the_reported_val_scores_are_those_of_the_whole_split_in_fp32(small_splits):
    training = start("mnist_cnn", small_splits)
    result = training.run_epoch()
    images = torch.from_numpy(np.array(small_splits.val.inputs)).permute(0, 3, 1, 2).float()
    mean, std = small_splits.meta.mean[0], small_splits.meta.std[0]
    targets = torch.from_numpy(np.array(small_splits.val.targets))
    training.module.eval()
    with torch.no_grad():
        logits = training.module((images - mean) / std)
    assert logits.dtype == torch.float32
    assert result["val_accuracy"] == int((logits.argmax(1) == targets).sum()) / 50
    loss = float(nn.functional.cross_entropy(logits, targets))
    assert result["val_loss"] == pytest.approx(loss, rel=1e-5)


def test_evaluation_is_fp32_even_where_training_is_not(small_splits):
    training = start("mnist_cnn", small_splits)
    types: list[torch.dtype] = []
    training.module.register_forward_hook(lambda module, inputs, output: types.append(output.dtype))
    training._autocast = True
    training.run_epoch()
    training._autocast = False
    assert types[0] == torch.bfloat16
    assert types[-1] == torch.float32


@pytest.mark.parametrize("name", TASKS)
def test_training_repeats_bit_for_bit(name, small_splits):
    first, second = start(name, small_splits), start(name, small_splits)
    # Both draw from one global generator, so each gets its seed again.
    torch.manual_seed(5)
    one = run(first, 4)
    torch.manual_seed(5)
    assert run(second, 4) == one
    assert same_weights(first, second)


def test_another_seed_trains_differently(small_splits):
    first, second = start("cifar10_net", small_splits), start("cifar10_net", small_splits, seed=2)
    run(first, 1)
    run(second, 1)
    assert not same_weights(first, second)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "one_cycle"])
@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("name", TASKS)
def test_a_training_goes_on_from_a_checkpoint_bit_for_bit(
    name, optimizer, schedule, small_splits, tmp_path
):
    config = dict(optimizer=optimizer, schedule=schedule, weight_decay=1e-3, lr=5e-3)
    whole = start(name, small_splits, **config)
    expected = run(whole, 4)

    broken = start(name, small_splits, **config)
    run(broken, 2)
    broken.save(tmp_path / "last.pt")
    torch.manual_seed(99)  # a fresh process is in another random state

    resumed = start(name, small_splits, seed=77, **config)
    resumed.load(tmp_path / "last.pt")
    assert resumed.epoch == 2
    assert resumed.result == broken.result
    assert run(resumed, 2) == expected[2:]
    assert same_weights(resumed, whole)
    with pytest.raises(RuntimeError, match="all 4 epochs have been run"):
        resumed.run_epoch()


def test_a_checkpoint_holds_no_code(small_splits, tmp_path):
    training = start("cifar10_net", small_splits, schedule="one_cycle")
    training.run_epoch()
    training.save(tmp_path / "last.pt")
    state = torch.load(tmp_path / "last.pt", weights_only=True)
    assert state["epoch"] == 1
    assert state["about"]["task"] == "cifar10_net"
    assert state["about"]["config"]["schedule"] == "one_cycle"
    assert state["result"] == training.result


def test_code_in_a_checkpoint_is_refused(tmp_path):
    torch.save({"about": math.sqrt}, tmp_path / "evil.pt")
    with pytest.raises(Exception, match="weights_only"):
        load_tensors(tmp_path / "evil.pt")


def test_a_checkpoint_of_another_config_or_task_is_refused(small_splits, tmp_path):
    training = start("mnist_cnn", small_splits, lr=0.25)
    training.save(tmp_path / "last.pt")
    other = start("mnist_cnn", small_splits, lr=0.125)
    before = {name: value.clone() for name, value in other.module.state_dict().items()}
    with pytest.raises(ValueError, match=r"last\.pt was made by .*0\.25.*, not by .*0\.125"):
        other.load(tmp_path / "last.pt")
    after = other.module.state_dict()
    assert all(torch.equal(after[name], value) for name, value in before.items())
    with pytest.raises(ValueError, match=r"made by .*mnist_cnn.* not by .*cifar10_net"):
        start("cifar10_net", small_splits).load(tmp_path / "last.pt")


def test_a_failed_save_leaves_the_old_file_and_no_other(small_splits, tmp_path, monkeypatch):
    training = start("mnist_cnn", small_splits)
    path = tmp_path / "last.pt"
    training.save(path)
    before = path.read_bytes()

    def full_disk(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        training.save(path)
    assert [p.name for p in tmp_path.iterdir()] == ["last.pt"]
    assert path.read_bytes() == before


def test_weights_are_saved_in_the_ordinary_layout(small_splits, tmp_path):
    training = start("cifar10_net", small_splits)
    save_weights(training.module.state_dict(), tmp_path / "model.pt")
    state = load_tensors(tmp_path / "model.pt")
    assert all(value.is_contiguous() for value in state.values())
    fresh = cifar10_net.Net(cifar10_net.Config(**SMALL, **RANDOM["cifar10_net"]), small_splits.meta)
    fresh.load_state_dict(state)
    images = torch.randn(2, 1, 16, 16)
    training.module.eval()
    assert torch.allclose(fresh.eval()(images), training.module(images), atol=1e-6)


@pytest.mark.parametrize("name", TASKS)
def test_a_diverging_training_is_stopped_in_its_first_epoch(name, small_splits):
    # Every update turns the weights over and makes them ninefold.
    wild: dict[str, Any] = dict(
        optimizer="sgd", lr=10.0, weight_decay=1.0, momentum=0.0, batch_size=4
    )
    training = start(name, small_splits, **wild)
    with pytest.raises(NonFiniteLoss, match="non-finite training loss in epoch 1 at step"):
        training.run_epoch()
    assert training.epoch == 0


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_non_finite_loss_is_seen_at_its_step_and_never_applied(bad):
    steps: list[int] = []

    def loss(module, inputs, targets):
        steps.append(len(steps))
        value = module(inputs).sum()
        return (value * bad if len(steps) == 3 else value), {}

    training = _hand_made(loss)
    with pytest.raises(NonFiniteLoss, match="epoch 1 at step 3"):
        training.run_epoch()
    assert len(steps) == 3
    assert all(torch.isfinite(value).all() for value in training.module.state_dict().values())
    assert training.epoch == 0


def test_losses_and_metrics_are_means_over_examples_not_over_batches():
    def loss(module, inputs, targets):
        return module(inputs).sum() * 0 + float(len(targets)), {"seen": torch.tensor(len(targets))}

    result = _hand_made(loss, sizes=(4, 4, 2)).run_epoch()
    assert result["train_loss"] == pytest.approx((4 * 4 + 4 * 4 + 2 * 2) / 10)
    assert result["train_seen"] == 1


def test_the_test_split_cannot_be_scored_during_a_search(small_splits):
    training = start("mnist_cnn", small_splits.closed())
    training.run_epoch()
    with pytest.raises(PermissionError, match="test split is closed"):
        training.evaluate("test")
    assert "accuracy" in start("mnist_cnn", small_splits).evaluate("test")


def test_scoring_changes_nothing_in_a_training(small_splits):
    plain, scored = start("mnist_cnn", small_splits), start("mnist_cnn", small_splits)
    torch.manual_seed(3)
    run(plain, 2)
    torch.manual_seed(3)
    for _ in range(2):
        scored.evaluate("test")
        run(scored, 1)
        scored.evaluate("val")
    assert same_weights(plain, scored)


def _hand_made(loss: Any, sizes: tuple[int, ...] = (4, 4, 4, 4)) -> Trainer:
    module = nn.Linear(2, 1)

    def batches(generator):
        for size in sizes:
            yield torch.rand(size, 2, generator=generator), torch.zeros(size)

    return Trainer(
        module,
        torch.optim.SGD(module.parameters(), lr=0.1),
        None,
        epochs=2,
        batches=batches,
        loss=loss,
        evaluate=lambda module, split: {"loss": 0.0},
        device="cpu",
        autocast=False,
        about={},
    )
