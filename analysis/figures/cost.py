"""What the search has cost, drawn."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.panels import axes, axis, panels
from analysis.figures.theme import COLOURS, lasting, numbers
from analysis.frames.cost import cost as spent
from analysis.frames.load import Results

_ROLES = {"COMPLETE": "done", "PRUNED": "stopped", "FAIL": "failed"}
_MEASURES = {"core_seconds": "core", "gpu_seconds": "GPU"}


def cost(results: Results) -> Figure:
    """The figure; its frame is that of `analysis.cost`."""
    frame = spent(results)
    total = frame["core_seconds"].sum()
    title = "Nothing was trained yet"
    if total > 0:
        length, unit = lasting(total)
        done = frame["core_seconds"][(frame["part"] == "search") & (frame["state"] == "COMPLETE")]
        title = f"{total / length:.3g} core-{unit} in all, {done.sum() / total:.0%} of it in "
        title += "trials of the search that ran to their end"
    return Figure(
        name="cost",
        title=title,
        caption="Time of training and scoring, times what a trial had of cores and of GPUs, "
        "whether it used them or not. Start-up and the export are in none of it.",
        frame=frame,
        plot=draw(frame),
    )


def draw(frame: pd.DataFrame) -> go.Figure:
    """A panel a resource that was used, a bar a part, in colours of what became of its trials."""
    used = [measure for measure in _MEASURES if frame[measure].sum() > 0]
    plot = panels(len(used), row=110)
    plot.update_layout(barmode="stack")
    for place, measure in enumerate(used):
        length, unit = lasting(float(frame[measure].sum()))
        for state in dict.fromkeys(frame["state"]):
            own, role = frame[frame["state"] == state], _ROLES.get(state, "running")
            plot.add_bar(
                orientation="h",
                name=role,
                legendgroup=role,
                showlegend=place == 0,
                x=numbers(own[measure] / length),
                y=list(own["part"]),
                marker={"color": COLOURS[role]},
                hovertext=[
                    f"{trials} trained for {epochs} epochs"
                    for trials, epochs in zip(own["trials"], own["epochs"], strict=True)
                ],
                hovertemplate=f"%{{y}}: %{{x:.3g}} {unit}<br>%{{hovertext}}<extra>{role}</extra>",
                **axes(place),
            )
        plot.layout[axis("x", place)].update(title_text=f"{_MEASURES[measure]}-{unit}", nticks=6)
        plot.layout[axis("y", place)].update(
            categoryorder="array", categoryarray=["finalists", "search"]
        )
    return plot
