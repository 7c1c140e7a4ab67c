"""Drawn textures: eight classes of 32x32 colour pictures made from a seed, to pretrain on.

Where no pretrained weights can be had, a network can learn edges, corners, curves and colours from
these before it is fine-tuned on other pictures. They are easy, so that a minute is enough. They
are made by formulas of two coordinates; the drawn pictures of `drawn` are outlines that Pillow
fills, and have no class in common with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.random import Generator, default_rng
from numpy.typing import NDArray

SIDE = 32  # pixels
SCALE = (0.4, 0.9)  # radians a pixel
CONTRAST = (0.6, 1.2)  # distance between the two mean colours, of 1.0
LIGHT = 0.15  # largest change of brightness from one side to the other
GRAIN = 0.03  # largest standard deviation of the noise, of 1.0

Floats = NDArray[Any]


def _triangle(place: Floats) -> Floats:
    return np.abs(np.mod(place / np.pi, 2) - 1) * 2 - 1


def _radius(u: Floats, v: Floats) -> Floats:
    return np.sqrt(u * u + v * v)


_PATTERNS: dict[str, Callable[[Floats, Floats], Floats]] = {
    "stripes": lambda u, v: np.sin(u),
    "checks": lambda u, v: np.sin(u) * np.sin(v) * 3,
    "dots": lambda u, v: (np.cos(u) + np.cos(v) - 0.8) * 2,
    "rings": lambda u, v: np.sin(_radius(u, v)),
    "grid": lambda u, v: np.maximum(np.sin(u), np.sin(v)) * 4 - 3,
    "zigzag": lambda u, v: np.sin(u + 2.4 * _triangle(v)),
    "weave": lambda u, v: np.where(
        np.sin(u / 2) * np.sin(v / 2) > 0, np.sin(1.5 * u), np.sin(1.5 * v)
    ),
    "rays": lambda u, v: np.sin(7 * np.arctan2(v, u)),
}
CLASSES = tuple(_PATTERNS)


def drawn_textures(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw `count` pictures of the eight `CLASSES` from `seed`, the same for the same seed.

    Returns:
        uint8 [count, 32, 32, 3], and their labels, int64 [count]: each class equally often, in
        random order.
    """
    rng = default_rng(seed)
    labels = rng.permutation(np.arange(count) % len(CLASSES))
    u, v = _coordinates(rng, count)
    pattern = np.empty((count, SIDE, SIDE))
    for number, name in enumerate(CLASSES):
        chosen = labels == number
        pattern[chosen] = _PATTERNS[name](u[chosen], v[chosen])
    # From a soft wave to a hard edge, either way round.
    edge = rng.uniform(0.6, 6, (count, 1, 1)) * rng.choice([-1.0, 1.0], (count, 1, 1))
    share = 0.5 + 0.5 * np.tanh(edge * pattern)
    return _coloured(rng, share), labels


def _coordinates(rng: Generator, count: int) -> tuple[Floats, Floats]:
    """Two coordinates of every pixel, turned, scaled, shifted: [count, SIDE, SIDE] each."""
    shape = (count, 1, 1)
    scale = rng.uniform(*SCALE, shape)
    turn, stretch = rng.uniform(0, 2 * np.pi, shape), np.exp(rng.uniform(-0.3, 0.3, shape))
    shift = rng.uniform(-0.35, 0.35, (2, *shape)) * SIDE
    y, x = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    x, y = x - shift[0], y - shift[1]
    u = (np.cos(turn) * x + np.sin(turn) * y) * scale * stretch
    v = (np.cos(turn) * y - np.sin(turn) * x) * scale / stretch
    return u, v


def _coloured(rng: Generator, share: Floats) -> NDArray[np.uint8]:
    """Pictures in two colours mixed by `share`, unevenly lit and grainy."""
    count = len(share)
    first = rng.uniform(0.15, 0.85, (count, 3))
    step = rng.normal(size=(count, 3))
    step *= rng.uniform(*CONTRAST, (count, 1)) / np.linalg.norm(step, axis=1, keepdims=True)
    picture = first[:, None, None] + share[..., None] * step[:, None, None]
    place = np.linspace(-1, 1, SIDE)
    down, across = rng.uniform(-LIGHT, LIGHT, (2, count, 1, 1))
    picture += (down * place[:, None] + across * place)[..., None]
    grain = rng.uniform(0, GRAIN, (count, 1, 1, 1))
    picture += grain * rng.standard_normal(picture.shape, np.float32)
    return (picture.clip(0, 1) * 255).astype(np.uint8)
