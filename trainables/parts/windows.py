"""Training and scoring a forecaster: windows of a series, past and future, and the errors made."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.data.series import Series, SeriesMeta
from trainables.inspection import Points, Seen

EVALUATION_BATCH = 128  # windows; fixed: the same score needs the same batch size
LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "mse": F.mse_loss,
    "mae": F.l1_loss,
    "huber": F.huber_loss,
}
INTERVAL_FILE = "interval.json"  # in an export
INTERVAL = 0.9  # share of val's errors between the two ends of a forecast's interval


class Windows:
    """All windows of one part: a past of `past` rows and the `future` rows after it.

    The future lies in the part; the past may reach back into the one before. Windows start a row
    apart.

    Args:
        columns: indices of the columns whose future is asked for.

    Raises:
        ValueError: the part is too short for one.
    """

    def __init__(
        self, part: Series, past: int, future: int, columns: list[int], device: str
    ) -> None:
        start = max(part.first - past, 0)
        if len(part.values) - start < past + future:
            raise ValueError(f"{len(part):,} rows are too few for {past} + {future} rows a window")
        rows = torch.from_numpy(np.array(part.values[start:])).to(device)
        self._views = rows.unfold(0, past + future, 1)  # [windows, columns, past + future]
        self._past, self._columns = past, torch.tensor(columns, device=device)

    def __len__(self) -> int:
        return len(self._views)

    def take(self, chosen: Tensor | slice) -> tuple[Tensor, Tensor]:
        """Pasts [n, columns, past] and futures [n, asked columns, future] of some windows."""
        windows = self._views[chosen]
        return windows[..., : self._past], windows[:, self._columns, self._past :]

    def batches(self, size: int, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """All windows in a random order; the last batch may be a smaller one."""
        order = torch.randperm(len(self), generator=generator, device=generator.device)
        for chosen in order.split(size):
            yield self.take(chosen)


def errors(forecast: Tensor, future: Tensor) -> dict[str, Tensor]:
    """Sums over the windows of their mean squared and mean absolute errors."""
    apart = forecast.detach().float() - future
    per_window = apart.numel() / len(apart)
    return {"mse": apart.square().sum() / per_window, "mae": apart.abs().sum() / per_window}


def forecasts(network: nn.Module, windows: Windows) -> np.ndarray:
    """What a network, in evaluation mode, forecasts: float32 [windows, columns, future]."""
    parts = []
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for start in range(0, len(windows), EVALUATION_BATCH):
            past, _ = windows.take(slice(start, start + EVALUATION_BATCH))
            parts.append(network(past).float())
    made: np.ndarray = torch.cat(parts).cpu().numpy()
    return made


def truth_of(part: Series, columns: list[int], shape: tuple[int, ...]) -> np.ndarray:
    """What really came after the pasts of forecasts of this shape: [windows, columns, future]."""
    count, _, future = shape
    rows = part.values[len(part.values) - count - future + 1 :, columns]
    return np.lib.stride_tricks.sliding_window_view(rows, future, axis=0)


def window_points(seen: Seen, network: Any, part: Series, meta: SeriesMeta) -> Points | None:
    """Windows as the last hidden layer has them: what they forecast, from where, in which season.

    Where columns share weights each is a point of its own.
    """
    ways = len(network.columns) if network.shared else 1
    count = seen.count // ways
    first = len(part.values) - count - network.horizon + 1  # the first row that is forecast
    if seen.count % ways or first < 1:
        return None
    rows = seen.rows // ways + first
    about = {"row": [str(row) for row in rows]}
    if meta.season:
        about["in season"] = [str(row % meta.season) for row in rows]
    if network.shared:
        about["column"] = [meta.names[network.columns[n]] for n in seen.rows % ways]
    return Points(seen.hidden, about)


def forecast_report(
    forecast: np.ndarray, part: Series, meta: SeriesMeta, columns: list[int]
) -> dict[str, Any]:
    """Errors over all windows, columns and steps, standardised and in the series' own units.

    Args:
        forecast: standardised [windows, columns, future].

    Returns:
        `mse`, `mae`, `loss` (the mse), `count` of windows, `rmse_by_step`, and `columns`
        {name: {mse, mae}} in own units.
    """
    apart = forecast.astype(np.float64) - truth_of(part, columns, forecast.shape)
    squared, absolute = np.square(apart).mean((0, 2)), np.abs(apart).mean((0, 2))  # by column
    mse = float(squared.mean())
    own = {
        meta.names[column]: {
            "mse": float(squared[place] * meta.std[column] ** 2),
            "mae": float(absolute[place] * meta.std[column]),
        }
        for place, column in enumerate(columns)
    }
    by_step = np.sqrt(np.square(apart).mean((0, 1)))
    return {
        "loss": mse,
        "mse": mse,
        "mae": float(absolute.mean()),
        "count": len(forecast),
        "rmse_by_step": [round(float(value), 6) for value in by_step],
        "columns": own,
    }


def forecast_shares(
    forecast: np.ndarray, part: Series, columns: list[int]
) -> dict[str, np.ndarray]:
    """Of each window, standardised: `mse`, `loss` (the same) and `mae`; [windows] each."""
    apart = forecast.astype(np.float64) - truth_of(part, columns, forecast.shape)
    squared = np.square(apart).mean((1, 2))
    return {"mse": squared, "loss": squared, "mae": np.abs(apart).mean((1, 2))}


def residual_interval(forecast: np.ndarray, part: Series, columns: list[int]) -> dict[str, Any]:
    """How far the truth lay from the forecast, by column and step: an interval's two ends.

    Returns:
        `share` of the truths that lie inside, and `low` and `high` to add to a forecast, both
        standardised, [columns][future].
    """
    apart = truth_of(part, columns, forecast.shape) - forecast
    tail = (1 - INTERVAL) / 2
    low, high = np.quantile(apart, (tail, 1 - tail), axis=0)
    return {"share": INTERVAL, "low": low.tolist(), "high": high.tolist()}


def updates(windows: int, size: int) -> int:
    """Batches in an epoch."""
    return math.ceil(windows / size)
