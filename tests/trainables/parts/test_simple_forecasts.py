"""The references: each is exactly right where its idea is."""

from __future__ import annotations

import numpy as np
import pytest

from trainables.data.series import Series
from trainables.parts.simple_forecasts import last_value, ridge, season_ago
from trainables.parts.windows import truth_of


def parts(rows: np.ndarray) -> tuple[Series, Series, Series]:
    rows = rows.astype(np.float32)
    return Series(rows[:600], 0), Series(rows[:800], 600), Series(rows, 800)


def wave(period: int) -> np.ndarray:
    hours = np.arange(1_000)[:, None]
    return np.sin(2 * np.pi * (hours / period + np.array([0.1, 0.4, 0.7])))


def test_the_last_value_is_right_for_what_stays():
    rows = np.repeat(np.random.default_rng(0).normal(size=(1, 3)), 1_000, 0)
    for part in parts(rows)[1:]:
        made = last_value(part, [0, 2], 5)
        assert made.shape == (196, 2, 5)
        np.testing.assert_allclose(made, truth_of(part, [0, 2], made.shape), rtol=1e-6)


@pytest.mark.parametrize("future", [5, 60])
def test_a_season_ago_is_right_for_what_repeats(future):
    for part in parts(wave(24))[1:]:
        made = season_ago(part, [1], future, 24)
        assert made.shape == (201 - future, 1, future)
        np.testing.assert_allclose(made, truth_of(part, [1], made.shape), atol=1e-5)


def test_the_line_is_right_for_what_a_line_foretells():
    train, val, test = parts(wave(17) + np.linspace(0, 3, 1_000)[:, None])
    for part in (val, test):
        made = ridge(train, val, part, [0, 1], 12)
        truth = truth_of(part, [0, 1], made.shape)
        assert made.shape == (189, 2, 12)
        assert np.square(made - truth).mean() < 1e-4
        assert np.square(last_value(part, [0, 1], 12) - truth).mean() > 0.1


def test_the_penalty_is_chosen_on_val_and_not_on_what_is_scored():
    train, val, test = parts(np.random.default_rng(0).normal(size=(1_000, 3)))
    scored = ridge(train, val, test, [0], 8)
    # Noise foretells nothing: with the penalty that val asks for, the line is nearly the mean.
    assert np.square(scored - truth_of(test, [0], scored.shape)).mean() < 1.2
    other = Series(test.values.copy(), 800)
    other.values[810:] = 0
    np.testing.assert_allclose(ridge(train, val, other, [0], 8)[0], scored[0])
