"""How weights and gradients lie."""

from __future__ import annotations

import json

import numpy as np
import torch
from torch import nn

from trainables.parts.histograms import BUCKETS, MOST_TENSORS, histograms


def test_counts_are_numpys() -> None:
    torch.manual_seed(0)
    layer = nn.Linear(30, 40)
    layer(torch.randn(8, 30)).square().mean().backward()
    found = json.loads(json.dumps(histograms(layer)))
    assert set(found) == {
        f"{kind}/{name}" for kind in ("weights", "gradients") for name in ("weight", "bias")
    }
    assert layer.weight.grad is not None
    for tag, values in (("weights/weight", layer.weight), ("gradients/weight", layer.weight.grad)):
        numbers = values.detach().numpy().ravel()
        counts, edges = np.histogram(numbers, BUCKETS)
        assert (found[tag]["low"], found[tag]["high"]) == (edges[0], edges[-1])
        assert sum(found[tag]["counts"]) == 1200
        assert np.abs(np.array(found[tag]["counts"]) - counts).sum() <= 2  # an edge, in float32


def test_frozen_missing_equal_and_infinite_numbers() -> None:
    frozen, trained = nn.Linear(2, 2).requires_grad_(False), nn.Linear(2, 2)
    nn.init.zeros_(trained.bias)
    nn.init.constant_(trained.weight, torch.inf)
    module = nn.Sequential(frozen, trained)
    assert histograms(module) == {"weights/1.bias": {"low": 0.0, "high": 0.0, "counts": [2]}}


def test_of_many_tensors_the_largest() -> None:
    module = nn.ParameterList(torch.rand(size + 1) for size in range(MOST_TENSORS + 10))
    assert set(histograms(module)) == {f"weights/{n}" for n in range(10, MOST_TENSORS + 10)}
