"""The score over pairs of the numbers that mattered most."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.panels import axes, axis, panels
from analysis.figures.roles import roles
from analysis.figures.scale import legend, shades
from analysis.figures.slices import shape
from analysis.figures.theme import ids, numbers, safe
from analysis.frames.load import Results
from analysis.frames.searched import searched

_NUMBERS = 3  # whose pairs are drawn
_FEWEST = 10  # trials that have both


def interactions(results: Results, weights: pd.DataFrame | None = None) -> Figure:
    """The figure; see `interactions_frame`."""
    frame = interactions_frame(results, weights)
    pairs = frame[["first", "second"]].drop_duplicates()
    names = " and ".join(f"{one} with {other}" for one, other in pairs.itertuples(index=False))
    return Figure(
        name="interactions",
        title=f"{results.plan['metric']} over {names}" if names else "No pair of numbers to show",
        caption="A point is a trial, the warmer its colour, the better. Where the good ones lie "
        "along a slope, the two numbers depend on each other. No surface is drawn between points: "
        "a search looks closely at few places, and elsewhere it would be a guess.",
        frame=frame,
        plot=draw(results, frame),
    )


def interactions_frame(results: Results, weights: pd.DataFrame | None = None) -> pd.DataFrame:
    """A row a pair of numbers and trial with a score that has both.

    Args:
        weights: what `frames.importance` found: the three numbers with the largest
            sum of both methods are paired. None or empty: the first three of the space.

    Returns:
        `first`, `second`: the parameters; `trial`, `role`, `x`, `y` (their values), `score`.
    """
    columns = ["first", "second", "trial", "role", "x", "y", "score"]
    trials = results.trials.assign(role=roles(results)).dropna(subset="score")
    trials = trials[trials["state"] != "FAIL"].reset_index(drop=True)
    found = [pd.DataFrame(columns=columns)]
    numeric = {p.name: p for p in searched(results.plan) if not p.choices}
    for one, other in combinations(_first(list(numeric), weights), 2):
        x, y = numeric[one].positions(trials), numeric[other].positions(trials)
        own = trials[["trial", "role", "score"]].assign(first=one, second=other, x=x, y=y)
        own = own[np.isfinite(x) & np.isfinite(y)][columns]
        if len(own) >= _FEWEST:
            found.append(own)
    return pd.concat(found[1:] or found, ignore_index=True)


def draw(results: Results, frame: pd.DataFrame) -> go.Figure:
    """A panel a pair, coloured by score."""
    pairs = list(frame[["first", "second"]].drop_duplicates().itertuples(index=False, name=None))
    plot = panels(len(pairs), row=240)
    parameters = {p.name: p for p in searched(results.plan)}
    scores, direction = frame["score"].to_numpy(np.float64), results.plan["direction"]
    scale = legend(scores, direction, safe(results.plan["metric"]))
    for place, (one, other) in enumerate(pairs):
        mine = ((frame["first"] == one) & (frame["second"] == other)).to_numpy()
        own, colours = frame[mine], shades(scores, direction)[mine]
        order = np.argsort(colours, kind="stable")  # the best on top
        own = own.iloc[order]
        rows: list[Any] = list(own.itertuples())
        plot.add_scatter(
            x=numbers(own["x"]),
            y=numbers(own["y"]),
            mode="markers",
            showlegend=False,
            marker={
                "color": numbers(colours[order]),
                "size": 8,
                "opacity": 0.85,
                "showscale": place == 0,
                **scale,
            },
            customdata=ids(own["trial"]),
            hovertext=[f"<b>{safe(row.trial)}</b> {row.role} {row.score:.4g}" for row in rows],
            hovertemplate=f"%{{hovertext}}<br>{safe(one)} %{{x:.3g}}<br>{safe(other)} %{{y:.3g}}"
            "<extra></extra>",
            **axes(place),
        )
        shape(plot, axis("x", place), parameters[one])
        shape(plot, axis("y", place), parameters[other])
    return plot


def _first(numeric: list[str], weights: pd.DataFrame | None) -> list[str]:
    if weights is None or weights.empty:
        return numeric[:_NUMBERS]
    sums = weights.groupby("parameter")["importance"].sum()
    return sorted(numeric, key=lambda name: -sums.get(name, 0.0))[:_NUMBERS]
