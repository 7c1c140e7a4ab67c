"""What is taken off the past comes back on the forecast."""

from __future__ import annotations

import pytest
import torch

from trainables.parts.level import LEVELS, shifted


@pytest.mark.parametrize("level", LEVELS)
def test_what_is_taken_off_comes_back(level):
    past = torch.randn(4, 3, 20) * 5 + 7
    moved, back = shifted(past, level)
    torch.testing.assert_close(back(moved), past)
    torch.testing.assert_close(back(moved[:, [2, 0]], [2, 0]), past[:, [2, 0]])


def test_each_level_is_the_one_it_is_named_for():
    past = torch.randn(4, 3, 20) * 5 + 7
    assert torch.equal(shifted(past, "none")[0], past)
    assert (shifted(past, "last")[0][..., -1] == 0).all()
    moved, _ = shifted(past, "instance")
    torch.testing.assert_close(moved.mean(-1), torch.zeros(4, 3), atol=1e-5, rtol=0)
    torch.testing.assert_close(moved.var(-1, unbiased=False), torch.ones(4, 3), atol=1e-3, rtol=0)


def test_a_flat_past_gives_no_nonsense():
    moved, back = shifted(torch.full((1, 1, 5), 3.0), "instance")
    assert (moved == 0).all() and torch.isfinite(back(torch.ones(1, 1, 2))).all()
