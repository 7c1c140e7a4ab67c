"""Which parameters mattered, drawn."""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.theme import AXIS, NEUTRAL, empty, numbers, safe
from analysis.frames.load import Results

_ROW = 34  # px a parameter
_TRUSTED = 0.5  # of the variance, which a forest should know


def importance(results: Results) -> Figure:
    """The figure; its frame is that of `analysis.frames.importance.importance`."""
    # Optuna takes a second to be imported.
    from analysis.frames.importance import importance as weigh

    frame, notes = weigh(results), doubts(results)
    title = "Which parameters mattered cannot be said"
    if len(frame):
        first = frame.groupby("method", sort=False)["parameter"].first()
        title = f"{first['PED-ANOVA']} decided most which trials came out on top, "
        title += f"{first['fANOVA']} most of the score's variance"
        if first.nunique() == 1:
            title = f"{first.iloc[0]} mattered most, by either measure"
        if notes:
            title = f"{' and '.join(first.unique())} may have mattered most"
    return Figure(
        name="importance",
        title=title,
        caption="PED-ANOVA: each parameter's share in what decided which trials came out on top. "
        "fANOVA: the part of the score's variance over the whole space that each makes alone; what "
        "is missing to 1 is what several make together, and noise. Lines: one standard error to "
        "either side. Stopped trials count with the best score that they had reached.",
        frame=frame,
        plot=draw(frame),
        notes=notes,
    )


def doubts(results: Results) -> tuple[str, ...]:
    """Why these numbers may be wrong; empty: they may be believed."""
    from analysis.frames.importance import BEST, FEWEST, PER_PARAMETER, enough, explained, known

    parameters, _, scores = known(results)
    if len(parameters) < 2:
        return ()
    count, wanted = len(scores), enough(len(parameters))
    found = []
    if count < wanted:
        found.append(
            f"Too few trials to say which of {len(parameters)} parameters mattered: "
            f"{count} with a score, about {wanted} would do, {PER_PARAMETER} a parameter for a "
            f"forest to learn from (Loeppky et al. 2009), and enough that the best tenth holds "
            f"{BEST}."
        )
    if count >= FEWEST and np.ptp(scores) == 0:
        found.append("All trials have the same score.")
    known_part = explained(results)
    if known_part < _TRUSTED:
        found.append(
            f"fANOVA's forest explains {max(0.0, known_part):.0%} of the variance of trials that "
            "it has not seen: what it says of single parameters is as uncertain."
        )
    if heirs := int((results.trials["parent"].fillna("") != "").sum()):
        found.append(f"Left out: {heirs} trials that went on with another's weights.")
    return tuple(found)


def draw(frame: pd.DataFrame) -> go.Figure:
    """Two bars a parameter with their errors, in the order of PED-ANOVA."""
    order = list(dict.fromkeys(frame["parameter"]))
    plot = empty(90 + _ROW * len(order), barmode="group", bargap=0.25)
    for (method, own), colour in zip(frame.groupby("method", sort=False), NEUTRAL, strict=False):
        plot.add_bar(
            orientation="h",
            name=str(method),
            x=numbers(own["importance"]),
            y=[safe(name) for name in own["parameter"]],
            error_x={"array": numbers(own["error"]), "color": AXIS, "thickness": 1.2, "width": 3},
            marker={"color": colour},
            hovertext=[f"{trials} trials have it" for trials in own["trials"]],
            hovertemplate=f"%{{y}}<br>{method} %{{x:.3f}}<br>%{{hovertext}}<extra></extra>",
        )
    if order:
        names = [safe(name) for name in order]
        plot.update_yaxes(autorange="reversed", categoryorder="array", categoryarray=names)
        plot.update_xaxes(title_text="importance, of 1", rangemode="nonnegative", nticks=6)
        plot.update_layout(legend={"traceorder": "normal"})
    return plot
