"""The finalists trained again: means with intervals beside what the search had shown."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.roles import roles
from analysis.figures.theme import COLOURS, GREY, empty, ids, numbers, safe
from analysis.frames.load import Results
from analysis.frames.winner import counted, eligible


def finalists(results: Results) -> Figure:
    """The figure; see `finalists_frame`."""
    frame = finalists_frame(results)
    metric = results.plan["metric"]
    title = "No finalist was trained again"
    if len(frame) and (may_win := eligible(results)).empty:
        title = "No finalist may win: each breaks a constraint"
    elif len(frame):
        first = may_win.iloc[0]
        title = f"{first['trial']} comes first with a mean {metric} of {first['mean']:.4g}"
        if first["low"] < first["high"]:
            title += f" ({first['low']:.4g} to {first['high']:.4g})"
        rest = frame[frame["tied"] & (frame["trial"] != first["trial"])]
        title += f", tied with {', '.join(rest['trial'])}" if len(rest) else ""
    return Figure(
        name="finalists",
        title=title,
        caption="A point is the mean of a configuration's re-runs under fresh seeds, its bar the "
        "95 % interval of it, a dot one re-run. The open diamond is what the search had shown: "
        "where it looks better than the mean, the search was lucky.",
        frame=frame,
        plot=draw(frame, _reruns(results, frame), metric),
        notes=_notes(frame),
    )


def finalists_frame(results: Results) -> pd.DataFrame:
    """A row a finalist with a mean, the best first: `results.finalists` with its `role`."""
    frame = results.finalists.dropna(subset="mean")
    of = results.trials.assign(role=roles(results))[["trial", "role"]]
    frame = frame.merge(of, on="trial", how="left").astype({"role": "string"})
    return frame.fillna({"role": "finalist"})  # its trial's directory may be gone


def draw(frame: pd.DataFrame, reruns: pd.DataFrame, metric: str) -> go.Figure:
    """A row a finalist, the best on top; `reruns`: what `trial` each `score` is a re-run of."""
    plot = empty(110 + 44 * max(1, len(frame)))
    if frame.empty:
        return plot
    rows = [safe(trial) for trial in frame["trial"]]
    plot.add_scatter(
        x=numbers(reruns["score"]),
        y=[safe(trial) for trial in reruns["trial"]],
        mode="markers",
        name="re-run",
        marker={"color": GREY, "size": 6, "opacity": 0.7},
        customdata=ids(reruns["trial"]),
        hovertext=[safe(rerun) for rerun in reruns["rerun"]],
        hovertemplate="%{hovertext}: %{x:.4g}<extra></extra>",
    )
    plot.add_scatter(
        x=numbers(frame["search_score"]),
        y=rows,
        mode="markers",
        name="in the search",
        marker={"symbol": "diamond-open", "size": 12, "color": GREY, "line": {"width": 2}},
        customdata=ids(frame["trial"]),
        hovertext=[f"{value:+.2g}" for value in frame["optimism"]],
        hovertemplate="%{y} in the search: %{x:.4g}<br>optimism %{hovertext}<extra></extra>",
    )
    plot.add_scatter(
        x=numbers(frame["mean"]),
        y=rows,
        mode="markers",
        name="mean of re-runs, 95 % interval",
        error_x={
            "type": "data",
            "symmetric": False,
            "array": numbers(frame["high"] - frame["mean"]),
            "arrayminus": numbers(frame["mean"] - frame["low"]),
            "color": GREY,
        },
        marker={"color": [COLOURS[role] for role in frame["role"]], "size": 11},
        customdata=ids(frame["trial"]),
        hovertemplate="%{y}: mean %{x:.4g}<extra></extra>",
    )
    plot.update_xaxes(title_text=safe(metric), nticks=6)
    names = [
        f"{row} (baseline)" if role == "baseline" != row else row
        for row, role in zip(rows, frame["role"], strict=True)
    ]
    plot.update_yaxes(
        autorange="reversed",
        type="category",
        tickvals=rows,
        ticktext=names,
        categoryorder="array",
        categoryarray=rows,
    )
    return plot


def _reruns(results: Results, frame: pd.DataFrame) -> pd.DataFrame:
    again = counted(results).rename(columns={"trial": "rerun", "finalist": "trial"})
    return again[again["trial"].isin(frame["trial"])][["rerun", "trial", "score"]]


def _notes(frame: pd.DataFrame) -> tuple[str, ...]:
    if len(frame) and frame["low"].isna().all():
        return ("One re-run each: there is no interval, and no tie can be told.",)
    return ()
