"""How the numbers of a network lie: its weights, and the gradients of the last update."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

BUCKETS = 30
MOST_TENSORS = 64  # the largest, where a network has more: what is kept of an epoch stays small


def histograms(module: nn.Module) -> dict[str, dict[str, Any]]:
    """Of all that is trained, by `weights/<parameter>` and `gradients/<parameter>`.

    A gradient is that of the epoch's last update, after clipping. What is frozen never changes, so
    it is left out.

    Returns:
        `low` and `high`, the least and the largest number, and `counts` of `BUCKETS` equal buckets
        between them; one bucket where all are the same.
    """
    trained = [(name, p) for name, p in module.named_parameters() if p.requires_grad]
    largest = sorted(trained, key=lambda item: -item[1].numel())[:MOST_TENSORS]
    kept = {name for name, _ in largest}
    found = {}
    for name, parameter in trained:
        if name not in kept:
            continue
        for kind, values in (("weights", parameter.detach()), ("gradients", parameter.grad)):
            if values is not None and (histogram := _histogram(values)):
                found[f"{kind}/{name}"] = histogram
    return found


def _histogram(values: Tensor) -> dict[str, Any] | None:
    values = values.float().flatten()
    values = values[values.isfinite()]
    if not len(values):
        return None
    low, high = (float(end) for end in values.aminmax())
    if low == high:
        return {"low": low, "high": high, "counts": [len(values)]}
    counts = torch.histc(values, BUCKETS, low, high)
    return {"low": low, "high": high, "counts": [int(count) for count in counts.tolist()]}
