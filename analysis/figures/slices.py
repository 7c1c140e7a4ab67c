"""The score against each searched parameter, one by one."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.panels import axes, axis, panels
from analysis.figures.roles import ROLES, roles
from analysis.figures.scale import outside
from analysis.figures.theme import counted, ids, log_ticks, marks, numbers, safe, short
from analysis.frames.load import Results
from analysis.frames.searched import Searched, searched
from analysis.frames.spread import view

_JITTER = 0.28  # of the distance between two categories
_LONGEST = 12  # characters of a tick's label
_GOLDEN = (math.sqrt(5) - 1) / 2


def slices(results: Results) -> Figure:
    """The figure; see `slices_frame`."""
    frame = slices_frame(results)
    has = set(frame["parameter"])
    parameters = [p for p in searched(results.plan) if p.name in has]
    never = [p.name for p in searched(results.plan) if p.name not in has]
    metric, direction = results.plan["metric"], results.plan["direction"]
    scores = frame.drop_duplicates("trial")["score"].to_numpy()
    seen = view(scores, direction)
    return Figure(
        name="slices",
        title=f"{metric} of {counted(len(scores), 'trial')} against "
        f"{counted(len(parameters), 'parameter')}, one by one",
        caption="A point is a trial; all else varies from point to point, so a slope is a hint, "
        "not an effect. Stopped trials show the best score that they had reached. Points "
        "of a category are spread sideways, to be seen.",
        frame=frame,
        plot=draw(frame, parameters, metric, seen),
        notes=(*outside(scores, seen, "trial"), *_missing(never, len(scores))),
    )


def slices_frame(results: Results) -> pd.DataFrame:
    """A row a trial with a score and searched parameter that it has.

    Returns:
        `parameter`, `trial`, `role`, `value` (as the Config has it), `x` (where it lies on the
        parameter's axis: itself, or the number of the choice, from 0), `score`.
    """
    trials = results.trials.assign(role=roles(results))
    trials = trials[trials["score"].notna()].reset_index(drop=True)
    found = [pd.DataFrame(columns=["parameter", "trial", "role", "value", "x", "score"])]
    for parameter in searched(results.plan):
        places = parameter.positions(trials)
        own = trials[["trial", "role", "score"]].assign(parameter=parameter.name, x=places)
        if parameter.column in trials:
            own["value"] = trials[parameter.column].astype(object)
            found.append(own[np.isfinite(places)][list(found[0].columns)])
    kept = [part for part in found if len(part)] or found[:1]
    return pd.concat(kept, ignore_index=True)


def draw(
    frame: pd.DataFrame,
    parameters: list[Searched],
    metric: str,
    seen: tuple[float, float] | None,
) -> go.Figure:
    """A panel a parameter, a trace a role; `seen`: the range of the axis of scores."""
    plot = panels(len(parameters))
    legend: set[str] = set()
    for place, parameter in enumerate(parameters):
        here = frame[frame["parameter"] == parameter.name]
        for role in ROLES[::-1]:
            own = here[here["role"] == role]
            if own.empty:
                continue
            x = own["x"].to_numpy(np.float64)
            plot.add_scatter(
                x=numbers(x + jitter(len(x)) if parameter.choices else x),
                y=numbers(own["score"]),
                mode="markers",
                name=role,
                legendgroup=role,
                showlegend=role not in legend,
                marker=marks(role, len(here)),
                customdata=ids(own["trial"]),
                hovertext=[
                    f"{safe(trial)}<br>{safe(parameter.name)} {safe(value)}"
                    for trial, value in zip(own["trial"], map(short, own["value"]), strict=True)
                ],
                hovertemplate=f"%{{hovertext}}<br>%{{y:.4g}}<extra>{role}</extra>",
                **axes(place),
            )
            legend.add(role)
        shape(plot, axis("x", place), parameter)
        plot.layout[axis("y", place)].update(range=seen, nticks=5)
    return plot


def _missing(never: list[str], trials: int) -> tuple[str, ...]:
    if not never or not trials:
        return ()
    return (f"No trial with a score has {', '.join(never)}.",)


def shape(plot: go.Figure, name: str, parameter: Searched) -> None:
    """Give an axis a parameter's scale, ticks and title."""
    plot.layout[name].title.text = safe(parameter.name)
    if parameter.choices:
        count = len(parameter.choices)
        labels = [safe(cut(label)) for label in parameter.labels]
        plot.layout[name].update(
            tickvals=list(range(count)), ticktext=labels, range=[-0.6, count - 0.4]
        )
    elif parameter.log:
        ticks = log_ticks(parameter.low, parameter.high)
        texts = [short(tick) for tick in ticks]
        plot.layout[name].update(type="log", tickvals=ticks, ticktext=texts)
    else:
        plot.layout[name].update(nticks=5)


def cut(label: str) -> str:
    """A label that leaves room for others."""
    return label if len(label) <= _LONGEST else f"{label[: _LONGEST - 1]}…"


def jitter(count: int) -> np.ndarray:
    """Shifts sideways, the same each time and evenly spread: multiples of the golden section."""
    return _JITTER * (2 * (np.arange(1, count + 1) * _GOLDEN % 1) - 1)
