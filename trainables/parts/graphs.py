"""The networks of pictures, texts and series with their preprocessing inside, to be exported."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.data.series import Series, SeriesMeta
from trainables.data.splits import ImageMeta, Split
from trainables.data.text import Text, TextMeta
from trainables.parts.recurrent import State
from trainables.portable import BATCH, STEPS, Port, Portable

WRITTEN = 64  # characters of an example of a text


class _Pictures(nn.Module):
    """uint8 [n, height, width, channels] -> logits [n, classes]."""

    mean: Tensor
    scale: Tensor

    def __init__(self, network: nn.Module, meta: ImageMeta) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(meta.mean).view(1, -1, 1, 1))
        self.register_buffer("scale", 1 / torch.tensor(meta.std).view(1, -1, 1, 1))

    def forward(self, pixels: Tensor) -> Tensor:
        floats = pixels.permute(0, 3, 1, 2).float()
        logits: Tensor = self.network((floats - self.mean) * self.scale)
        return logits


def portable_pictures(
    network: nn.Module, meta: ImageMeta, trained: Callable[[np.ndarray], np.ndarray]
) -> Portable:
    """A classifier of pictures: pixels as they are stored -> logits.

    Args:
        network: normalised float32 [n, channels, height, width] -> logits [n, classes].
        trained: logits of uint8 pictures, as training's evaluation computes them.
    """
    pixels = (BATCH, meta.height, meta.width, meta.channels)
    colours = "RGB" if meta.channels == 3 else "grey"
    about = f"{colours} pixels from 0 to 255, rows from the top; normalised inside"

    def examples(part: Split, count: int) -> np.ndarray:
        return np.array(part.inputs[:count])

    return Portable(
        _Pictures(network, meta).eval(),
        inputs=(Port("pixels", "uint8", pixels, about),),
        outputs=(
            Port("logits", "float32", (BATCH, len(meta.classes)), "before softmax", meta.classes),
        ),
        preprocessing="The network itself takes (pixels - mean) / std, by channel, as float32 "
        "[batch, channels, height, width]; mean and std are in config.json.",
        examples=examples,
        trained=trained,
        classifies=True,
    )


class _Characters(nn.Module):
    """int64 [n, steps] and a state -> logits [n, steps, symbols], and the state after."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, symbols: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        before: State = (state[0], state[1]) if len(state) == 2 else state[0]
        logits, after = self.network(symbols.transpose(0, 1), before)
        count, steps = symbols.shape
        logits = logits.unflatten(0, (steps, count)).transpose(0, 1)
        return (logits, after) if isinstance(after, Tensor) else (logits, *after)


def portable_characters(network: Any, meta: TextMeta) -> Portable:
    """A model of characters: their numbers and a state -> logits of the next, and the state."""
    core = network.recurrent.core
    shape = (core.num_layers, BATCH, core.hidden_size)
    names = ("hidden", "cell") if core.mode == "LSTM" else ("hidden",)
    states = [Port(name, "float32", shape, "the state so far; zeros at a start") for name in names]
    after = [Port(f"{name}_after", "float32", shape, "the state after") for name in names]
    numbers = "characters' numbers: 0 is an unknown one, others count from 1 in the vocabulary"

    def examples(part: Text, count: int) -> np.ndarray:
        length = min(WRITTEN, len(part))
        starts = np.linspace(0, len(part) - length, count).astype(np.int64)
        return np.stack([part.symbols[s : s + length] for s in starts]).astype(np.int64)

    @torch.inference_mode()
    def trained(symbols: np.ndarray) -> np.ndarray:
        logits, _ = network(torch.from_numpy(symbols.T.copy()))
        told: np.ndarray = logits.view(*symbols.T.shape, -1).transpose(0, 1).numpy()
        return told

    return Portable(
        _Characters(network).eval(),
        inputs=(Port("symbols", "int64", (BATCH, STEPS), numbers), *states),
        outputs=(
            Port("logits", "float32", (BATCH, STEPS, meta.symbols), "of the next character"),
            *after,
        ),
        preprocessing="The network itself takes [steps, batch]; the vocabulary is in config.json.",
        examples=examples,
        trained=trained,
    )


class _Series(nn.Module):
    """float64 [n, window, columns] -> float64 [n, horizon, targets], both in own units."""

    mean: Tensor
    std: Tensor
    mean_of_targets: Tensor
    std_of_targets: Tensor

    def __init__(self, network: nn.Module, meta: SeriesMeta, targets: list[int]) -> None:
        super().__init__()
        self.network = network
        mean, std = (torch.tensor(v, dtype=torch.float64) for v in (meta.mean, meta.std))
        for name, value in (("mean", mean), ("std", std)):
            self.register_buffer(name, value)
            self.register_buffer(f"{name}_of_targets", value[targets])

    def forward(self, past: Tensor) -> Tensor:
        standardised = ((past - self.mean) / self.std).float()
        ahead = self.network(standardised.transpose(1, 2)).transpose(1, 2)
        made: Tensor = ahead.double() * self.std_of_targets + self.mean_of_targets
        return made


def portable_series(network: Any, meta: SeriesMeta) -> Portable:
    """A forecaster: the past in its own units -> the steps after it in theirs."""
    columns, window = network.columns, network.window
    names = tuple(meta.names[column] for column in columns)
    mean, std = np.array(meta.mean), np.array(meta.std)

    def examples(part: Series, count: int) -> np.ndarray:
        first = max(part.first - window, 0)
        own = part.values[first : first + window + count - 1] * std + mean
        windows = np.lib.stride_tricks.sliding_window_view(own, window, axis=0)
        return windows.transpose(0, 2, 1).copy()  # [count, window, columns]

    @torch.inference_mode()
    def trained(past: np.ndarray) -> np.ndarray:
        standardised = meta.standardised(past).transpose(0, 2, 1).copy()
        told: np.ndarray = network(torch.from_numpy(standardised)).numpy()
        return told.transpose(0, 2, 1)

    past = "a row a step, the latest last, in the columns' own units; standardised inside"
    return Portable(
        _Series(network, meta, columns).eval(),
        inputs=(Port("past", "float64", (BATCH, window, len(meta.names)), past, meta.names),),
        outputs=(
            Port(
                "forecast",
                "float64",
                (BATCH, network.horizon, len(names)),
                "the steps after the past, in own units",
                names,
            ),
        ),
        preprocessing="The network itself takes (past - mean) / std, by column, as float32 [batch, "
        "columns, window], and gives a forecast standardised alike; mean and std are in "
        "config.json.",
        examples=examples,
        trained=trained,
        own=lambda forecast: (forecast - mean[columns]) / std[columns],
    )
