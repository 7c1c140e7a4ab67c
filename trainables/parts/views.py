"""Augmented views of pictures: random resized crop, flip, colour jitter, in one go a batch.

What makes a view is drawn for all pictures at once, apart from applying it. So a view can be made
again, a batch at a time and in any order: on the spot, or once for a cache.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

_ASPECT = math.log(4 / 3)  # largest change of a crop's proportions, as torchvision's
_DRAWN = 8  # numbers that make a view of a picture
_LUMA = (0.299, 0.587, 0.114)  # of RGB, ITU-R BT.601


@dataclass(frozen=True)
class Augmenter:
    """What may happen to a picture in training.

    Attributes:
        flip: half of them are flipped left to right.
        crop: the smallest share of a picture's area that a crop keeps, in (0, 1]; 1: no crop.
        jitter: brightness, contrast and saturation change by a factor of 1 - jitter to 1 + jitter,
            in [0, 1).
    """

    flip: bool
    crop: float
    jitter: float

    @property
    def idle(self) -> bool:
        """Whether nothing happens."""
        return not self.flip and self.crop == 1.0 and self.jitter == 0.0

    def draw(self, count: int, generator: torch.Generator) -> Tensor:
        """What makes a view of each of `count` pictures: float32 [count, 8] in [0, 1)."""
        return torch.rand(count, _DRAWN, generator=generator, device=generator.device)

    def apply(self, pictures: Tensor, drawn: Tensor, side: int) -> Tensor:
        """The views of a batch.

        Args:
            pictures: float [n, 1 or 3, height, width] in 0..255.
            drawn: of these pictures, from `draw`.
            side: pixels of the views, where there is a crop.

        Returns:
            the same type; [n, c, side, side] where there is a crop, else of the pictures' size.
        """
        if self.crop < 1.0:
            pictures = self._cropped(pictures, drawn, side)
        elif self.flip:
            flipped = drawn[:, 0, None, None, None] < 0.5
            pictures = torch.where(flipped, pictures.flip(3), pictures)
        return self._jittered(pictures, drawn[:, 5:]) if self.jitter else pictures

    def _cropped(self, pictures: Tensor, drawn: Tensor, side: int) -> Tensor:
        """Crop, flip and resize in one bilinear gather (torchvision's RandomResizedCrop).

        A crop that is larger than the view is averaged down first.
        """
        flip, area, aspect, down, across = drawn[:, :5].unbind(1)
        share = torch.sqrt(self.crop + (1 - self.crop) * area)
        stretch = torch.exp((aspect - 0.5) * _ASPECT)  # half on either side
        height, width = (share / stretch).clamp(max=1), (share * stretch).clamp(max=1)
        theta = torch.zeros(len(pictures), 2, 3, device=pictures.device)
        mirrored = 1 - 2 * (flip < 0.5).float() if self.flip else torch.ones_like(flip)
        theta[:, 0, 0], theta[:, 1, 1] = width * mirrored, height
        theta[:, 0, 2] = (2 * across - 1) * (1 - width)
        theta[:, 1, 2] = (2 * down - 1) * (1 - height)
        shape = [len(pictures), pictures.shape[1], side, side]
        grid = F.affine_grid(theta, shape, align_corners=False)
        halved = int(math.sqrt(self.crop) * min(pictures.shape[2:]) / side)
        if halved > 1:
            pictures = F.avg_pool2d(pictures, halved)
        return F.grid_sample(pictures, grid, padding_mode="border", align_corners=False)

    def _jittered(self, pictures: Tensor, drawn: Tensor) -> Tensor:
        factors = 1 + self.jitter * (2 * drawn - 1)
        brightness, contrast, saturation = factors[:, :, None, None, None].unbind(1)
        pictures = (pictures * brightness).clamp(0, 255)
        grey = _grey(pictures)
        middle = grey.mean((1, 2, 3), keepdim=True)
        pictures = (middle + (pictures - middle) * contrast).clamp(0, 255)
        if pictures.shape[1] == 3:
            grey = _grey(pictures)
            pictures = (grey + (pictures - grey) * saturation).clamp(0, 255)
        return pictures


def _grey(pictures: Tensor) -> Tensor:
    if pictures.shape[1] == 1:
        return pictures
    weights = torch.tensor(_LUMA, device=pictures.device).view(1, 3, 1, 1)
    return (pictures * weights).sum(1, keepdim=True)
