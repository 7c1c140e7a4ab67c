"""How every figure looks: colours and what they mean, symbols, lengths, text made safe.

Colours are M. Okabe and K. Ito's ("Color Universal Design", 2008), told apart by colour-blind
readers too; each is seen on white and on black. Backgrounds are transparent, text has no colour of
its own but `font.color`, so that a page sets both.
"""

from __future__ import annotations

import html
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import plotly.graph_objects as go

BLUE, SKY, GREEN, ORANGE = "#0072B2", "#56B4E9", "#009E73", "#E69F00"
VERMILION, PURPLE, GREY = "#D55E00", "#CC79A7", "#8C8C8C"

COLOURS = {  # of a trial, by what it is (`analysis.figures.roles`)
    "winner": GREEN,
    "finalist": SKY,
    "baseline": PURPLE,
    "done": BLUE,
    "stopped": ORANGE,
    "failed": VERMILION,
    "infeasible": GREY,
    "running": GREY,
}
SYMBOLS = {  # so that print and a reader who sees no colours tell them apart
    "winner": "star",
    "finalist": "square",
    "baseline": "diamond",
    "done": "circle",
    "stopped": "circle-open",
    "failed": "x-thin-open",
    "infeasible": "triangle-down-open",
    "running": "circle-dot",
}
SIZES = {"winner": 13, "finalist": 9, "baseline": 10, "failed": 8}
SIZE = 7  # of other points, px
_MANY = 150

NEUTRAL = ("#6F7FA3", "#B9A27C")  # of what is no trial

# From poor to good: of much the same lightness throughout, so that no end is lost on either ground.
SCALE = ((0.0, "#3A6EA5"), (0.5, "#8E8E7E"), (1.0, "#E69F00"))

LINES = "rgba(128,128,128,0.25)"  # of grids, on both grounds
AXIS = "rgba(128,128,128,0.6)"

_AXES = {
    "gridcolor": LINES,
    "linecolor": AXIS,
    "zeroline": False,
    "automargin": True,
    "title": {"standoff": 6},
    "ticks": "",
    "ticklabelstandoff": 4,
}
TEMPLATE = go.layout.Template(
    layout={
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"size": 12, "color": "#777777", "family": "system-ui, sans-serif"},
        "margin": {"l": 8, "r": 8, "t": 12, "b": 8},
        "xaxis": _AXES,
        "yaxis": _AXES,
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "yref": "container",
            "y": 0,
            "yanchor": "bottom",
        },
        "hovermode": "closest",
        "hoverlabel": {"align": "left", "namelength": -1},
        "colorway": [BLUE, ORANGE, GREEN, PURPLE, SKY, VERMILION],
        "uirevision": "kept",  # a change of colours keeps the reader's zoom
    }
)


def empty(height: int = 380, **layout: Any) -> go.Figure:
    """A figure in this look, with nothing in it.

    Args:
        height: px; the width is the page's.
        layout: of plotly's own.
    """
    return go.Figure(layout={"template": TEMPLATE, "height": height, **layout})


def safe(text: object) -> str:
    """A name from a user or a file, for plotly, which takes text for a kind of HTML."""
    return html.escape(str(text), quote=False)


def numbers(values: Any) -> np.ndarray:
    """Values as a figure holds them: 7 digits, what is not finite is missing."""
    found = np.asarray(values, np.float64)
    return np.where(np.isfinite(found), found, math.nan).astype(np.float32)


def ids(trials: Iterable[object]) -> list[list[str]]:
    """What points carry, `customdata`: first of all the id of the trial that a point is of."""
    return [[str(trial)] for trial in trials]


def marks(role: str, among: int) -> dict[str, Any]:
    """The `marker` of a trial's point; `among` how many points: many are drawn smaller."""
    return {
        "color": COLOURS[role],
        "symbol": SYMBOLS[role],
        "size": SIZES.get(role, SIZE if among < _MANY else SIZE - 2),
        "opacity": 0.5 if role == "stopped" and among >= _MANY else 0.85,
        "line": {"width": 1.5, "color": COLOURS[role]},
    }


def lasting(seconds: float) -> tuple[float, str]:
    """What to divide seconds by for a reader where there are so many of them, and the unit."""
    for unit, length in (("h", 3600.0), ("min", 60.0)):
        if seconds >= 3 * length:
            return length, unit
    return 1.0, "s"


def log_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """At most so many values of 1, 2 and 5 times powers of ten within a range."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    for digits in ((1, 2, 5), (1, 3), (1,)):
        steps = (digit * 10.0**power for power in range(first, last + 1) for digit in digits)
        found = [step for step in steps if low * 0.999 <= step <= high * 1.001]
        if len(found) <= most:
            return found or [low, high]
    return found[:: math.ceil(len(found) / most)]


def counted(count: int, what: str) -> str:
    """`3 trials`, `1 trial`."""
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def short(value: Any, digits: int = 4) -> str:
    """A number in so many digits; anything else as it is."""
    return f"{value:.{digits}g}" if isinstance(value, (float, np.floating)) else str(value)
