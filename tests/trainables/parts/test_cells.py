"""Recurrent layers in another spelling compute what PyTorch's do."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from trainables.parts.cells import OnnxOperators, Scanned, respelt
from trainables.parts.recurrent import Recurrent


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_scan_over_the_steps_is_the_same_layer(cell: str, layers: int) -> None:
    torch.manual_seed(0)
    network = Recurrent(cell, 3, 5, layers, 0.0).eval().requires_grad_(False)
    scanned = respelt(network, Scanned)
    assert isinstance(scanned.core, Scanned) and isinstance(network.core, nn.RNNBase)
    x = torch.randn(7, 2, 3)
    outputs, state = network(x)
    found, after = scanned(x)
    torch.testing.assert_close(found, outputs)
    torch.testing.assert_close(after, state)
    torch.testing.assert_close(scanned(x, state)[0], network(x, state)[0])
    assert not torch.allclose(scanned(x, state)[0], outputs)


@pytest.mark.parametrize(
    "unusual",
    [
        nn.LSTM(3, 5, bidirectional=True),
        nn.GRU(3, 5, batch_first=True),
        nn.LSTM(3, 5, proj_size=2),
        nn.RNN(3, 5, bias=False),
        nn.RNN(3, 5, nonlinearity="relu"),
    ],
)
def test_what_it_cannot_spell_stays_as_it_is(unusual: nn.RNNBase) -> None:
    for spelling in (Scanned, OnnxOperators):
        assert isinstance(respelt(nn.Sequential(unusual), spelling)[0], type(unusual))  # type: ignore[index]
