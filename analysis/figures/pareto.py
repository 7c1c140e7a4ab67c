"""Several aims: all trials, and those that no other beats in all of them."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.panels import axes, axis, panels
from analysis.figures.roles import ROLES, labels, roles
from analysis.figures.theme import GREEN, ids, log_ticks, marks, numbers, safe, short
from analysis.frames.load import Results
from tuning.front import Objective

_WIDE = 50  # times the smallest value: from there on a logarithmic axis shows more


def pareto(results: Results) -> Figure:
    """The figure; see `pareto_frame`. Of a search with one aim it is empty."""
    frame = pareto_frame(results)
    count = int(frame["front"].sum())
    names = " and ".join(aim.name for aim in aims(results))
    return Figure(
        name="pareto-front",
        title=f"{count} of {len(frame)} trials are beaten by no other in {names}"
        if len(frame)
        else "No trial has a value of every aim",
        caption="A point is a trial; the step line joins those of the front, on whose other side "
        "there is none. Of three aims and more the front need not look like one in a pair: a trial "
        "may be on it for an aim that is not shown.",
        frame=frame,
        plot=draw(results, frame),
    )


def pareto_frame(results: Results) -> pd.DataFrame:
    """A row a trial with a value of every aim: `trial`, `role`, `aim/<name>` ..., `front`."""
    columns = [f"aim/{aim.name}" for aim in aims(results)]
    frame = results.trials.assign(role=roles(results))
    if not columns or not set(columns) <= set(frame.columns):
        return pd.DataFrame(columns=["trial", "role", *columns, "front"])
    frame = frame[["trial", "role", *columns]].dropna(subset=columns).reset_index(drop=True)
    return frame.assign(front=frame["trial"].isin(set(results.front["trial"])))


def aims(results: Results) -> list[Objective]:
    """What the search was after, where that is several."""
    return [Objective.of(text) for text in results.plan.get("objectives", ())]


def draw(results: Results, frame: pd.DataFrame) -> go.Figure:
    """A panel a pair of aims."""
    pairs = list(combinations(aims(results), 2)) if len(frame) else []
    plot = panels(len(pairs), row=300)
    said = labels(results)
    for place, (one, other) in enumerate(pairs):
        x, y = frame[f"aim/{other.name}"], frame[f"aim/{one.name}"]
        for role in ROLES[::-1]:
            own = (frame["role"] == role).to_numpy()
            if own.any():
                plot.add_scatter(
                    x=numbers(x[own]),
                    y=numbers(y[own]),
                    mode="markers",
                    name=role,
                    legendgroup=role,
                    showlegend=place == 0,
                    marker=marks(role, len(frame)),
                    customdata=ids(frame["trial"][own]),
                    hovertext=[said[trial] for trial in frame["trial"][own]],
                    hovertemplate=f"%{{hovertext}}<br>{safe(other.name)} %{{x:.6~g}}<br>"
                    f"{safe(one.name)} %{{y:.6~g}}<extra></extra>",
                    **axes(place),
                )
        if len(pairs) == 1:
            _front(plot, frame, one, other)
        for letter, aim, values in (("x", other, x), ("y", one, y)):
            better = "more" if aim.direction == "max" else "less"
            layout = plot.layout[axis(letter, place)]
            layout.update(title_text=f"{safe(aim.name)} ({better} is better)", nticks=6)
            if values.min() > 0 and values.max() > _WIDE * values.min():
                ticks = log_ticks(float(values.min()), float(values.max()))
                texts = [short(tick) for tick in ticks]
                layout.update(type="log", tickvals=ticks, ticktext=texts)
    return plot


def _front(plot: go.Figure, frame: pd.DataFrame, one: Objective, other: Objective) -> None:
    """The step line: from a point on, its value is to be had, until the next one's is."""
    x, y = f"aim/{other.name}", f"aim/{one.name}"
    front = frame[frame["front"]].sort_values([x, y], ascending=other.direction == "min")
    if front.empty:
        return
    plot.add_scatter(
        x=numbers(front[x]),
        y=numbers(front[y]),
        mode="lines",
        name="front",
        line={"shape": "hv", "color": GREEN, "width": 2},
        customdata=ids(front["trial"]),
        hoverinfo="skip",
    )
