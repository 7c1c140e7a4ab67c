"""Where the scores end that tell trials apart, and those begin that only say: this diverged."""

from __future__ import annotations

import numpy as np

_FENCE = 3.0  # "far out" to J. W. Tukey, "Exploratory Data Analysis", 1977: times a spread
_ROOM = 0.06  # of the range, at either end


def view(values: np.ndarray, direction: str) -> tuple[float, float] | None:
    """The range that shows the better values well; None: all fit.

    A few that diverged must not press all others into one line: those beyond the worse quartile by
    three times its distance from the best are left out.

    Args:
        values: scores [n]; those that are not finite do not count.
        direction: `max` or `min`.
    """
    finite = np.asarray(values, np.float64)
    finite = finite[np.isfinite(finite)]
    if len(finite) < 4:
        return None
    losses = -finite if direction == "max" else finite
    best, quartile = float(losses.min()), float(np.quantile(losses, 0.75))
    fence = quartile + _FENCE * (quartile - best)
    if quartile == best or losses.max() <= fence:
        return None
    worst = float(losses[losses <= fence].max())
    room = _ROOM * (worst - best)
    low, high = best - room, worst + room
    return (-high, -low) if direction == "max" else (low, high)
