"""Three generated series, for forecasting where there is no network."""

from __future__ import annotations

import numpy as np

from trainables.data.frequency import Frequency
from trainables.data.table import Table

ROWS = 6_000  # hours: 250 days
NAMES = ("load", "temperature", "traffic")
_TREND = (0.6, -0.4, 0.3)  # over all rows, in units of the daily wave
_WEEKLY = (0.5, 0.1, 0.8)
_NOISE = (0.25, 0.15, 0.3)
_MEMORY = 0.9  # of the noise, an hour later


def generated_table(seed: int = 0) -> Table:
    """Hourly load, temperature and traffic: a wave a day and one a week, a trend, and noise.

    The daily wave's size drifts and the noise remembers (an autoregressive process), so that the
    last value, the day before and a straight line are each a little wrong.
    """
    random = np.random.default_rng(seed)
    hours = np.arange(ROWS)
    columns = []
    for trend, weekly, noise in zip(_TREND, _WEEKLY, _NOISE, strict=True):
        phase, drift = random.uniform(0, 2 * np.pi, 2)
        size = 1 + 0.4 * np.sin(2 * np.pi * hours / (24 * 45) + drift)
        day = 2 * np.pi * hours / 24 + phase
        wave = size * (np.sin(day) + 0.4 * np.sin(2 * day + drift))
        week = weekly * np.sign(np.sin(2 * np.pi * hours / (24 * 7)))  # work days and the others
        shocks = random.normal(0, noise, ROWS)
        rest = np.empty(ROWS)
        rest[0] = shocks[0]
        for hour in range(1, ROWS):
            rest[hour] = _MEMORY * rest[hour - 1] + shocks[hour]
        columns.append(wave + week * np.cos(day) ** 2 + trend * hours / ROWS + rest)
    stamps = np.datetime64("2024-01-01T00:00:00") + hours * np.timedelta64(1, "h")
    return Table(
        "time", NAMES, stamps.astype("datetime64[s]"), np.stack(columns, 1), Frequency(3_600)
    )
