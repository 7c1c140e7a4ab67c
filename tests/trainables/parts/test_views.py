"""Augmented views: made of what was drawn and nothing else, within what was asked for."""

from __future__ import annotations

import pytest
import torch

from trainables.parts.views import Augmenter

FULL = Augmenter(flip=True, crop=0.4, jitter=0.5)


def pictures(count: int = 64, channels: int = 3, side: int = 24) -> torch.Tensor:
    generator = torch.Generator().manual_seed(1)
    return 255 * torch.rand(count, channels, side, side, generator=generator)


def drawn(augmenter: Augmenter, count: int = 64, seed: int = 0) -> torch.Tensor:
    return augmenter.draw(count, torch.Generator().manual_seed(seed))


def test_a_view_can_be_made_again_in_any_order() -> None:
    numbers = drawn(FULL)
    whole = FULL.apply(pictures(), numbers, 16)
    order = torch.randperm(64, generator=torch.Generator().manual_seed(2))
    assert torch.allclose(
        FULL.apply(pictures()[order], numbers[order], 16), whole[order], atol=1e-3
    )
    assert not torch.equal(FULL.apply(pictures(), drawn(FULL, seed=1), 16), whole)


@pytest.mark.parametrize("channels", [1, 3])
def test_size_and_range(channels: int) -> None:
    made = FULL.apply(pictures(channels=channels), drawn(FULL), 16)
    assert made.shape == (64, channels, 16, 16)
    assert made.min() >= 0 and made.max() <= 255


def test_half_are_flipped() -> None:
    augmenter = Augmenter(flip=True, crop=1.0, jitter=0.0)
    before = pictures(1_000)
    made = augmenter.apply(before, drawn(augmenter, 1_000), 24)
    flipped = (made == before.flip(3)).flatten(1).all(1)
    kept = (made == before).flatten(1).all(1)
    assert (flipped ^ kept).all() and 400 < flipped.sum() < 600


def test_a_crop_keeps_the_share_that_was_asked_for() -> None:
    """Of a ramp from 0 to 255 the range that is left is the share of its width."""
    ramp = torch.linspace(0, 255, 200).expand(500, 1, 200, 200)
    augmenter = Augmenter(flip=False, crop=0.25, jitter=0.0)
    made = augmenter.apply(ramp, drawn(augmenter, 500), 200)
    across = (made.amax((1, 2, 3)) - made.amin((1, 2, 3))) / 255
    assert across.min() > 0.5 * (3 / 4) ** 0.5 - 0.02 and across.max() <= 1.0
    assert across.min() < 0.55 and across.max() > 0.9  # the whole range is used
    assert (made.diff(dim=3) >= -1e-3).all()  # nothing is flipped


def test_jitter_changes_colours_within_its_factor_and_moves_nothing() -> None:
    augmenter = Augmenter(flip=False, crop=1.0, jitter=0.2)
    flat = torch.full((500, 3, 4, 4), 100.0)
    made = augmenter.apply(flat, drawn(augmenter, 500), 4)
    assert (made.amax((1, 2, 3)) - made.amin((1, 2, 3))).max() < 1e-3  # grey stays grey
    assert made.min() >= 80 - 1e-3 and made.max() <= 120 + 1e-3
    assert made.min() < 85 and made.max() > 115


def test_idle() -> None:
    assert Augmenter(False, 1.0, 0.0).idle
    assert not any(a.idle for a in (Augmenter(True, 1, 0), Augmenter(False, 0.9, 0), FULL))
