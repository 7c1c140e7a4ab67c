"""What a count of neighbours knows of a text: the reference that a character model must beat."""

from __future__ import annotations

import math

import numpy as np

ORDER = 5
DISCOUNT = 0.75  # the usual one; see Jurafsky and Martin, "Speech and Language Processing", ch. 3


def longest_order(symbols: int) -> int:
    """The longest runs, up to `ORDER`, that can be numbered in 63 bits."""
    return min(ORDER, int(62 / math.log2(symbols + 1)))


def ngram_nats(
    train: np.ndarray, scored: np.ndarray, symbols: int, order: int = ORDER
) -> np.ndarray:
    """Nats of each symbol given the `order - 1` before it, float64 [len(scored) - order + 1].

    An n-gram model with interpolated Kneser-Ney smoothing (S. F. Chen and J. Goodman, "An
    Empirical Study of Smoothing Techniques for Language Modeling", 1996): each order gives
    `DISCOUNT` of every count it has to the order below, which counts not how often a symbol
    occurs but after how many different ones; below the lowest all symbols are alike.

    Args:
        train: int [n], numbers in [0, symbols).
        scored: int [m], its first `order - 1` only as context.
        order: up to `longest_order`.
    """
    if order > longest_order(symbols):
        raise ValueError(f"runs of {order} of {symbols} symbols are too many to number")
    shares = np.full(len(scored) - order + 1, 1 / symbols)
    for length in range(1, order + 1):
        grams, counts = np.unique(_keys(train, length, symbols), return_counts=True)
        if length < order:  # continuations: different symbols before it, not occurrences
            longer = np.unique(_keys(train, length + 1, symbols))
            grams, counts = np.unique(longer % symbols**length, return_counts=True)
        asked = _keys(scored[order - length :], length, symbols)
        contexts, first = np.unique(grams // symbols, return_index=True)
        totals = np.add.reduceat(counts, first)
        kinds = np.diff(np.append(first, len(grams)))
        total = _looked_up(contexts, totals, asked // symbols)
        known = total > 0
        count, kind = (
            _looked_up(grams, counts, asked)[known],
            _looked_up(contexts, kinds, asked // symbols)[known],
        )
        kept = np.maximum(count - DISCOUNT, 0)
        shares[known] = (kept + DISCOUNT * kind * shares[known]) / total[known]
    return -np.log(shares)


def _keys(text: np.ndarray, length: int, symbols: int) -> np.ndarray:
    """One number for each run of `length` symbols, int64 [len(text) - length + 1]."""
    count = len(text) - length + 1
    keys = np.zeros(count, np.int64)
    for place in range(length):
        keys = keys * symbols + text[place : place + count]
    return keys


def _looked_up(keys: np.ndarray, values: np.ndarray, asked: np.ndarray) -> np.ndarray:
    """The value of each key asked for, from sorted keys; 0 where there is none."""
    place = np.minimum(np.searchsorted(keys, asked), len(keys) - 1)
    return np.where(keys[place] == asked, values[place], 0)
