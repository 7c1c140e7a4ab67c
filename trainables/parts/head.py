"""The last hidden layer of a network, watched while val is scored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.inspection import Seen

MOST_POINTS = 1_000
MOST_NUMBERS = 256_000  # of all points: wide layers get fewer


def seen_by_head(module: nn.Module, score: Callable[[], Any], *, outputs: bool) -> Seen | None:
    """What passes the network's last linear layer while `score` runs.

    Args:
        module: in evaluation mode once `score` runs it.
        outputs: keep the outputs of all examples, not only of the points.

    Returns:
        None where there is no linear layer, or it was not run.
    """
    linear = [layer for layer in module.modules() if isinstance(layer, nn.Linear)]
    if not linear:
        return None
    watch = _Watch(outputs)
    handle = linear[-1].register_forward_hook(watch, with_kwargs=True)
    try:
        score()
    finally:
        handle.remove()
    return watch.seen()


class _Watch:
    """A forward hook that keeps every n-th example: n doubles whenever they become too many."""

    def __init__(self, outputs: bool) -> None:
        self._all = outputs
        self._hidden: list[Tensor] = []
        self._outputs: list[Tensor] = []
        self._rows = np.zeros(0, np.int64)
        self._every, self._count = 1, 0

    def __call__(
        self, layer: nn.Module, inputs: tuple[Tensor, ...], named: dict[str, Tensor], output: Tensor
    ) -> None:
        (given,) = (*inputs, *named.values())
        hidden, out = (x.reshape(-1, x.shape[-1]) for x in (given, output))
        rows = np.arange(self._count, self._count + len(hidden))
        self._count += len(hidden)
        chosen = torch.from_numpy(np.flatnonzero(rows % self._every == 0)).to(hidden.device)
        self._rows = np.concatenate([self._rows, rows[rows % self._every == 0]])
        self._hidden.append(hidden[chosen].float().cpu())
        self._outputs.append((out if self._all else out[chosen]).float().cpu())
        while len(self._rows) > min(MOST_POINTS, MOST_NUMBERS // hidden.shape[1]):
            self._thin()

    def _thin(self) -> None:
        self._every *= 2
        kept = np.flatnonzero(self._rows % self._every == 0)
        self._rows = self._rows[kept]
        self._hidden = [torch.cat(self._hidden)[torch.from_numpy(kept)]]
        if not self._all:
            self._outputs = [torch.cat(self._outputs)[torch.from_numpy(kept)]]

    def seen(self) -> Seen | None:
        if not self._count:
            return None
        hidden, outputs = (torch.cat(t).numpy() for t in (self._hidden, self._outputs))
        return Seen(hidden, self._rows, outputs, self._count)
