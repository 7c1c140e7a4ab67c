from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from trainables import cifar10_net, mnist_cnn
from trainables.parts.classifier import EVALUATION_BATCH, Augmentation, build_classifier, classify
from trainables.task import begin

TINY: dict[str, Any] = dict(conv1=3, conv2=4, l1=12, l2=10, batch_size=64, epochs=2)


def recorded_batches(splits, augmentation=None, **config):
    """All (inputs, targets) of one epoch, as the network sees them."""
    settings = cifar10_net.Config(**TINY | config)
    network = cifar10_net.Net(settings, splits.meta)
    trainer = build_classifier(
        "x", settings, network, splits, "cpu", augmentation or Augmentation()
    )
    return [(x.clone(), y.clone()) for x, y in trainer._batches(trainer._generator)]


def test_an_epoch_shows_every_picture_once_normalised_with_its_own_class(colour_splits):
    batches = recorded_batches(colour_splits)
    assert [len(targets) for _, targets in batches] == [64, 64, 64, 8]
    inputs = torch.cat([x for x, _ in batches])
    targets = torch.cat([y for _, y in batches])
    assert inputs.dtype == torch.float32
    train = colour_splits.train
    mean = train.inputs.mean((0, 1, 2), dtype=np.float64)
    std = train.inputs.std((0, 1, 2), dtype=np.float64)
    expected = ((train.inputs - mean) / std).transpose(0, 3, 1, 2)
    for picture, target in zip(inputs.numpy(), targets, strict=True):
        distance = np.abs(expected - picture).max((1, 2, 3))
        which = int(distance.argmin())
        assert distance[which] < 1e-4
        assert train.targets[which] == target
        expected[which] = np.inf  # each may be found once only
    assert abs(float(inputs.mean())) < 1e-3
    assert float(inputs.std()) == pytest.approx(1, abs=1e-2)


def test_the_order_is_another_one_each_epoch(colour_splits):
    settings = cifar10_net.Config(**TINY)
    trainer = cifar10_net.build(settings, colour_splits, "cpu")
    first, second = (
        torch.cat([y for _, y in trainer._batches(trainer._generator)]) for _ in range(2)
    )
    assert not torch.equal(first, second)
    assert torch.equal(first.sort().values, second.sort().values)


def test_augmentation_sees_training_batches_only_and_in_both_forms(colour_splits):
    seen = []

    def stored(images, generator):
        seen.append((images.dtype, tuple(images.shape[1:])))
        return images

    def floats(images, generator):
        seen.append((images.dtype, tuple(images.shape[1:])))
        assert float(images.min()) >= 0 and 200 < float(images.max()) <= 255
        return images

    recorded_batches(colour_splits, Augmentation(stored, floats), batch_size=200)
    assert seen == [(torch.uint8, (32, 32, 3)), (torch.float32, (3, 32, 32))]

    settings = cifar10_net.Config(**TINY)
    network = cifar10_net.Net(settings, colour_splits.meta)
    augmentation = Augmentation(stored, floats)
    trainer = build_classifier("x", settings, network, colour_splits, "cpu", augmentation)
    trainer.evaluate("val")
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("task", "config"),
    [
        (mnist_cnn.TASK, dict(hidden=8, rotate=20.0, scale=0.2, shift=3.0)),
        (cifar10_net.TASK, dict(l1=8, l2=8, flip=True, crop_padding=3)),
    ],
    ids=["mnist_cnn", "cifar10_net"],
)
def test_the_configs_augmentation_changes_pictures_but_no_array_and_no_class(
    task, config, small_splits
):
    before = small_splits.train.inputs.copy()

    def epoch(**settings):
        common = dict(conv1=3, conv2=4, batch_size=200, epochs=2)
        trainer = begin(task, common | settings, small_splits, device="cpu", seed=4, threads=1)
        return next(iter(trainer._batches(trainer._generator)))

    plain_inputs, plain_targets = epoch(
        **{k: v for k, v in config.items() if k in ("hidden", "l1", "l2")}
    )
    inputs, targets = epoch(**config)
    assert torch.equal(targets, plain_targets)
    assert inputs.shape == plain_inputs.shape
    changed = (inputs != plain_inputs).flatten(1).any(1)
    assert float(changed.float().mean()) > 0.7
    assert np.array_equal(small_splits.train.inputs, before)


@pytest.mark.parametrize("smoothing", [0.0, 0.25])
def test_label_smoothing_reaches_the_training_loss_alone(smoothing, small_splits):
    trainer = mnist_cnn.build(mnist_cnn.Config(label_smoothing=smoothing), small_splits, "cpu")
    inputs, targets = torch.randn(6, 1, 16, 16), torch.arange(6) % 4
    with torch.no_grad():
        loss, metrics = trainer._loss(trainer.module, inputs, targets)
        logits = trainer.module(inputs)
    assert float(loss) == pytest.approx(
        float(F.cross_entropy(logits, targets, label_smoothing=smoothing))
    )
    assert int(metrics["accuracy"]) == int((logits.argmax(1) == targets).sum())
    scored = classify(trainer.module, small_splits.val.inputs, small_splits.meta, "cpu")
    val_targets = torch.from_numpy(np.array(small_splits.val.targets))
    plain = float(F.cross_entropy(torch.from_numpy(scored), val_targets))
    assert trainer.evaluate("val")["loss"] == pytest.approx(plain)


def test_classify_gives_the_same_score_as_training_to_the_last_picture(make_splits):
    splits = make_splits(16, 16, 1, count=4 * (EVALUATION_BATCH + 300))  # val: two batches
    assert len(splits.val) > EVALUATION_BATCH
    trainer = mnist_cnn.build(mnist_cnn.Config(conv1=4, conv2=4, hidden=8), splits, "cpu")
    scores = trainer.evaluate("val")
    trainer.module.train()  # whoever loads an export may hand it over in any mode
    logits = classify(trainer.module, splits.val.inputs, splits.meta, "cpu")
    assert logits.shape == (len(splits.val), 4) and logits.dtype == np.float32
    assert float((logits.argmax(1) == splits.val.targets).mean()) == scores["accuracy"]
    targets = torch.from_numpy(np.array(splits.val.targets))
    assert float(F.cross_entropy(torch.from_numpy(logits), targets)) == scores["loss"]


def test_a_checkpoints_about_is_the_whole_config(small_splits):
    config = mnist_cnn.Config(lr=0.125, hidden=9)
    about = mnist_cnn.build(config, small_splits, "cpu").about
    assert about == {"task": "mnist_cnn", "config": dataclasses.asdict(config)}
