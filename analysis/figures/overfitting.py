"""Does it overfit: train against val, by epoch, of the trials that count."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go

from analysis.figures.figure import Figure
from analysis.figures.panels import axes, axis, panels
from analysis.figures.roles import roles, winner
from analysis.figures.scale import whole_numbers
from analysis.figures.theme import COLOURS, GREY, ids, numbers, safe, short
from analysis.frames.load import Results

_TRIALS = 4
_RISE = 0.02  # of the lowest val loss: less than that is noise


def overfitting(results: Results) -> Figure:
    """The figure; see `overfitting_frame`."""
    frame = overfitting_frame(results)
    shown = frame["trial"].unique()
    return Figure(
        name="overfitting",
        title=_title(frame, shown[0]) if len(shown) else "No epoch to show",
        caption="Solid: val; dashed: train, as it was while training, so with dropout and changed "
        "inputs, which makes it look worse, and as the mean over an epoch. A val loss that rises "
        "while train's goes on falling is overfitting.",
        frame=frame,
        plot=draw(frame),
    )


def overfitting_frame(results: Results) -> pd.DataFrame:
    """A row an epoch, measure and part of the winner, the baseline and the next best, 4 in all.

    Returns:
        `trial`, `role`, `measure` (`loss`, then the search's metric, if that is another), `part`
        (`train` or `val`), `epoch`, `value`.
    """
    columns = ["trial", "role", "measure", "part", "epoch", "value"]
    board = results.leaderboard.dropna(subset="score")
    first = [winner(results), results.baseline.get("trial"), *results.finalists["trial"]]
    known = set(results.epochs["trial"]) & set(results.trials["trial"])
    chosen = [t for t in dict.fromkeys([*first, *board["trial"]]) if t in known][:_TRIALS]
    role = dict(zip(results.trials["trial"], roles(results), strict=True))
    metric = results.plan["metric"].removeprefix("val_")
    found = []
    for trial in chosen:
        epochs = results.epochs[results.epochs["trial"] == trial]
        for measure in dict.fromkeys(["loss", metric]):
            for part in ("train", "val"):
                if f"{part}_{measure}" in epochs:
                    own = epochs[["trial", "epoch"]].assign(
                        role=role[trial],
                        measure=measure,
                        part=part,
                        value=epochs[f"{part}_{measure}"].astype("float64"),
                    )
                    found.append(own[columns])
    return pd.concat(found or [pd.DataFrame(columns=columns)], ignore_index=True)


def draw(frame: pd.DataFrame) -> go.Figure:
    """A row of panels a trial, a panel a measure, two lines in each."""
    places = list(frame[["trial", "role", "measure"]].drop_duplicates().itertuples(index=False))
    measures = frame["measure"].nunique()
    plot = panels(len(places), row=170, columns=max(1, measures))
    for place, (trial, role, measure) in enumerate(places):
        own = frame[(frame["trial"] == trial) & (frame["measure"] == measure)]
        for part, style in (("train", {"color": GREY, "dash": "dash"}), ("val", {})):
            line = own[own["part"] == part]
            if line.empty:
                continue
            plot.add_scatter(
                x=numbers(line["epoch"].astype("float64")),
                y=numbers(line["value"]),
                name="train" if part == "train" else f"val, {role}",
                legendgroup=part if part == "train" else role,
                showlegend=not any(
                    t.legendgroup == (part if part == "train" else role) for t in plot.data
                ),
                mode="lines+markers",
                marker={"size": 5},
                line={"color": COLOURS[role], "width": 2, **style},
                customdata=ids(line["trial"]),
                hovertemplate=f"{safe(trial)} {part}<br>epoch %{{x}}: %{{y:.4g}}<extra></extra>",
                **axes(place),
            )
        ticks = whole_numbers(own["epoch"])
        plot.layout[axis("x", place)].update(title_text=f"epoch of {safe(trial)}", **ticks)
        plot.layout[axis("y", place)].update(title_text=safe(measure), nticks=5)
    return plot


def _title(frame: pd.DataFrame, trial: str) -> str:
    """What the losses of a trial say."""
    losses = frame[(frame["trial"] == trial) & (frame["measure"] == "loss")]
    table = losses.pivot_table(index="epoch", columns="part", values="value")
    if not {"train", "val"} <= set(table.columns):
        return f"{trial} by epoch"
    table = table.dropna().reset_index()
    if table.empty:
        return f"{trial} by epoch"
    val = table["val"]
    best = table.sort_values("val", kind="stable").iloc[0]
    lowest, gap = float(best["val"]), float(best["val"] - best["train"])
    epoch, last = int(best["epoch"]), int(table["epoch"].iloc[-1])
    said = f"{trial}'s val loss is lowest at epoch {epoch} of {last}, {short(abs(gap), 2)} "
    said += f"{'above' if gap >= 0 else 'below'} train's"
    if val.iloc[-1] > lowest * (1 + _RISE):
        said += f"; by the last it has risen from {short(lowest, 3)} to {short(val.iloc[-1], 3)}"
    return said
