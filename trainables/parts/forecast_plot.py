"""Forecasts against what came, as a picture."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import torch

from trainables.data.series import Series, SeriesMeta

SHOWN = 3  # windows
MOST_COLUMNS = 4  # targets, or nothing could be seen


def forecast_plot(network: Any, part: Series, meta: SeriesMeta) -> bytes:
    """A PNG: some of the part's windows, side by side, each target with past, forecast and truth.

    In the series' own units; of the past as much as twice the future.
    """
    from matplotlib.figure import Figure  # half a second, for who draws only

    ahead = network.horizon
    ends = np.linspace(max(part.first, network.window), len(part.values) - ahead, SHOWN).astype(int)
    pasts = np.stack([part.values[end - network.window : end].T for end in ends])
    with torch.inference_mode():
        device = next(network.parameters()).device
        made = network(torch.from_numpy(pasts).to(device)).float().cpu().numpy()
    columns = network.columns[:MOST_COLUMNS]
    figure = Figure(figsize=(4 * SHOWN, 2.2 * len(columns)), dpi=80, layout="constrained")
    axes = figure.subplots(len(columns), SHOWN, squeeze=False, sharex=True, sharey="row")
    before = min(2 * ahead, network.window)
    for row, column in enumerate(columns):
        own = part.values[:, column] * meta.std[column] + meta.mean[column]
        for place, end in enumerate(ends):
            axis = axes[row, place]
            axis.plot(np.arange(-before, 0), own[end - before : end], color="0.5")
            axis.plot(np.arange(ahead), own[end : end + ahead], color="0.2", label="came")
            forecast = made[place, row] * meta.std[column] + meta.mean[column]
            axis.plot(np.arange(ahead), forecast, color="tab:orange", label="forecast")
        axes[row, 0].set_ylabel(meta.names[column])
    axes[0, 0].legend(loc="upper left", fontsize="small")
    for axis in axes[-1]:
        axis.set_xlabel(f"steps of {meta.frequency}")
    png = io.BytesIO()
    figure.savefig(png, format="png")
    return png.getvalue()
