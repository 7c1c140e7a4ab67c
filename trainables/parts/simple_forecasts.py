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
    x, y = _line_data(train, columns, future, past)
    square, mixed = x.T @ x, x.T @ y
    val_x, val_y = _line_data(val, columns, future, past)
    weights = [
        np.linalg.solve(square + penalty * np.eye(len(square)), mixed) for penalty in PENALTIES
    ]
    best = min(weights, key=lambda w: float(np.square(val_x @ w - val_y).mean()))
    x, _ = _line_data(part, columns, future, past)
    last = _pasts(part, columns, future, 1)
    return (x @ best).reshape(-1, len(columns), future) + last


def _pasts(part: Series, columns: list[int], future: int, past: int) -> np.ndarray:
    """The `past` rows before each future of a part: [windows, columns, past]."""
    start = max(part.first - past, 0)
    rows = part.values[start : len(part.values) - future, columns].astype(np.float64)
    return np.lib.stride_tricks.sliding_window_view(rows, past, axis=0)


def _line_data(
    part: Series, columns: list[int], future: int, past: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pasts (and a 1) and futures, counted from the last value: [windows * columns, ...]."""
    before = _pasts(part, columns, future, past)
    rows = part.values[len(part.values) - len(before) - future + 1 :, columns]
    after = np.lib.stride_tricks.sliding_window_view(rows, future, axis=0).astype(np.float64)
    last = before[..., -1:]
    x = (before - last).reshape(-1, past)
    return np.hstack([x, np.ones((len(x), 1))]), (after - last).reshape(-1, future)
