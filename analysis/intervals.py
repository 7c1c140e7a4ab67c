"""95 % intervals: of a mean of repeats, of a difference of two, of a score on one part of data."""

from __future__ import annotations

import math
import warnings

import numpy as np
from scipy import stats

LEVEL = 0.95
_BATCHES, _FEWEST = 30, 5  # enough for Student's t to be near normal, few enough to be long ones
_OVERLAPS = 4  # a batch's length, in times that its examples overlap


def mean_interval(values: np.ndarray) -> tuple[float, float]:
    """Student's t-interval of the mean of independent values [n]; NaN where n is less than 2."""
    if len(values) < 2:
        return math.nan, math.nan
    mean, error = float(np.mean(values)), float(stats.sem(values))
    if error == 0:  # SciPy's interval would be NaN
        return mean, mean
    low, high = stats.t.interval(LEVEL, len(values) - 1, mean, error)
    return float(low), float(high)


def tied(values: np.ndarray, others: np.ndarray) -> bool:
    """Whether Welch's interval of the difference of two means holds 0.

    B. L. Welch, "The Generalization of 'Student's' Problem when Several Different Population
    Variances are Involved", Biometrika 1947. False where either has fewer than 2 values.
    """
    if min(len(values), len(others)) < 2:
        return False
    if np.ptp(values) == 0 and np.ptp(others) == 0:  # no variance: SciPy's interval would be NaN
        return bool(values[0] == others[0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # values that are nearly the same are fine
        interval = stats.ttest_ind(values, others, equal_var=False).confidence_interval(LEVEL)
    return bool(interval.low <= 0 <= interval.high)


def score_interval(each: np.ndarray, overlap: int = 1) -> tuple[float, float]:
    """The interval of a score that is the mean of what each example adds, [n] in their order.

    Of right and wrong: E. B. Wilson's, "Probable Inference, the Law of Succession, and Statistical
    Inference", JASA 1927. Of other numbers: the t-interval over means of batches of neighbours,
    since neighbours in a text or a series are alike (A. M. Law, "Simulation Modeling and Analysis",
    on batch means); NaN where there are too few examples for them.

    Args:
        overlap: examples in a row that are judged on some of the same truth, as windows of a
            series are; batches are several times as long.
    """
    if np.isin(each, (0.0, 1.0)).all():
        found = stats.binomtest(int(each.sum()), len(each)).proportion_ci(LEVEL, method="wilson")
        return float(found.low), float(found.high)
    count = min(_BATCHES, len(each) // (_OVERLAPS * overlap))
    if count < _FEWEST:
        return math.nan, math.nan
    batches = np.array_split(np.asarray(each, np.float64), count)
    return mean_interval(np.array([batch.mean() for batch in batches]))
