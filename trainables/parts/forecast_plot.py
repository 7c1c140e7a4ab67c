"""Forecasts against what came: the numbers, and the picture of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from trainables.data.series import Series, SeriesMeta
from trainables.parts.figure import new_figure, png_of

SHOWN = 3  # windows
MOST_COLUMNS = 4  # targets, or nothing could be seen


def forecast_samples(network: Any, part: Series, meta: SeriesMeta) -> dict[str, Any]:
    """Some of a part's windows, in the series' own units.

    Returns:
        `step`, the time between values, and `columns` {name: windows}, each window with its
        `past` (twice the future at most), its `truth` and its `forecast`.
    """
    ahead = network.horizon
    ends = np.linspace(max(part.first, network.window), len(part.values) - ahead, SHOWN).astype(int)
    pasts = np.stack([part.values[end - network.window : end].T for end in ends])
    with torch.inference_mode():
        device = next(network.parameters()).device
        made = network(torch.from_numpy(pasts).to(device)).float().cpu().numpy()
    before = min(2 * ahead, network.window)
    columns: dict[str, list[dict[str, list[float]]]] = {}
    for row, column in enumerate(network.columns[:MOST_COLUMNS]):
        mean, std = meta.mean[column], meta.std[column]
        own = part.values[:, column] * std + mean
        columns[meta.names[column]] = [
            {
                "past": own[end - before : end].tolist(),
                "truth": own[end : end + ahead].tolist(),
                "forecast": (made[place, row] * std + mean).tolist(),
            }
            for place, end in enumerate(ends)
        ]
    return {"step": meta.frequency, "columns": columns}


def draw_forecasts(samples: Mapping[str, Any]) -> bytes:
    """A PNG of `forecast_samples`: a row a column, a window beside the other."""
    columns = samples["columns"]
    figure = new_figure(4 * SHOWN, 2.2 * len(columns))
    axes = figure.subplots(len(columns), SHOWN, squeeze=False, sharex=True, sharey="row")
    for (name, windows), row in zip(columns.items(), axes, strict=True):
        for window, axis in zip(windows, row, strict=True):
            past, ahead = len(window["past"]), np.arange(len(window["truth"]))
            axis.plot(np.arange(-past, 0), window["past"], color="0.5")
            axis.plot(ahead, window["truth"], color="0.2", label="came")
            axis.plot(ahead, window["forecast"], color="tab:orange", label="forecast")
        row[0].set_ylabel(name, parse_math=False)  # a column may be called a$ b_$
    axes[0, 0].legend(loc="upper left", fontsize="small")
    for axis in axes[-1]:
        axis.set_xlabel(f"steps of {samples['step']}")
    return png_of(figure)
