"""The drawn pictures: the same for the same seed, and a fair exercise."""

from __future__ import annotations

import numpy as np
import pytest

from search_spaces.cifar10 import SPACE
from trainables import cifar10_net
from trainables.data.drawn import CLASSES, drawn_pictures
from trainables.data.request import DataRequest
from trainables.task import begin


def test_the_same_seed_draws_the_same_bytes():
    one, labels = drawn_pictures(60, seed=3)
    two, labels_again = drawn_pictures(60, seed=3)
    assert one.tobytes() == two.tobytes()
    assert np.array_equal(labels, labels_again)
    assert one.shape == (60, 32, 32, 3) and one.dtype == np.uint8
    assert labels.dtype == np.int64
    assert drawn_pictures(60, seed=4)[0].tobytes() != one.tobytes()


@pytest.mark.parametrize("count", [1, 25, 60])
def test_asking_for_more_only_adds_to_the_end(count):
    more, more_labels = drawn_pictures(70, seed=3)
    some, labels = drawn_pictures(count, seed=3)
    assert np.array_equal(some, more[:count])
    assert np.array_equal(labels, more_labels[:count])


def test_classes_are_balanced_and_no_two_pictures_alike():
    pictures, labels = drawn_pictures(200, seed=0)
    for start in range(0, 200, 10):
        assert sorted(labels[start : start + 10]) == list(range(len(CLASSES)))
    assert labels[:10].tolist() != sorted(labels[:10])
    assert len({picture.tobytes() for picture in pictures}) == 200
    assert pictures.min() == 0 and pictures.max() == 255


def test_colour_and_brightness_do_not_give_the_class_away():
    pictures, labels = drawn_pictures(1_000, seed=1)
    overall = pictures.mean((0, 1, 2))
    for number in range(len(CLASSES)):
        means = pictures[labels == number].mean((1, 2))
        error = means.std(0) / np.sqrt(len(means))
        assert (np.abs(means.mean(0) - overall) < 5 * error).all()


def test_the_textbooks_settings_land_in_the_promised_band():
    """Trains the whole baseline, as long as a search does: most of a minute."""
    splits = cifar10_net.TASK.load(DataRequest("embedded")).closed()
    length = {"epochs": SPACE.epochs}
    training = begin(cifar10_net.TASK, length, splits, device="cpu", seed=0, threads=1)
    accuracies = [training.run_epoch()["val_accuracy"] for _ in range(training.epochs)]
    assert len(accuracies) == 12
    assert 0.5 < max(accuracies) < 0.9
