"""Forecasts without a network: the references that a forecaster must beat."""

from __future__ import annotations

import numpy as np

from trainables.data.series import Series

PAST = 96  # steps that the straight line looks back
PENALTIES = tuple(10.0**power for power in range(-3, 6))


def last_value(part: Series, columns: list[int], future: int) -> np.ndarray:
    """It stays as it is: [windows, columns, future]."""
    return np.repeat(_pasts(part, columns, future, 1), future, axis=2)


def season_ago(part: Series, columns: list[int], future: int, season: int) -> np.ndarray:
    """As it was a season ago, the last season over and over: [windows, columns, future]."""
    past = _pasts(part, columns, future, season)
    return past[..., np.arange(future) % season]


def ridge(train: Series, val: Series, part: Series, columns: list[int], future: int) -> np.ndarray:
    """Ridge regression on the last `PAST` steps, all columns one line: [windows, columns, future].

    Steps count from the last value; the penalty is the one with the least squared error on val.
    (A. Zeng et al., "Are Transformers Effective for Time Series Forecasting?", 2023, show how
    strong a line is.)
    """
    past = min(PAST, len(train) - future)
    square, mixed = np.zeros((past + 1, past + 1)), np.zeros((past + 1, future))
    for column in columns:  # one at a time: all windows of many columns fill a memory
        x, y = _line_data(train, column, future, past)
        square += x.T @ x
        mixed += x.T @ y
    weights = [
        np.linalg.solve(square + penalty * np.eye(len(square)), mixed) for penalty in PENALTIES
    ]
    missed = np.zeros(len(weights))
    for column in columns:
        x, y = _line_data(val, column, future, past)
        missed += [float(np.square(x @ w - y).sum()) for w in weights]
    best = weights[int(missed.argmin())]
    ahead = [_line_data(part, column, future, past)[0] @ best for column in columns]
    return np.stack(ahead, 1) + _pasts(part, columns, future, past)[..., -1:]


def _pasts(part: Series, columns: list[int], future: int, past: int) -> np.ndarray:
    """The `past` rows before each future of a part: [windows, columns, past]."""
    start = max(part.first - past, 0)
    rows = part.values[start : len(part.values) - future, columns].astype(np.float64)
    return np.lib.stride_tricks.sliding_window_view(rows, past, axis=0)


def _line_data(part: Series, column: int, future: int, past: int) -> tuple[np.ndarray, np.ndarray]:
    """One column's pasts (and a 1) and futures, counted from the last value: [windows, ...]."""
    before = _pasts(part, [column], future, past)[:, 0]
    rows = part.values[len(part.values) - len(before) - future + 1 :, column]
    after = np.lib.stride_tricks.sliding_window_view(rows, future).astype(np.float64)
    last = before[:, -1:]
    return np.hstack([before - last, np.ones((len(before), 1))]), after - last
