"""What else than its scores is known of a network: its size, before training, and its speed."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
from torch import nn

MEASURES = ("parameters", "bytes")
LATENCY = "latency_ms"


def measured(network: nn.Module) -> dict[str, float]:
    """`parameters`, the numbers that it has, and `bytes`, of its state dict, by name."""
    state = network.state_dict().values()
    return {
        "parameters": float(sum(parameter.numel() for parameter in network.parameters())),
        "bytes": float(sum(tensor.numel() * tensor.element_size() for tensor in state)),
    }


def latency(
    outputs: Callable[[nn.Module, Any, Any, str], np.ndarray],
    network: nn.Module,
    part: Any,
    meta: Any,
    device: str,
) -> float:
    """Milliseconds that an example takes, in batches as val is scored: the quickest of three runs.

    Args:
        outputs: of the task's `Scoring`. part: a few hundred examples.
    """
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        count = len(outputs(network, part, meta, device))  # on the CPU: a GPU has ended by then
        best = min(best, (time.perf_counter() - start) / count)
    return 1000 * best
