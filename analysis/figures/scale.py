"""The colour that a score has, what an axis does not show, and where its ticks are."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
from plotly.colors import sample_colorscale

from analysis.figures.theme import SCALE, counted, short
from analysis.frames.spread import view

_FEW = 8  # epochs


def outside(values: np.ndarray, seen: tuple[float, float] | None, what: str) -> tuple[str, ...]:
    """A note where an axis does not show all; `what` one of the values is."""
    if seen is None:
        return ()
    values = np.asarray(values, np.float64)
    count = int(((values < seen[0]) | (values > seen[1])).sum())
    if not count:
        return ()
    return (f"Beyond the axis, which ends where most do: {counted(count, what)}.",)


def whole_numbers(values: pd.Series) -> dict[str, Any]:
    """Ticks of an axis of epochs: none between two whole numbers, where there are few."""
    return {"tickformat": "d", "dtick": 1 if (values <= _FEW).all() else None}


def shades(scores: np.ndarray, direction: str) -> np.ndarray:
    """How good each score is, 0 to 1, for a colour; those far below the others are all 0."""
    low, high = _ends(scores, direction)
    if not low < high:
        return np.where(np.isnan(scores), math.nan, 1.0)
    found = np.clip((scores - low) / (high - low), 0, 1)
    return found if direction == "max" else 1 - found


def colour(shade: float) -> str:
    """The colour of a shade, 0 to 1."""
    return str(sample_colorscale([list(stop) for stop in SCALE], [shade])[0])


def legend(scores: np.ndarray, direction: str, title: str) -> dict[str, Any]:
    """What says which score has which colour: of a trace's `marker`, whose `color` are shades."""
    low, high = _ends(scores, direction)
    ends = (low, high) if direction == "max" else (high, low)
    return {
        "cmin": 0,
        "cmax": 1,
        "colorscale": [list(stop) for stop in SCALE],
        "colorbar": {
            "orientation": "h",
            "thickness": 8,
            "len": 180,
            "lenmode": "pixels",
            "x": 0,
            "xanchor": "left",
            "xpad": 24,
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
            "title": {"text": title, "side": "top"},
            "tickvals": [0, 1],
            "ticktext": [short(end) for end in ends],
            "outlinewidth": 0,
        },
    }


def _ends(scores: np.ndarray, direction: str) -> tuple[float, float]:
    finite = scores[np.isfinite(scores)]
    if not len(finite):
        return math.nan, math.nan
    low, high = float(finite.min()), float(finite.max())
    seen = view(finite, direction) or (low, high)
    return max(low, seen[0]), min(high, seen[1])
