"""Cutting a part off a labelled set, the same way for the same seed."""

from __future__ import annotations

import numpy as np

from trainables.data.splits import Split

VAL_SHARE, VAL_MOST = 0.2, 5_000
TEST_SHARE, TEST_MOST = 0.2, 10_000


def cut_off(split: Split, share: float, most: int, seed: int) -> tuple[Split, Split]:
    """Split off about `share` of a split, at most about `most` examples, class by class.

    Stratified, so that a rare class is in both parts: every class with two or more examples
    gives at least one and keeps at least one.

    Args:
        share: in (0, 1).
        seed: >= 0; equal seeds cut equally.

    Returns:
        (the rest, the part cut off), each in a fixed shuffled order.
    """
    generator = np.random.default_rng(seed)
    share = min(share, most / len(split))
    taken = np.zeros(len(split), dtype=bool)
    for label in np.unique(split.targets):
        members = np.flatnonzero(split.targets == label)
        count = min(max(round(len(members) * share), 1), len(members) - 1)
        taken[generator.permutation(members)[:count]] = True
    rest = generator.permutation(np.flatnonzero(~taken))
    part = generator.permutation(np.flatnonzero(taken))
    return (
        Split(split.inputs[rest], split.targets[rest]),
        Split(split.inputs[part], split.targets[part]),
    )
