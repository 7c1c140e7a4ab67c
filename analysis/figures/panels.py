"""Several plots in one figure, in as many columns as there is room for.

A figure of them carries what moves them in `layout.meta`: `panels` (how many), and in px `row`,
`gap`, `above`, `between` and `narrowest`. On a page `panels.js` moves them by it, for plotly by
itself does not.
"""

from __future__ import annotations

import math

import plotly.graph_objects as go

from analysis.figures.theme import empty

_COLUMNS = 3
_GAP = 58  # px below a row, for the ticks and the title of its axes
_ABOVE = 44  # px for what is around all of them
_WIDTH = 1100  # px of a page that moves nothing
_NARROWEST = 290  # px a column has at least
_BETWEEN = 62  # px between columns, for the ticks and the title of the axis


def panels(count: int, row: int = 190, columns: int = _COLUMNS) -> go.Figure:
    """An empty figure with axes for so many plots, `x, y`, `x2, y2` ...

    Args:
        row: height of a plot, px, without what is below it.
        columns: where nobody moves them.
    """
    columns = max(1, min(columns, count))
    rows, step = math.ceil(count / columns), row + _GAP
    figure = empty(
        rows * step + _ABOVE,
        meta={
            "panels": count,
            "row": row,
            "gap": _GAP,
            "above": _ABOVE,
            "narrowest": _NARROWEST,
            "between": _BETWEEN,
        },
    )
    for place in range(count):
        across, top = place % columns, 1 - place // columns / rows
        left = across / columns + (_BETWEEN / _WIDTH if across else 0)
        domain = [max(0.0, top - row / (rows * step)), top]
        x, y = axis("x", place), axis("y", place)
        figure.layout[x] = {
            "domain": [left, (across + 1) / columns],
            "anchor": axes(place)["yaxis"],
        }
        figure.layout[y] = {"domain": domain, "anchor": axes(place)["xaxis"]}
    return figure


def axes(place: int) -> dict[str, str]:
    """The axes of the panel at `place`, from 0, for a trace."""
    end = "" if place == 0 else str(place + 1)
    return {"xaxis": f"x{end}", "yaxis": f"y{end}"}


def axis(letter: str, place: int) -> str:
    """The name of one of them in the layout."""
    return f"{letter}axis" + ("" if place == 0 else str(place + 1))
