"""How the search went: the best so far against what had been spent, and where trials ended."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.panels import axes, axis, panels
from analysis.figures.roles import ROLES, labels, roles
from analysis.figures.scale import outside
from analysis.figures.theme import (
    COLOURS,
    GREEN,
    counted,
    ids,
    lasting,
    marks,
    numbers,
    safe,
    short,
)
from analysis.frames.best_so_far import best_so_far as course
from analysis.frames.load import Results
from analysis.frames.spread import view


def best_so_far(results: Results) -> Figure:
    """The figure; see `best_so_far_frame`."""
    frame = best_so_far_frame(results)
    metric, direction = results.plan["metric"], results.plan["direction"]
    scores = frame["trial_score"].dropna().to_numpy()
    seen = view(scores, direction)
    title = f"No trial has a {metric} yet"
    if frame["best"].notna().any():
        last, best = frame.iloc[-1], frame[frame["improved"]].iloc[-1]
        part = best["epochs"] / last["epochs"]
        title = f"Best {metric} {short(float(last['best']))}, found after {part:.0%} of "
        title += f"{counted(last['epochs'], 'epoch')} of {counted(last['trials'], 'trial')}"
    return Figure(
        name="best-so-far",
        title=title,
        caption="The line is the best score so far, against the examples read in training and "
        "against time; a point is a trial where it ended, at its own score. The dotted line is the "
        "baseline. A line that still rises at its end says that more trials may pay.",
        frame=frame,
        plot=draw(results, frame, seen),
        notes=outside(scores, seen, "trial") if frame["best"].notna().any() else (),
    )


def best_so_far_frame(results: Results) -> pd.DataFrame:
    """`analysis.best_so_far`, with where each trial ended.

    Returns:
        its columns, and `role`; `ended`: this is the last epoch of its trial; `trial_score`: then
        the trial's own score, NaN before that and of a failed one.
    """
    frame = course(results)
    of = results.trials.assign(role=roles(results))[["trial", "role", "score"]]
    frame = frame.merge(of.rename(columns={"score": "trial_score"}), on="trial", how="left")
    frame["ended"] = ~frame["trial"].duplicated(keep="last")
    frame["trial_score"] = frame["trial_score"].where(frame["ended"])
    return frame


def draw(results: Results, frame: pd.DataFrame, seen: tuple[float, float] | None) -> go.Figure:
    """Two panels; `seen`: the range of the axis of scores."""
    if frame["best"].isna().all():
        return panels(1)
    by = "examples" if frame["examples"].notna().all() else "epochs"
    length, unit = lasting(float(frame["seconds"].max()))
    xs = {
        f"{by} read in training" if by == "examples" else by: frame[by].astype("float64"),
        f"time the search had run, {unit}": frame["seconds"] / length,
    }
    plot = panels(len(xs), row=280)
    said, metric = labels(results), safe(results.plan["metric"])
    corners = frame["improved"] | (frame.index == frame.index[-1])
    for place, (title, x) in enumerate(xs.items()):
        here = axes(place)
        for role in ROLES[::-1]:
            own = frame[frame["ended"] & (frame["role"] == role) & frame["trial_score"].notna()]
            if own.empty:
                continue
            plot.add_scatter(
                x=numbers(x[own.index]),
                y=numbers(own["trial_score"]),
                mode="markers",
                name=role,
                legendgroup=role,
                showlegend=place == 0,
                marker=marks(role, int(frame["ended"].sum())),
                customdata=ids(own["trial"]),
                hovertext=[said[trial] for trial in own["trial"]],
                hovertemplate="%{hovertext}<extra></extra>",
                **here,
            )
        plot.add_scatter(
            x=numbers(x[corners]),
            y=numbers(frame["best"][corners]),
            mode="lines",
            name="best so far",
            legendgroup="best so far",
            showlegend=place == 0,
            line={"shape": "hv", "color": GREEN, "width": 2.5},
            customdata=ids(frame["trial"][corners]),
            hovertemplate="best so far %{y:.4g}<extra></extra>",
            **here,
        )
        baseline = results.baseline.get("score")
        if baseline is not None and pd.notna(baseline):
            line = {"color": COLOURS["baseline"], "dash": "dot", "width": 1.5}
            refs = {f"{letter}ref": name for letter, name in zip("xy", here.values(), strict=True)}
            refs["xref"] += " domain"
            plot.add_shape(x0=0, x1=1, y0=baseline, y1=baseline, line=line, layer="below", **refs)
        plot.layout[axis("x", place)].update(title_text=title, rangemode="tozero", nticks=6)
        plot.layout[axis("y", place)].update(title_text="" if place else metric, range=seen)
    return plot
