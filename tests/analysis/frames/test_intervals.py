"""95 % intervals: checked against textbook figures, and by how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from analysis.frames.intervals import difference_interval, mean_interval, score_interval, tied


@pytest.mark.parametrize("counts", [(2, 2), (3, 3), (2, 7), (40, 5)])
def test_intervals_are_scipys(counts: tuple[int, int]) -> None:
    rng = np.random.default_rng(sum(counts))
    values, others = rng.normal(0.7, 0.1, counts[0]), rng.normal(0.5, 3.0, counts[1])
    spread = stats.sem(values)
    theirs = stats.t.interval(0.95, len(values) - 1, values.mean(), spread)
    assert mean_interval(values) == pytest.approx(theirs, rel=1e-9)
    found = stats.ttest_ind(values, others, equal_var=False).confidence_interval(0.95)
    assert difference_interval(values, others) == pytest.approx((found.low, found.high), rel=1e-9)


@pytest.mark.parametrize(
    ("right", "count"), [(0, 1), (1, 1), (0, 30), (7, 30), (30, 30), (9, 9999)]
)
def test_wilsons_interval_is_scipys(right: int, count: int) -> None:
    found = stats.binomtest(right, count).proportion_ci(0.95, method="wilson")
    each = np.array([1.0] * right + [0.0] * (count - right))
    assert score_interval(each) == pytest.approx((found.low, found.high), rel=1e-12, abs=1e-15)


def test_equal_values_have_no_variance_however_they_are_rounded() -> None:
    tenth = np.full(3, 0.1)  # whose plain mean is 0.10000000000000002
    assert mean_interval(tenth) == (0.1, 0.1)
    assert difference_interval(tenth, np.full(9, 0.1)) == (0.0, 0.0)
    spread = np.array([0.1, 0.2, 0.4])
    low, high = mean_interval(spread)  # the other's is all the variance that there is
    assert difference_interval(tenth, spread) == pytest.approx((0.1 - high, 0.1 - low), rel=1e-9)


def test_a_tiny_variance_is_no_division_by_zero() -> None:
    values = 1e-100 * np.array([1.0, 2.0])
    low, high = difference_interval(values, 2 * values)
    assert low < high and np.isfinite([low, high]).all()


def test_students_interval_of_three() -> None:
    low, high = mean_interval(np.array([1.0, 2.0, 3.0]))
    assert (low, high) == pytest.approx((2 - 4.3027 / 3**0.5, 2 + 4.3027 / 3**0.5), abs=1e-4)


def test_one_value_has_no_interval_and_equal_ones_no_width() -> None:
    assert all(np.isnan(mean_interval(np.array([0.5]))))
    assert mean_interval(np.array([0.5, 0.5, 0.5])) == (0.5, 0.5)


@pytest.mark.parametrize(
    ("other", "told_apart"),
    [([0.70, 0.71, 0.72], False), ([0.60, 0.61, 0.62], True), ([0.60, 0.71, 0.65], False)],
)
def test_welchs_interval_says_who_is_tied(other: list[float], told_apart: bool) -> None:
    values = np.array([0.71, 0.72, 0.73])
    assert tied(values, np.array(other)) is not told_apart
    assert tied(np.array(other), values) is not told_apart


def test_ties_without_variance_or_repeats() -> None:
    same = np.array([0.5, 0.5])
    assert tied(same, same.copy()) and not tied(same, np.array([0.6, 0.6]))
    assert not tied(np.array([0.5]), np.array([0.5]))
    assert not tied(np.array([0.5, np.nan]), np.array([0.5, 0.6]))


def test_right_and_wrong_have_wilsons_interval() -> None:
    low, high = score_interval(np.array([1.0] * 8 + [0.0] * 2))
    assert (low, high) == pytest.approx((0.4902, 0.9433), abs=1e-4)  # Wilson's for 8 of 10
    low, high = score_interval(np.ones(50))
    assert high == 1.0 and 0.9 < low < 0.95  # all right is no proof of perfection


def test_neighbours_that_are_alike_count_for_less() -> None:
    """Numbers that follow each other slowly: the plain interval would be far too narrow."""
    rng = np.random.default_rng(0)
    held = plain = 0
    for _ in range(300):
        noise = rng.normal(size=3000)
        slow = np.empty_like(noise)
        level = rng.normal() / (1 - 0.9**2) ** 0.5
        for place, step in enumerate(noise):
            level = slow[place] = 0.9 * level + step
        low, high = score_interval(slow)
        held += low <= 0 <= high
        low, high = mean_interval(slow)
        plain += low <= 0 <= high
    assert held > 270 > 200 > plain


def test_overlapping_windows_are_batched_by_several_horizons() -> None:
    """Windows that share most of their steps: errors that are the same for many in a row."""
    rng = np.random.default_rng(0)
    held = plain = 0
    for _ in range(300):
        steps = rng.normal(size=2_784 + 95)
        windows = np.convolve(steps, np.ones(96) / 96, "valid")
        low, high = score_interval(windows, overlap=96)
        held += low <= 0 <= high
        low, high = score_interval(windows)
        plain += low <= 0 <= high
    assert held > 275 > plain
    assert all(np.isnan(score_interval(windows[:500], overlap=96)))


def test_too_few_examples_say_nothing() -> None:
    assert all(np.isnan(score_interval(np.linspace(0.1, 0.9, 15))))
