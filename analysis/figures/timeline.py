"""Which slot trained which trial when, and how busy the slots were."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.roles import ROLES, roles
from analysis.figures.theme import COLOURS, GREY, LINES, empty, ids, lasting, numbers, safe
from analysis.frames.load import Results
from analysis.frames.timeline import timeline as stays
from analysis.frames.timeline import utilisation
from tuning.experiment import trial_of

_ROW = 30  # px a slot
_MANY = 100  # bars, whose edges would hide them


def timeline(results: Results) -> Figure:
    """The figure; see `timeline_frame`."""
    frame = timeline_frame(results)
    title = "No epoch was trained yet"
    if len(frame):
        of = utilisation(results)
        busy, available = of["busy"].sum(), of["available"].sum()
        length, unit = lasting(float(frame["end"].max()))
        slots = int(of["slots"].max())
        title = f"{slots} {'slot was' if slots == 1 else 'slots were'} busy {busy / available:.0%}"
        title += f" of {frame['end'].max() / length:.3g} {unit}"
    return Figure(
        name="timeline",
        title=title,
        caption="A bar is a trial's stay on a slot; a trial that waited for others has several. "
        "Busy is training and scoring; between lie starts, waiting, and the step from the search "
        "to the finalists. Which slot it was is not on record, and is made up from the times.",
        frame=frame,
        plot=draw(frame),
    )


def timeline_frame(results: Results) -> pd.DataFrame:
    """`analysis.timeline` with the trial's `role`; of a finalist's re-run, `re-run`."""
    frame = stays(results)
    role = dict(zip(results.trials["trial"], roles(results), strict=True))
    return frame.assign(role=[role.get(t, "re-run") for t in frame["trial"]])


def draw(frame: pd.DataFrame) -> go.Figure:
    """Bars, a trace a role."""
    slots = int(frame["slot"].max()) + 1 if len(frame) else 0
    plot = empty(110 + _ROW * slots, barmode="overlay", bargap=0.25)
    length, unit = lasting(float(frame["end"].max())) if len(frame) else (1.0, "s")
    edge = 0.5 if len(frame) < _MANY else 0
    for role in (*ROLES, "re-run"):
        own = frame[frame["role"] == role]
        if own.empty:
            continue
        lasted = own["end"] - own["begin"]
        plot.add_bar(
            orientation="h",
            name=role,
            base=numbers(own["begin"] / length),
            x=numbers(lasted / length),
            y=numbers(own["slot"].astype("float64")),
            marker={"color": COLOURS.get(role, GREY), "line": {"width": edge, "color": LINES}},
            customdata=ids(trial_of(trial) for trial in own["trial"]),
            hovertext=[
                f"{safe(trial)}<br>{epochs} epochs in {seconds:.3g} s"
                for trial, epochs, seconds in zip(own["trial"], own["epochs"], lasted, strict=True)
            ],
            hovertemplate=f"%{{hovertext}}<extra>{role}</extra>",
        )
    plot.update_xaxes(title_text=f"time the search had run, {unit}", nticks=8)
    plot.update_yaxes(title_text="slot", tickvals=list(range(slots)), autorange="reversed")
    return plot
