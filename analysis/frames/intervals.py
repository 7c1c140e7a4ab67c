"""95 % intervals: of means of repeats, of differences, of a score on one part of the data."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy import special

LEVEL = 0.95
_BATCHES, _FEWEST = 30, 5  # enough for Student's t to be near normal, few enough to be long ones
_RESAMPLES = 2000  # of a bootstrap
_OVERLAPS = 4  # a batch's length, in times that its examples overlap


def mean_interval(values: np.ndarray) -> tuple[float, float]:
    """Student's t-interval of the mean of independent values [n]; NaN where n is less than 2."""
    count = len(values)
    if count < 2:
        return math.nan, math.nan
    mean, variance = _mean(values)
    reach = _student(count - 1) * math.sqrt(variance)
    return mean - reach, mean + reach


def difference_interval(values: np.ndarray, others: np.ndarray) -> tuple[float, float]:
    """Welch's interval of the mean of values [n] less that of others [m]; NaN below 2 of either.

    B. L. Welch, "The Generalization of 'Student's' Problem when Several Different Population
    Variances are Involved", Biometrika 1947.
    """
    if min(len(values), len(others)) < 2:
        return math.nan, math.nan
    (mean, part), (other_mean, other_part) = _mean(values), _mean(others)
    difference, variance = mean - other_mean, part + other_part
    if variance == 0:
        return difference, difference
    share = part / variance
    freedom = 1 / (share**2 / (len(values) - 1) + (1 - share) ** 2 / (len(others) - 1))
    reach = _student(freedom) * math.sqrt(variance)
    return difference - reach, difference + reach


def _mean(values: np.ndarray) -> tuple[float, float]:
    """The mean of values [n] and the mean's own variance: none where all are the same."""
    values = np.asarray(values, np.float64)
    apart = values - values[0]  # or rounding would leave equal ones some
    return float(values[0] + apart.mean()), float(apart.var(ddof=1)) / len(values)


def _student(freedom: float) -> float:
    """How many standard errors an interval of Student's t reaches to either side."""
    return float(special.stdtrit(freedom, (1 + LEVEL) / 2))


def tied(values: np.ndarray, others: np.ndarray) -> bool:
    """Whether Welch's interval of the difference holds 0; False with fewer than 2 of either."""
    low, high = difference_interval(values, others)
    return low <= 0 <= high


def recovered_interval(
    score: float, own: tuple[float, float], other: float, others: tuple[float, float]
) -> tuple[float, float]:
    """The interval of `score - other` from the interval of each (NaN where either has none).

    MOVER: G. Y. Zou and A. Donner, "Construction of confidence limits about effect measures: a
    general approach", Statistics in Medicine 2008; of two of Wilson's it is R. G. Newcombe's. It
    takes the two for independent. Two models' scores on the same examples err together, so that
    for them it is too wide rather than too narrow.
    """
    (low, high), (other_low, other_high) = own, others
    difference = score - other
    return (
        difference - math.hypot(score - low, other_high - other),
        difference + math.hypot(high - score, other - other_low),
    )


def middle_mean(values: np.ndarray, axis: int = 0) -> np.ndarray:
    """The interquartile mean: of the middle half of the values, so that no outlier decides it."""
    from scipy import stats  # half a second to import: only comparisons need it

    return np.asarray(stats.trim_mean(values, 0.25, axis=axis))


def middle_mean_interval(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The bootstrap interval of the interquartile mean of runs [n, ...]; NaN for one run.

    R. Agarwal et al., "Deep Reinforcement Learning at the Edge of the Statistical Precipice",
    NeurIPS 2021. Of three runs or four no resampling knows much: it is too narrow then.
    """
    return _bootstrapped((values,), middle_mean)


def middle_difference_interval(
    values: np.ndarray, others: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """The same of the difference of two interquartile means, of runs [n] and [m]."""
    return _bootstrapped(
        (values, others), lambda own, other, axis: middle_mean(own, axis) - middle_mean(other, axis)
    )


def _bootstrapped(
    samples: tuple[np.ndarray, ...], statistic: Callable[..., np.ndarray]
) -> tuple[np.ndarray, np.ndarray]:
    if min(len(sample) for sample in samples) < 2:
        nothing = np.full(samples[0].shape[1:], math.nan)
        return nothing, nothing
    from scipy import stats  # as above

    found = stats.bootstrap(
        samples,
        statistic,
        n_resamples=_RESAMPLES,
        confidence_level=LEVEL,
        method="percentile",
        random_state=0,  # the same runs, the same interval
    )
    return found.confidence_interval.low, found.confidence_interval.high


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
        return _wilson(int(each.sum()), len(each))
    count = min(_BATCHES, len(each) // (_OVERLAPS * overlap))
    if count < _FEWEST:
        return math.nan, math.nan
    batches = np.array_split(np.asarray(each, np.float64), count)
    return mean_interval(np.array([batch.mean() for batch in batches]))


def _wilson(right: int, count: int) -> tuple[float, float]:
    z2 = special.ndtri((1 + LEVEL) / 2) ** 2 / count
    share = right / count
    reach = math.sqrt(z2 * (share * (1 - share) + z2 / 4))
    low, high = (share + z2 / 2 - reach) / (1 + z2), (share + z2 / 2 + reach) / (1 + z2)
    return float(low) if right else 0.0, float(high) if right < count else 1.0
