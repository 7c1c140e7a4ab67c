"""Drawn pictures: ten classes of 32x32 colour pictures made from a seed, for want of CIFAR-10.

Where there is no network there is no data set to fetch, yet a training run still needs pictures
on which a better setting scores visibly better.  These have CIFAR-10's size, type and number of
classes, and are drawn on the spot, the same for the same seed.

They are hard for the reasons photographs are hard.  Place, size, turn, slant, proportions and
colours vary and none of them tells the class; the ground is mottled, splinters and lines lie
about, and some pictures are faint, blurred or grainy.  Every label is what was drawn, so there is
no label noise.  What keeps a perfect score out of reach is that classes meet at their edges
(`shapes`) and that in some pictures a wall hides about half of the shape.  Pictures are mirrored
half the time, so a horizontal flip never changes what one is.

A new user waits for these, so they are made a block at a time: Pillow draws only which thing
covers which point, and NumPy colours, mottles, blurs and grains whole blocks.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from trainables.data.shapes import KINDS, Floats, outlines

CLASSES = KINDS

SIDE = 32  # pixels along a finished picture
SCALE = 2  # drawn this many times larger, then averaged down, for smooth edges
CANVAS = SIDE * SCALE

SIZE = (0.28, 0.43)  # half-height of the shape, as a share of the picture
TURN = 0.3  # largest rotation either way, radians
SLANT = 0.25  # largest shear, and largest log of width over height
CONTRAST = (0.35, 0.9)  # distance between the mean colours of shape and ground, of 1.0
MOTTLE = 0.06  # spread of colour within the ground and within the shape
COARSE = (1, 8)  # patches of the mottling along a picture
CLUTTER = 3  # at most this many pieces behind the shape
COVERS = 2  # at most this many pieces in front of it
WALLS = 0.14  # share of pictures in which a wall hides about half of the shape
WALL_EDGE = (-0.12, 0.1)  # where its edge is from the middle of the shape, shares of the picture
BLUR = 0.7  # largest blur, standard deviation in finished pixels
GRAIN = 0.04  # largest standard deviation of the noise, of 1.0

BLOCK = 100  # pictures drawn together: few enough for a processor's cache

# What covers a point is a number, in the order of painting: the ground, the pieces behind, the
# subject, the pieces before it, the wall.
_GROUND, _SUBJECT = 0, CLUTTER + 1
_WALL = _SUBJECT + COVERS + 1
_THINGS = _WALL + 1
_BEHIND, _BEFORE = range(1, _SUBJECT), range(_SUBJECT + 1, _WALL)


def drawn_pictures(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw ``count`` pictures of the ten ``CLASSES`` from ``seed``.

    Returns the pictures, uint8 [count, 32, 32, 3] (height, width, channel; 0 to 255), and their
    labels, int64 [count] (0 to 9, indices into ``CLASSES``).  Every run of ten pictures from a
    multiple of ten holds each class once, in random order.  Picture ``i`` depends on ``seed`` and
    ``i`` alone, so asking for more only adds to the end, and disjoint slices are fresh draws.
    """
    seeds = SeedSequence(seed).spawn(-(-count // BLOCK))
    blocks = [_block(default_rng(block_seed)) for block_seed in seeds]
    pictures, labels = (np.concatenate(parts)[:count] for parts in zip(*blocks, strict=True))
    return pictures, labels


def _block(rng: Generator) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """BLOCK pictures, uint8 [BLOCK, SIDE, SIDE, 3], and their labels, int64 [BLOCK]."""
    tens = np.tile(np.arange(len(CLASSES)), (BLOCK // len(CLASSES), 1))
    labels = rng.permuted(tens, axis=1).ravel()
    # The two colours differ mostly in brightness, either way round, as lit things do.
    ground = rng.uniform(0.15, 0.85, (BLOCK, 3))
    step = rng.normal(rng.choice([-1.5, 1.5], (BLOCK, 1)), 1.0, (BLOCK, 3))
    length = rng.uniform(*CONTRAST, (BLOCK, 1)) / np.linalg.norm(step, axis=1, keepdims=True)
    colour = (ground + step * length).clip(0, 1)

    coverage = _coverage(_covered(rng, labels))  # [BLOCK, things, SIDE, SIDE]
    flat = _palette(rng, ground, colour) @ coverage.reshape(*coverage.shape[:2], -1)
    picture = flat.reshape(BLOCK, 3, SIDE, SIDE)
    for thing in (_GROUND, _SUBJECT):
        picture += _mottling(rng) * coverage[:, thing, None]
    picture = _blurred(picture.clip(0, 1), rng.uniform(0, BLUR, BLOCK))
    grain = rng.uniform(0, GRAIN, (BLOCK, 1, 1, 1)).astype(np.float32)
    picture += grain * rng.standard_normal(picture.shape, np.float32)
    finished = (picture.clip(0, 1) * 255).astype(np.uint8)
    return np.ascontiguousarray(finished.transpose(0, 2, 3, 1)), labels


def _covered(rng: Generator, labels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The number of the thing that covers each point, uint8 [BLOCK, CANVAS, CANVAS]."""
    size = rng.uniform(*SIZE, (BLOCK, 1))
    centre = 0.5 + rng.uniform(-1, 1, (BLOCK, 2)) * (0.52 - size)
    subjects = _subjects(rng, labels, size, centre)
    pieces = _pieces(rng)
    behind, before = rng.integers(CLUTTER + 1, size=BLOCK), rng.integers(COVERS + 1, size=BLOCK)
    walls, walled = _walls(rng, centre), rng.random(BLOCK) < WALLS

    canvases = []
    for i in range(BLOCK):
        canvas = Image.new("L", (CANVAS, CANVAS), _GROUND)
        draw = ImageDraw.Draw(canvas)
        for thing in _BEHIND[: behind[i]]:
            _draw_piece(draw, *pieces[i][thing], thing)
        solid, hole = subjects[i]
        if hole is None:
            draw.polygon(solid, _SUBJECT)
        else:
            mask = Image.new("L", (CANVAS, CANVAS))
            ImageDraw.Draw(mask).polygon(solid, 255)
            ImageDraw.Draw(mask).polygon(hole, 0)
            canvas.paste(_SUBJECT, mask=mask)
        for thing in _BEFORE[: before[i]]:
            _draw_piece(draw, *pieces[i][thing], thing)
        if walled[i]:
            draw.polygon(walls[i], _WALL)
        canvases.append(canvas.tobytes())
    return np.frombuffer(b"".join(canvases), np.uint8).reshape(BLOCK, CANVAS, CANVAS)


def _subjects(
    rng: Generator, labels: NDArray[np.int64], size: Floats, centre: Floats
) -> list[tuple[list[float], list[float] | None]]:
    """For each label a shape on the canvas: its polygon as x, y, x, y, ..., and maybe its hole.

    Mirrored, slanted, turned, of ``size`` ([BLOCK, 1]) around ``centre`` ([BLOCK, 2]).
    """
    turn, slant, stretch = rng.uniform(-1, 1, (3, BLOCK)) * [[TURN], [SLANT], [SLANT / 2]]
    mirror = rng.choice([-1.0, 1.0], BLOCK)
    local = _matrices(mirror * np.exp(stretch), np.zeros(BLOCK), slant, np.exp(-stretch))
    rotate = _matrices(np.cos(turn), np.sin(turn), -np.sin(turn), np.cos(turn))
    matrix = local @ rotate * size[..., None]

    subjects: dict[int, tuple[list[float], list[float] | None]] = {}
    for number, kind in enumerate(CLASSES):
        where = np.flatnonzero(labels == number)
        solid, holes = outlines(rng, kind, len(where))
        polygons = _flat(solid @ matrix[where] + centre[where, None])
        none: list[None] = [None] * len(where)
        cuts = none if holes is None else _flat(holes @ matrix[where] + centre[where, None])
        subjects |= zip(where.tolist(), zip(polygons, cuts, strict=True), strict=True)
    return [subjects[i] for i in range(BLOCK)]


def _matrices(a: Floats, b: Floats, c: Floats, d: Floats) -> Floats:
    """[BLOCK, 2, 2] from rows (a, b) and (c, d), each [BLOCK]."""
    return np.stack([a, b, c, d], axis=1).reshape(-1, 2, 2)


def _flat(points: Floats) -> list[Any]:
    """Shares of the picture, [..., points, 2], as Pillow takes them: x, y, x, y, ... in pixels."""
    return (points * CANVAS).reshape(*points.shape[:-2], -1).tolist()


def _pieces(rng: Generator) -> list[list[tuple[list[float], int]]]:
    """For each picture and each number of a thing a small one that is not the subject.

    A line as x, y, x, y and its width in pixels, or a splinter's corners and 0.
    """
    shape = BLOCK, _WALL
    width = rng.integers(SCALE, 3 * SCALE, shape) * (rng.random(shape) < 0.5)
    splinter = (rng.random((*shape, 5, 2)) - 0.5) * rng.uniform(0.15, 0.4, (*shape, 1, 1))
    last = np.minimum(np.arange(5), rng.integers(2, 5, (*shape, 1)))  # repeated: 3 to 5 corners
    splinter = np.take_along_axis(splinter, last[..., None], 2) + rng.random((*shape, 1, 2))
    lines, splinters = _flat(rng.random((*shape, 2, 2))), _flat(splinter)
    return [
        [(line if thick else corners, thick) for line, corners, thick in zip(*three, strict=True)]
        for three in zip(lines, splinters, width.tolist(), strict=True)
    ]


def _draw_piece(draw: ImageDraw.ImageDraw, points: list[float], width: int, thing: int) -> None:
    if width:
        draw.line(points, thing, width)
    else:
        draw.polygon(points, thing)


def _walls(rng: Generator, centre: Floats) -> list[list[float]]:
    """For each picture all that lies to one side of a straight edge near the subject's middle."""
    angle, offset = rng.uniform(0, 2 * np.pi, BLOCK), rng.uniform(*WALL_EDGE, BLOCK)
    out = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    edge, along, far = centre + out * offset[:, None], out[:, ::-1] * [-2, 2], 2 * out
    corners = [edge - along, edge + along, edge + along + far, edge - along + far]
    return _flat(np.stack(corners, axis=1))


def _coverage(covered: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How much of each finished pixel each thing covers, 0 to 1, [BLOCK, things, SIDE, SIDE]."""
    shows = (covered[:, None] == np.arange(_THINGS, dtype=np.uint8)[:, None, None]).view(np.uint8)
    rows = sum(shows[:, :, i::SCALE] for i in range(SCALE))
    counts = sum(rows[..., i::SCALE] for i in range(SCALE))
    return np.divide(counts, SCALE**2, dtype=np.float32)


def _palette(rng: Generator, ground: Floats, colour: Floats) -> NDArray[np.float32]:
    """The colour of everything, 0 to 1, [BLOCK, 3, things].

    Half of the pieces have a colour quite their own; the others behind are like the subject, and
    those before it like the ground.
    """
    like = np.repeat(ground[..., None], _THINGS, axis=2)
    like[..., _BEHIND] = colour[..., None]
    own = rng.random((BLOCK, 1, _THINGS)) < 0.5
    palette = np.where(own, rng.random(like.shape), like + rng.normal(0.0, 0.12, like.shape))
    palette[..., _GROUND], palette[..., _SUBJECT] = ground, colour
    return palette.clip(0, 1).astype(np.float32)


def _mottling(rng: Generator) -> NDArray[np.float32]:
    """Soft patches or gradients of random coarseness around 0, [BLOCK, 3, SIDE, SIDE]."""
    knots = np.arange(COARSE[1] + 1)
    place = np.linspace(0, 1, SIDE)[:, None] * rng.uniform(*COARSE, (2, BLOCK, 1, 1, 1))
    down, across = (1 - np.abs(place - knots)).clip(0, None).astype(np.float32)  # linear weights
    patches = rng.normal(0.0, MOTTLE, (BLOCK, 3, len(knots), len(knots))).astype(np.float32)
    return down @ patches @ across.swapaxes(2, 3)


def _blurred(picture: NDArray[np.float32], spread: Floats) -> NDArray[np.float32]:
    """[n, c, height, width] after a Gaussian blur of standard deviation ``spread``, [n]."""
    # Three weights of that variance: it is 0.5 at most, so what lies further away counts little.
    side = (spread**2 / 2).astype(np.float32)[:, None, None, None]
    for _ in range(2):  # along the height, then the width
        wide = np.pad(picture, [(0, 0), (0, 0), (1, 1), (0, 0)], mode="edge")
        mixed = (1 - 2 * side) * picture + side * (wide[:, :, :-2] + wide[:, :, 2:])
        picture = mixed.swapaxes(2, 3)
    return picture
