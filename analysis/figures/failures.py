"""What failed, by its cause, drawn."""

from __future__ import annotations

import textwrap

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.theme import COLOURS, counted, empty, numbers, safe
from analysis.frames.failures import failures as by_cause
from analysis.frames.load import Results

_WIDTH, _LINES = 26, 3  # characters, of what stands beside a bar
_SHOWN = 10  # trials in a hover


def failures(results: Results) -> Figure:
    """The figure; its frame is that of `analysis.failures`."""
    frame = by_cause(results)
    failed, trained = int(frame["count"].sum()), len(results.trials) + len(results.reruns)
    title = f"None of {counted(trained, 'training')} failed"
    if failed:
        title = (
            f"{failed} of {counted(trained, 'training')} failed, most by: {frame['cause'].iloc[0]}"
        )
    return Figure(
        name="failures",
        title=title,
        caption="Trainings of the search and of finalists, by the cause they ended with. Causes "
        "that differ in their numbers alone are taken for one.",
        frame=frame,
        plot=draw(frame),
    )


def draw(frame: pd.DataFrame) -> go.Figure:
    """A bar a cause."""
    if frame.empty:
        return empty()
    plot = empty(80 + 56 * len(frame))
    rows = list(range(len(frame)))
    plot.add_bar(
        orientation="h",
        x=numbers(frame["count"].astype("float64")),
        y=rows,
        marker={"color": COLOURS["failed"]},
        hovertext=[_hover(row) for row in frame.itertuples()],
        hovertemplate="%{hovertext}<extra></extra>",
    )
    names = ["<br>".join(map(safe, _wrapped(cause))) for cause in frame["cause"]]
    plot.update_yaxes(autorange="reversed", tickvals=rows, ticktext=names)
    plot.update_xaxes(title_text="trainings that failed", tickformat="d", rangemode="tozero")
    return plot


def _wrapped(cause: str) -> list[str]:
    lines = textwrap.wrap(cause, _WIDTH, max_lines=_LINES, placeholder=" …")
    return lines or ["(no cause)"]


def _hover(row: object) -> str:
    trials = str(row.trials).split()  # type: ignore[attr-defined]
    more = f" and {len(trials) - _SHOWN} more" if len(trials) > _SHOWN else ""
    cause = "<br>".join(map(safe, textwrap.wrap(str(row.cause), 60)))  # type: ignore[attr-defined]
    return f"{cause}<br>{safe(' '.join(trials[:_SHOWN]))}{more}"
