from __future__ import annotations

import numpy as np
import pytest

from trainables.data.cut import cut_off
from trainables.data.splits import Split


def split(counts: list[int]) -> Split:
    targets = np.repeat(np.arange(len(counts)), counts)
    return Split(np.arange(len(targets), dtype=np.int64), targets)


def test_nothing_is_lost_or_doubled_and_classes_stay_with_their_inputs():
    whole = split([50, 30, 20])
    rest, part = cut_off(whole, 0.2, 1_000, seed=0)
    together = np.concatenate([rest.inputs, part.inputs])
    assert sorted(together) == list(range(100))
    for piece in (rest, part):
        assert np.array_equal(piece.targets, whole.targets[piece.inputs])


def test_every_class_gives_its_share():
    rest, part = cut_off(split([50, 30, 20]), 0.2, 1_000, seed=0)
    assert np.bincount(part.targets).tolist() == [10, 6, 4]
    assert np.bincount(rest.targets).tolist() == [40, 24, 16]


def test_no_more_than_the_most_is_cut():
    _, part = cut_off(split([500, 500]), 0.2, 50, seed=0)
    assert np.bincount(part.targets).tolist() == [25, 25]


@pytest.mark.parametrize(("count", "taken"), [(1, 0), (2, 1), (3, 1), (4, 1)])
def test_a_rare_class_is_on_both_sides_if_it_can_be(count, taken):
    _, part = cut_off(split([1_000, count]), 0.01, 1_000, seed=0)
    assert int((part.targets == 1).sum()) == taken


def test_a_class_number_without_examples_is_no_trouble():
    _, part = cut_off(split([10, 0, 10]), 0.2, 1_000, seed=0)
    assert np.bincount(part.targets).tolist() == [2, 0, 2]


def test_the_seed_alone_decides():
    whole = split([50, 50])
    one, two, other = (cut_off(whole, 0.2, 100, seed) for seed in (3, 3, 4))
    for a, b in zip(one, two, strict=True):
        assert np.array_equal(a.inputs, b.inputs)
    assert set(one[1].inputs) != set(other[1].inputs)


def test_both_sides_are_shuffled():
    rest, part = cut_off(split([50, 50]), 0.2, 100, seed=0)
    for piece in (rest, part):
        assert list(piece.inputs) != sorted(piece.inputs)
        assert len(set(piece.targets[: len(piece) // 2])) == 2
