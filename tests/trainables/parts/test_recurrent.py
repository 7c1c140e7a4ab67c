"""One core for three cells; its state goes on exactly, and can be cut off from gradients."""

from __future__ import annotations

import pytest
import torch

from trainables.parts.fields import CELLS
from trainables.parts.recurrent import Recurrent, detached


def made(cell: str, layers: int = 2, dropout: float = 0.0) -> Recurrent:
    torch.manual_seed(0)
    return Recurrent(cell, inputs=3, hidden_size=5, layers=layers, dropout=dropout)


@pytest.mark.parametrize("cell", CELLS)
def test_a_sequence_read_in_two_goes_gives_what_one_gives(cell):
    core, x = made(cell), torch.randn(8, 2, 3)
    whole, last = core(x)
    first, state = core(x[:3])
    second, after = core(x[3:], state)
    torch.testing.assert_close(torch.cat([first, second]), whole)
    torch.testing.assert_close(after, last)
    assert whole.shape == (8, 2, 5)
    fresh, _ = core(x[3:])
    assert not torch.allclose(fresh, second)


@pytest.mark.parametrize("cell", CELLS)
def test_gradients_stop_at_a_detached_state(cell):
    core = made(cell)
    before = torch.randn(4, 1, 3, requires_grad=True)
    after = torch.randn(4, 1, 3)
    for cut in (False, True):
        before.grad = None
        _, state = core(before)
        outputs, _ = core(after, detached(state) if cut else state)
        outputs.sum().backward()
        assert (before.grad is None) == cut


@pytest.mark.parametrize("cell", CELLS)
def test_dropout_is_between_layers_and_before_the_head(cell):
    x = torch.randn(6, 2, 3)
    for layers in (1, 2):
        core = made(cell, layers, dropout=0.5)
        assert core.core.dropout == (0.5 if layers == 2 else 0.0)
        dropped, _ = core.train()(x)
        assert (dropped == 0).any()
        kept, _ = core.eval()(x)
        assert not (kept == 0).any()
