"""Augmentation of whole batches: a few tensor operations, no loop over pictures.

Every function takes its randomness from the generator it is given, so a resumed training goes on
with the same pictures.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor


def flip_and_crop(images: Tensor, *, flip: bool, pad: int, generator: torch.Generator) -> Tensor:
    """Flip half of the pictures left to right and shift each by up to `pad` pixels.

    Shifting is padding by reflection and cropping back, done as one gather.

    Args:
        images: uint8 [n, height, width, channels].
        pad: 0 .. side - 1, pixels.

    Returns:
        the same shape and type.
    """
    count, height, width, _ = images.shape
    device = images.device
    if pad == 0:
        if not flip:
            return images
        chosen = torch.rand(count, 1, 1, 1, generator=generator, device=device) < 0.5
        return torch.where(chosen, images.flip(2), images)
    shifts = torch.randint(-pad, pad + 1, (2, count, 1), generator=generator, device=device)
    rows = _reflect(torch.arange(height, device=device) + shifts[0], height)  # [n, height]
    columns = _reflect(torch.arange(width, device=device) + shifts[1], width)  # [n, width]
    if flip:
        chosen = torch.rand(count, 1, generator=generator, device=device) < 0.5
        columns = torch.where(chosen, width - 1 - columns, columns)
    which = torch.arange(count, device=device)[:, None, None]
    return images[which, rows[:, :, None], columns[:, None, :]]


def rotate_scale_shift(
    images: Tensor, *, degrees: float, scale: float, shift: float, generator: torch.Generator
) -> Tensor:
    """Rotate, scale and shift each picture at random, in one affine grid, bilinear.

    Args:
        images: float [n, channels, height, width]; what comes in from outside is 0.
        degrees: largest rotation either way.
        scale: sizes change by a factor from 1 - scale to 1 + scale, 0 <= scale < 1.
        shift: largest shift either way, in pixels.
    """
    count, _, height, width = images.shape

    def uniform(most: float) -> Tensor:
        values = torch.rand(count, generator=generator, device=images.device)
        return (2 * values - 1) * most

    angle, zoom = uniform(math.radians(degrees)), 1 + uniform(scale)
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    theta = torch.zeros(count, 2, 3, device=images.device)
    # The grid runs from -1 to 1 along both sides: an oblong picture turns in pixels, not in those.
    oblong = height / width
    theta[:, 0, 0], theta[:, 0, 1] = cos, -sin * oblong
    theta[:, 1, 0], theta[:, 1, 1] = sin / oblong, cos
    theta[:, 0, 2], theta[:, 1, 2] = uniform(2 * shift / width), uniform(2 * shift / height)
    grid = F.affine_grid(theta, list(images.shape), align_corners=False)
    return F.grid_sample(images, grid, align_corners=False)


def _reflect(index: Tensor, size: int) -> Tensor:
    index = index.abs()
    return torch.where(index >= size, 2 * (size - 1) - index, index)
