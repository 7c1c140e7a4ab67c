"""Ten kinds of plane shapes, each a little different every time: the subjects of drawn pictures.

Every shape lies within about [-1, 1], x to the right and y down, and is symmetric or mirrored as
often as not, so that a mirrored picture shows the same kind.  Kinds meet at their edges on
purpose: a square and a low-roofed house, a ring and a nearly closed crescent, a star of four
points and a cross.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
_Corners = list[tuple[Floats | float, Floats | float]]

KINDS: tuple[str, ...] = (
    "ring", "crescent", "square", "house", "triangle", "arrow", "star", "cross", "heart", "spiral"
)  # fmt: skip

_AROUND = np.linspace(0, 2 * np.pi, 40)


def outlines(rng: Generator, kind: str, count: int) -> tuple[Floats, Floats | None]:
    """Draw ``count`` shapes of one of the ``KINDS``.

    Returns the solid polygons, [count, points, 2] as (x, y), and the polygons to cut out of them,
    [count, points, 2], or None for kinds without a hole.
    """

    def pick(low: float, high: float) -> Floats:
        return rng.uniform(low, high, (count, 1))

    half: _Corners  # the right half of a symmetric one, from top to bottom
    match kind:
        case "ring":
            width = pick(0.25, 0.6)
            off_centre = pick(-0.7, 0.7) * width  # at its worst a crescent just closed
            return _polar(np.ones((count, 1)), _AROUND), _polar(1 - width, _AROUND, off_centre)
        case "crescent":
            bite = pick(0.55, 0.9)
            hole = _polar(bite, _AROUND, 1.0 - bite + pick(0.03, 0.5), pick(-0.15, 0.15))
            return _polar(np.ones((count, 1)), _AROUND), hole
        case "square":
            return _symmetric([(0.9 + pick(-0.15, 0.15), -0.9), (0.9, 0.9)]), None
        case "house":
            wall, eaves, over = pick(0.55, 0.9), pick(-0.75, 0.1), pick(0.0, 0.15)
            half = [(0.0, -1.0), (wall + over, eaves), (wall, eaves), (wall, 0.9)]
            return _symmetric(half), None
        case "triangle":
            return _points([(pick(-0.5, 0.5), -1.0), (1.0, 0.8), (-1.0, 0.8)]), None
        case "arrow":
            neck, shaft, barb = pick(-0.3, 0.4), pick(0.15, 0.45), pick(0.65, 1.0)
            return _symmetric([(0.0, -1.0), (barb, neck), (shaft, neck), (shaft, 1.0)]), None
        case "star":
            tips = rng.integers(4, 7, (count, 1))
            corner = np.minimum(np.arange(12), 2 * tips - 1)  # the last one again and again
            radius = np.where(corner % 2 == 0, 1.0, pick(0.35, 0.65))
            return _polar(radius, corner * np.pi / tips - np.pi / 2), None
        case "cross":
            a, b, lift = pick(0.18, 0.42), pick(0.18, 0.42), pick(-0.35, 0.1)
            top, low = lift - b, lift + b
            half = [(a, -1.0), (a, top), (0.95, top), (0.95, low), (a, low), (a, 1.0)]
            return _symmetric(half), None
        case "heart":
            notch = pick(0.1, 0.45)  # a shallow one leaves a rounded triangle
            y = -0.75 * np.cos(_AROUND) + notch * np.cos(2 * _AROUND) + 0.12 * np.cos(3 * _AROUND)
            return np.stack(np.broadcast_arrays(np.sin(_AROUND) ** 3, y), axis=2), None
        case "spiral":
            along, width = np.linspace(0.0, 1.0, 50), pick(0.13, 0.2)
            angle = 2 * np.pi * (pick(0, 1) + pick(1.2, 2.2) * along)
            outer, inner = (_polar(0.1 + 0.75 * along + w, angle) for w in (width, -width))
            return np.concatenate([outer, inner[:, ::-1]], axis=1), None
    raise ValueError(f"no such kind: {kind}")


def _polar(
    radius: Floats, angle: Floats, x: Floats | float = 0.0, y: Floats | float = 0.0
) -> Floats:
    """Points at ``radius`` and ``angle`` around (x, y), all broadcast to [count, points]."""
    across, down = radius * np.cos(angle) + x, radius * np.sin(angle) + y
    return np.stack([across, down], axis=2)


def _points(corners: _Corners) -> Floats:
    """[count, points, 2] from corners whose coordinates are [count, 1] or the same for all."""
    flat = np.broadcast_arrays(*(value for corner in corners for value in corner))
    return np.concatenate(flat, axis=1).reshape(len(flat[0]), -1, 2)


def _symmetric(right: _Corners) -> Floats:
    """The polygon whose right half has these corners, from top to bottom."""
    half = _points(right)
    return np.concatenate([half, half[:, ::-1] * [-1, 1]], axis=1)
