"""The 5-gram reference: a probability over all symbols, right where it can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from trainables.parts.ngrams import DISCOUNT, longest_order, ngram_nats

TEXT = np.random.default_rng(0).integers(0, 3, 400)


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("context", [[0, 1, 2, 1], [3, 3, 3, 3], [2, 2, 3, 0]])
def test_the_shares_of_all_symbols_add_up_to_one(order, context):
    before = context[-(order - 1) :] if order > 1 else []
    shares = [np.exp(-ngram_nats(TEXT, np.array([*before, s]), 4, order)) for s in range(4)]
    assert np.sum(shares) == pytest.approx(1)
    assert np.min(shares) > 0  # 3 is never in the text


def test_bigrams_as_counted_by_hand():
    train = np.array([0, 1, 0, 1, 0, 2])  # 01 10 01 10 02
    # Different symbols before: 0 <- {1}, 1 <- {0}, 2 <- {0}: one of three each, three kinds.
    lowest = (1 - DISCOUNT) / 3 + DISCOUNT * 3 / 3 * (1 / 3)
    seen = (2 - DISCOUNT) / 3 + DISCOUNT * 2 / 3 * lowest  # 1 after 0: twice of three, two kinds
    unseen_context = lowest  # nothing came after 2
    nats = ngram_nats(train, np.array([0, 1]), 3, 2)
    assert np.exp(-nats) == pytest.approx(seen)
    assert np.exp(-ngram_nats(train, np.array([2, 1]), 3, 2)) == pytest.approx(unseen_context)


def test_what_repeats_is_foreseen():
    train = np.tile([0, 1, 2, 3, 4], 200)
    assert ngram_nats(train, train[:100], 5).mean() < 0.01
    assert len(ngram_nats(train, train[:100], 5)) == 96


def test_a_huge_alphabet_shortens_the_runs():
    assert (longest_order(100), longest_order(5_000), longest_order(100_000)) == (5, 5, 3)
    train = np.random.default_rng(0).integers(0, 100_000, 1_000)
    nats = ngram_nats(train, train, 100_000, 3)
    assert len(nats) == 998 and np.isfinite(nats).all()
    with pytest.raises(ValueError, match="too many to number"):
        ngram_nats(train, train, 100_000)
