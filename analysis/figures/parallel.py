"""Parallel coordinates: every trial a line through all its parameters to its score.

An axis is a row, not a column, for names and values then have room on a narrow screen too; and
lines are drawn as such, not by WebGL, so they print.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.roles import roles
from analysis.figures.scale import colour
from analysis.figures.theme import (
    AXIS,
    COLOURS,
    counted,
    empty,
    ids,
    log_ticks,
    numbers,
    safe,
    short,
)
from analysis.frames.load import Results
from analysis.frames.searched import Searched, searched
from analysis.frames.spread import view

_ABSENT = 1.2  # where a line goes by an axis whose parameter its trial does not have
_ROW = 52  # px an axis
_SHADES = 10  # colours, a trace each
_MANY = 60  # trials, of which the poor ones would hide the good ones
_SCORE = "score"  # as no parameter's column is called


def parallel(results: Results) -> Figure:
    """The figure; see `parallel_frame`."""
    frame = parallel_frame(results)
    trials, metric = frame["trial"].nunique(), results.plan["metric"]
    absent = frame["place"].isna()
    parameters = counted(max(0, frame["axis"].nunique() - 1), "parameter")
    caption = (
        "A line is a trial; it crosses each row at the trial's value, and the last at its score. "
        "The warmer its colour, the higher it is ranked. Where the warm ones come together, the "
        "value matters."
    )
    if absent.any():
        names = ", ".join(map(_name, dict.fromkeys(frame["axis"][absent])))
        caption += f" Beyond the end, at the right: trials without {names}."
    return Figure(
        name="parallel",
        title=f"{counted(trials, 'trial')} through {parameters} to the {metric}",
        caption=caption,
        frame=frame,
        plot=draw(results, frame),
    )


def parallel_frame(results: Results) -> pd.DataFrame:
    """A row a trial with a score and axis: the searched parameters, then the score; else none.

    Returns:
        `trial`, `role`, `axis` (a column of `results.trials`: `score`, or `config/<parameter>`),
        `value`, `place`: from 0 to 1 along the axis, NaN where the trial does not have it; a score
        far beyond most is at the end.
    """
    columns = ["trial", "role", "axis", "value", "place"]
    trials = results.trials.assign(role=roles(results))
    trials = trials[trials["score"].notna() & (trials["state"] != "FAIL")].reset_index(drop=True)
    if trials.empty:
        return pd.DataFrame(columns=columns)
    found = []
    for parameter in searched(results.plan):
        places = _along(parameter, parameter.positions(trials))
        if np.isfinite(places).any():
            values = trials[parameter.column].astype(object)
            own = trials[["trial", "role"]].assign(
                axis=parameter.column, value=values, place=places
            )
            found.append(own[columns])
    if not found:
        return pd.DataFrame(columns=columns)
    scores = trials["score"].to_numpy(np.float64)
    low, high = _range(scores, results.plan["direction"])
    places = np.clip((scores - low) / (high - low), 0, 1) if high > low else np.full_like(scores, 1)
    own = trials[["trial", "role"]].assign(axis=_SCORE, value=trials["score"], place=places)
    return pd.concat([*found, own[columns].astype({"value": object})], ignore_index=True)


def draw(results: Results, frame: pd.DataFrame) -> go.Figure:
    """Lines of every trial, poor ones first; the winner's and the baseline's over them."""
    if frame.empty:
        return empty()
    names = list(dict.fromkeys(frame["axis"]))
    plot = empty(_ROW * len(names) + 60)
    wide = frame.pivot(index="trial", columns="axis", values="place")[names]
    scores = frame[frame["axis"] == _SCORE].set_index("trial")["value"].astype("float64")
    wide = wide.loc[scores.index]
    role = frame.drop_duplicates("trial").set_index("trial")["role"]
    rank = scores.rank(pct=True, ascending=results.plan["direction"] == "max")
    bins = np.ceil(rank.to_numpy() * _SHADES).astype(int) - 1
    faint = 0.35 if len(wide) < _MANY else 0.06
    for number in range(_SHADES):
        own = wide[(bins == number) & ~role.isin(["winner", "baseline"]).to_numpy()]
        if len(own):
            good_by = (number + 0.5) / _SHADES
            opacity = faint + (0.9 - faint) * good_by**3
            _lines(plot, own, scores, colour(good_by), 1.2, opacity, "")
    for name in ("baseline", "winner"):
        own = wide[(role == name).to_numpy()]
        if len(own):
            _lines(plot, own, scores, COLOURS[name], 3.0, 1.0, name)
    parameters = {p.column: p for p in searched(results.plan)}
    for row, name in enumerate(names):
        ticks = _score_ticks(results, scores) if name == _SCORE else _ticks(parameters[name])
        _axis(plot, row, ticks | ({_ABSENT: "absent"} if wide[name].isna().any() else {}))
    labels = [safe(results.plan["metric"] if name == _SCORE else _name(name)) for name in names]
    plot.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=labels,
        range=[len(names) - 0.4, -0.6],
        showgrid=False,
        fixedrange=True,
    )
    end = _ABSENT if wide.isna().any(axis=None) else 1.0
    plot.update_xaxes(visible=False, range=[-0.04, end + 0.06], fixedrange=True)
    return plot


def _name(column: str) -> str:
    return column.removeprefix("config/")


def _lines(
    plot: go.Figure,
    wide: pd.DataFrame,
    scores: pd.Series,
    colour: str,
    width: float,
    opacity: float,
    name: str,
) -> None:
    """One trace: a line a trial down the rows, with a gap after each."""
    count = len(wide.columns)
    x = np.hstack([wide.fillna(_ABSENT).to_numpy(np.float64), np.full((len(wide), 1), math.nan)])
    y = np.tile([*range(count), math.nan], len(wide))
    trials = np.repeat(wide.index.to_numpy(), count + 1)
    said = [f"{safe(trial)}: {short(float(scores[trial]))}" for trial in wide.index]
    plot.add_scatter(
        x=numbers(x.ravel()),
        y=numbers(y),
        mode="lines",
        name=name,
        showlegend=bool(name),
        line={"color": colour, "width": width},
        opacity=opacity,
        customdata=ids(trials),
        hovertext=np.repeat(said, count + 1).tolist(),
        hovertemplate="%{hovertext}<extra></extra>",
    )


def _axis(plot: go.Figure, row: int, ticks: dict[float, str]) -> None:
    """A row's line, and what is written below it."""
    plot.add_shape(type="line", x0=0, x1=1, y0=row, y1=row, line={"color": AXIS}, layer="below")
    plot.add_scatter(
        x=list(ticks),
        y=[row] * len(ticks),
        text=list(ticks.values()),
        mode="markers+text",
        marker={"symbol": "line-ns-open", "size": 7, "color": AXIS},
        textposition="bottom center",
        textfont={"size": 10},
        showlegend=False,
        cliponaxis=False,
        hoverinfo="skip",
    )


def _along(parameter: Searched, places: np.ndarray) -> np.ndarray:
    """Places on an axis from 0 to 1; what lies outside the range is at its end."""
    if parameter.choices:
        return (places + 0.5) / len(parameter.choices)
    low, high = parameter.low, parameter.high
    if parameter.log:
        places, low, high = np.log(places), math.log(low), math.log(high)
    return np.clip((places - low) / (high - low), 0, 1)


def _ticks(parameter: Searched) -> dict[float, str]:
    if parameter.choices:
        values, texts = np.arange(len(parameter.choices)), parameter.labels
    else:
        low, high = parameter.low, parameter.high
        found = log_ticks(low, high, 4) if parameter.log else [low, (low + high) / 2, high]
        values, texts = np.array(found), [short(value, 3) for value in found]
    places = _along(parameter, values.astype(np.float64))
    return {float(place): safe(text) for place, text in zip(places, texts, strict=True)}


def _score_ticks(results: Results, scores: pd.Series) -> dict[float, str]:
    low, high = _range(scores.to_numpy(), results.plan["direction"])
    if not low < high:
        return {1.0: short(high)}
    return {place: short(low + place * (high - low)) for place in (0.0, 0.5, 1.0)}


def _range(scores: np.ndarray, direction: str) -> tuple[float, float]:
    low, high = float(scores.min()), float(scores.max())
    seen = view(scores, direction) or (low, high)
    return max(low, seen[0]), min(high, seen[1])
