"""Every trial's score on val by epoch."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.roles import ROLES, roles
from analysis.figures.scale import outside, whole_numbers
from analysis.figures.theme import COLOURS, counted, empty, ids, numbers, safe
from analysis.frames.load import Results
from analysis.frames.spread import view

MOST = 20_000  # points that a page draws without delay
_COMPARED = 4  # trials: of fewer, first epochs are not worth less than others
_FEWEST = 8  # epochs that are kept of each trial at least
_WIDTHS = {"winner": 3.0, "baseline": 2.2, "finalist": 2.0}
_FAINT = {"stopped": 0.45, "failed": 0.6, "infeasible": 0.45, "done": 0.75}


def learning_curves(results: Results) -> Figure:
    """The figure; see `learning_curves_frame`."""
    frame = learning_curves_frame(results)
    metric, direction = results.plan["metric"], results.plan["direction"]
    trials, values = frame["trial"].nunique(), frame["value"].to_numpy(np.float64)
    seen = view(values, direction) if trials >= _COMPARED else None
    return Figure(
        name="learning-curves",
        title=f"{metric} on val by epoch, {counted(trials, 'trial')}",
        caption="A line is a trial, and ends where it was stopped, failed or done. The winner is "
        "drawn thick, the stopped ones light.",
        frame=frame,
        plot=draw(frame, metric, seen),
        notes=outside(values, seen, "epoch"),
    )


def learning_curves_frame(results: Results) -> pd.DataFrame:
    """A row an epoch of a trial of the search, in the order of trials and epochs.

    Of more than `MOST`, every n-th epoch and each trial's last.

    Returns:
        `trial`, `role` (`analysis.figures.roles`), `epoch`, `value` of the search's metric on val.
    """
    trials = results.trials.assign(role=roles(results))[["trial", "role"]]
    metric = results.plan["metric"]
    if metric not in results.epochs:
        return pd.DataFrame({"trial": [], "role": [], "epoch": [], "value": []})
    frame = results.epochs[["trial", "epoch", metric]].merge(trials, on="trial")
    frame = frame.rename(columns={metric: "value"})[["trial", "role", "epoch", "value"]]
    frame = frame.sort_values(["trial", "epoch"], ignore_index=True)
    if len(frame) <= MOST:
        return frame
    longest = int(frame.groupby("trial").size().max())
    each = max(_FEWEST, MOST // frame["trial"].nunique())
    step = -(-longest // each)
    last = frame["trial"] != frame["trial"].shift(-1)
    return frame[(frame["epoch"] % step == 0) | last].reset_index(drop=True)


def draw(frame: pd.DataFrame, metric: str, seen: tuple[float, float] | None) -> go.Figure:
    """Lines, a trace a role, a gap between trials; `seen`: the range of the axis of scores."""
    plot = empty(420)
    for role in reversed(ROLES):
        own = frame[frame["role"] == role]
        if own.empty:
            continue
        trials, epochs, values = with_gaps(own)
        plot.add_scatter(
            x=numbers(epochs),
            y=numbers(values),
            name=role,
            mode="lines+markers" if own.groupby("trial").size().max() == 1 else "lines",
            line={"color": COLOURS[role], "width": _WIDTHS.get(role, 1.2)},
            opacity=_FAINT.get(role, 1.0),
            customdata=ids(trials),
            hovertext=[safe(trial) for trial in trials],
            hovertemplate=f"%{{hovertext}}<br>epoch %{{x}}: %{{y:.4g}}<extra>{role}</extra>",
        )
    plot.update_xaxes(title_text="epoch", **whole_numbers(frame["epoch"]))
    plot.update_yaxes(title_text=safe(metric), range=seen)
    return plot


def with_gaps(frame: pd.DataFrame) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Trials, epochs and values of several lines in one, with a missing point after each."""
    trials: list[str] = []
    epochs: list[float] = []
    values: list[float] = []
    for trial, own in frame.groupby("trial", sort=False):
        trials += [str(trial)] * (len(own) + 1)
        epochs += [*own["epoch"].astype(float), np.nan]
        values += [*own["value"].astype(float), np.nan]
    return trials, np.array(epochs), np.array(values)
