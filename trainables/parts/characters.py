"""Training and scoring a model of characters: a text read in streams, its state carried on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.data.text import Text, TextMeta
from trainables.parts.recurrent import State, detached

EVALUATION_WINDOW = 1_000  # characters at a time; the state goes on, so it changes no score


class Streams:
    """A text read by `batch_size` readers at a time, each in its own stretch of it.

    Each window starts from the state that the one before ended in, cut off from its gradients;
    at the start of an epoch there is none. The characters that do not fill a row of readers at
    the text's end are left out.
    """

    def __init__(self, text: Text, batch_size: int, window: int, device: str) -> None:
        each = len(text) // batch_size
        rows = [text.symbols[first : first + each * batch_size] for first in (0, 1)]
        self._inputs, self._targets = (
            torch.from_numpy(row.reshape(batch_size, each).T.astype(np.int64)).to(device)
            for row in rows
        )  # [characters of a reader, readers]
        self._window = window
        self._state: State | None = None

    @property
    def steps(self) -> int:
        """Updates in an epoch."""
        return math.ceil(len(self._inputs) / self._window)

    def batches(self, generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        """An epoch's windows in the text's order: [steps, readers], and [steps * readers]."""
        self._state = None
        for first in range(0, len(self._inputs), self._window):
            window = slice(first, first + self._window)
            yield self._inputs[window], self._targets[window].reshape(-1)

    def loss(
        self, module: nn.Module, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean nats of a window's characters."""
        logits, state = module(inputs, self._state)
        self._state = detached(state)
        nats = F.cross_entropy(logits.float(), targets)
        return nats, {"nats": nats.detach() * len(targets)}


def nats_of_each(network: nn.Module, text: Text, meta: TextMeta, device: str) -> np.ndarray:
    """Nats of every character of a part given all that is before it there, float32 [characters].

    The state is carried from the part's first character to its last.
    """
    network = network.to(device)
    symbols = torch.from_numpy(text.symbols.astype(np.int64)).to(device)[:, None]
    state: State | None = None
    parts = []
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        for first in range(0, len(text), EVALUATION_WINDOW):
            window = symbols[first : first + EVALUATION_WINDOW + 1]
            logits, state = network(window[:-1], state)
            parts.append(F.cross_entropy(logits.float(), window[1:, 0], reduction="none"))
    nats: np.ndarray = torch.cat(parts).cpu().numpy()
    return nats


def text_report(nats: np.ndarray) -> dict[str, Any]:
    """`nats`, `bits`, `perplexity`, `loss` (the nats) and `count` of scored characters."""
    mean = float(nats.mean(dtype=np.float64))
    return {
        "loss": mean,
        "nats": mean,
        "bits": mean / math.log(2),
        "perplexity": math.exp(mean) if mean < 700 else math.inf,  # more does not fit a float
        "count": len(nats),
    }
