"""Drawn pictures: ten classes of 32x32 colour pictures made from a seed, for want of CIFAR-10.

Where there is no network there is no data set to fetch, yet a training run still needs pictures
on which a better setting scores visibly better.  These have CIFAR-10's size, type and number of
classes, and are drawn on the spot, the same bytes for the same seed (and Pillow release).

They are hard for the reasons photographs are hard.  Place, size, turn, slant, proportions and
colours vary and none of them tells the class; the ground is mottled, splinters and lines lie
about, and some pictures are faint, blurred or grainy.  Every label is what was drawn, so there is
no label noise.  What keeps a perfect score out of reach is that classes meet at their edges (a
square and a low-roofed house, a ring and a nearly closed crescent, a star of four points and a
cross) and that in some pictures a wall hides about half of the shape.  Pictures are mirrored half
the time, so a horizontal flip never changes what one is.
"""

import joblib
import numpy as np
from numpy.random import Generator, SeedSequence, default_rng
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from trainables.data.processes import process_pool

Floats = NDArray[np.float64]  # as points: [n, 2], x right and y down, a shape within about [-1, 1]

CLASSES: tuple[str, ...] = (
    "ring", "crescent", "square", "house", "triangle", "arrow", "star", "cross", "heart", "spiral"
)  # fmt: skip

SIDE = 32  # pixels along a finished picture
SCALE = 2  # drawn this many times larger, then averaged down, for smooth edges
CANVAS = SIDE * SCALE

SIZE = (0.28, 0.43)  # half-height of the shape, as a share of the picture
TURN = 0.3  # largest rotation either way, radians
SLANT = 0.25  # largest shear, and largest log of width over height
CONTRAST = (0.35, 0.9)  # distance between the mean colours of shape and ground, of 1.0
MOTTLE = 0.06  # spread of colour within the ground and within the shape
CLUTTER = 3  # at most this many pieces behind the shape
COVERS = 2  # at most this many pieces in front of it
WALLS = 0.14  # share of pictures in which a wall hides about half of the shape
WALL_EDGE = (-0.12, 0.1)  # where its edge is from the middle of the shape, shares of the picture
BLUR = 0.7  # largest blur radius, finished pixels
GRAIN = 0.04  # largest standard deviation of the noise, of 1.0

CHUNK = 1_000  # pictures that one process draws at a time

_AROUND = np.linspace(0, 2 * np.pi, 40)


def _polar(radius: Floats | float, angle: Floats) -> Floats:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _symmetric(right: list[list[float]]) -> list[Floats]:
    return [np.array(right + [[-x, y] for x, y in reversed(right)])]


def _outlines(rng: Generator, kind: str) -> list[Floats]:
    """A fresh shape of class ``kind``: a solid outline, and maybe a second one cut out of it."""
    pick = rng.uniform
    match kind:
        case "ring":
            width = pick(0.25, 0.6)
            off_centre = [pick(-0.7, 0.7) * width, 0.0]  # at its worst a crescent just closed
            return [_polar(1.0, _AROUND), _polar(1 - width, _AROUND) + off_centre]
        case "crescent":
            bite = pick(0.55, 0.9)
            centre = [1.0 - bite + pick(0.03, 0.5), pick(-0.15, 0.15)]
            return [_polar(1.0, _AROUND), _polar(bite, _AROUND) + centre]
        case "square":
            return _symmetric([[0.9 + pick(-0.15, 0.15), -0.9], [0.9, 0.9]])
        case "house":
            wall, eaves, over = pick(0.55, 0.9), pick(-0.75, 0.1), pick(0.0, 0.15)
            return _symmetric([[0.0, -1.0], [wall + over, eaves], [wall, eaves], [wall, 0.9]])
        case "triangle":
            return [np.array([[pick(-0.5, 0.5), -1.0], [1.0, 0.8], [-1.0, 0.8]])]
        case "arrow":
            neck, shaft, barb = pick(-0.3, 0.4), pick(0.15, 0.45), pick(0.65, 1.0)
            return _symmetric([[0.0, -1.0], [barb, neck], [shaft, neck], [shaft, 1.0]])
        case "star":
            tips = int(rng.integers(4, 7))
            radius = np.tile([1.0, pick(0.35, 0.65)], tips)
            return [_polar(radius, np.arange(2 * tips) * np.pi / tips - np.pi / 2)]
        case "cross":
            a, b, lift = pick(0.18, 0.42), pick(0.18, 0.42), pick(-0.35, 0.1)
            top, low = lift - b, lift + b
            return _symmetric([[a, -1.0], [a, top], [0.95, top], [0.95, low], [a, low], [a, 1.0]])
        case "heart":
            notch = pick(0.1, 0.45)  # a shallow one leaves a rounded triangle
            y = -0.75 * np.cos(_AROUND) + notch * np.cos(2 * _AROUND) + 0.12 * np.cos(3 * _AROUND)
            return [np.stack([np.sin(_AROUND) ** 3, y], axis=1)]
        case "spiral":
            along, width = np.linspace(0.0, 1.0, 50), pick(0.13, 0.2)
            angle, middle = 2 * np.pi * (pick() + pick(1.2, 2.2) * along), 0.1 + 0.75 * along
            sides = _polar(middle + width, angle), _polar(middle - width, angle)[::-1]
            return [np.concatenate(sides)]
    raise ValueError(f"no such shape: {kind}")


def _mottled(rng: Generator, colour: Floats) -> Image.Image:
    """A canvas of ``colour`` ([3], 0 to 1) with soft patches or a gradient of random coarseness."""
    patch = colour + rng.normal(0.0, MOTTLE, (*rng.integers(2, 9, size=2), 3))
    small = Image.fromarray((patch.clip(0, 1) * 255).astype(np.uint8))
    return small.resize((CANVAS, CANVAS), Image.Resampling.BILINEAR)


def _placed(rng: Generator, outlines: list[Floats], size: float) -> list[Floats]:
    """``outlines`` mirrored, slanted, turned, enlarged and put somewhere on the canvas."""
    turn, slant, stretch = rng.uniform(-1, 1, 3) * [TURN, SLANT, SLANT / 2]
    mirror = -1.0 if rng.random() < 0.5 else 1.0
    local = np.array([[mirror * np.exp(stretch), 0.0], [slant, np.exp(-stretch)]])
    rotate = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    matrix = local @ rotate * (size * CANVAS)
    centre = (0.5 + rng.uniform(-1, 1, 2) * (0.52 - size)) * CANVAS
    return [outline @ matrix + centre for outline in outlines]


def _ink(rng: Generator, colour: Floats) -> tuple[int, int, int]:
    """A flat colour: half the time quite another one, else close to ``colour``."""
    mean = rng.random(3) if rng.random() < 0.5 else colour + rng.normal(0.0, 0.12, 3)
    red, green, blue = (max(0, min(255, int(255 * value))) for value in mean.tolist())
    return red, green, blue


def _piece(rng: Generator, draw: ImageDraw.ImageDraw, colour: Floats) -> None:
    """Draw one small thing that is not the subject: a line, or a splinter."""
    if rng.random() < 0.5:
        ends, width = (rng.random(4) * CANVAS).tolist(), int(rng.integers(SCALE, 3 * SCALE))
        draw.line(ends, fill=_ink(rng, colour), width=width)
    else:
        corners = (rng.random((int(rng.integers(3, 6)), 2)) - 0.5) * rng.uniform(0.15, 0.4)
        draw.polygon(((corners + rng.random(2)) * CANVAS).ravel().tolist(), _ink(rng, colour))


def _wall(rng: Generator, draw: ImageDraw.ImageDraw, colour: Floats, subject: Floats) -> None:
    """Cover everything to one side of a straight edge that passes near the subject's middle."""
    out = _polar(CANVAS, rng.uniform(0, 2 * np.pi, 1))[0]
    edge, along = subject.mean(axis=0) + out * rng.uniform(*WALL_EDGE), out[::-1] * [-2, 2]
    far = edge + 2 * out
    corners = np.concatenate([edge - along, edge + along, far + along, far - along])
    draw.polygon(corners.tolist(), _ink(rng, colour))


def _picture(rng: Generator, label: int) -> NDArray[np.uint8]:
    """One picture of class ``label``, uint8 [SIDE, SIDE, 3]."""
    # The two colours differ mostly in brightness, either way round, as lit things do.
    ground = rng.uniform(0.15, 0.85, 3)
    step = rng.normal(1.5 if rng.random() < 0.5 else -1.5, 1.0, 3)
    colour = (ground + step * (rng.uniform(*CONTRAST) / np.sqrt(step @ step))).clip(0, 1)
    picture = _mottled(rng, ground)
    draw = ImageDraw.Draw(picture)
    for _ in range(rng.integers(CLUTTER + 1)):
        _piece(rng, draw, colour)

    subject = _placed(rng, _outlines(rng, CLASSES[label]), rng.uniform(*SIZE))
    mask = Image.new("L", (CANVAS, CANVAS))
    for outline, fill in zip(subject, (255, 0), strict=False):
        ImageDraw.Draw(mask).polygon(outline.ravel().tolist(), fill)
    picture.paste(_mottled(rng, colour), mask=mask)
    for _ in range(rng.integers(COVERS + 1)):
        _piece(rng, draw, ground)
    if rng.random() < WALLS:
        _wall(rng, draw, ground, subject[0])

    picture = picture.reduce(SCALE).filter(ImageFilter.GaussianBlur(rng.uniform(0, BLUR)))
    grain = rng.standard_normal((SIDE, SIDE, 3), np.float32) * (255 * rng.uniform(0, GRAIN))
    finished: Floats = np.asarray(picture) + grain
    return finished.clip(0, 255).astype(np.uint8)


def drawn_pictures(count: int, seed: int) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Draw ``count`` pictures of the ten ``CLASSES`` from ``seed``.

    Returns the pictures, uint8 [count, 32, 32, 3] (height, width, channel; 0 to 255), and their
    labels, int64 [count] (0 to 9, indices into ``CLASSES``).  Every run of ten pictures from a
    multiple of ten holds each class once, in random order.  Picture ``i`` depends on ``seed`` and
    ``i`` alone, so asking for more only adds to the end, and disjoint slices are fresh draws.
    """
    shuffle = default_rng(SeedSequence(seed, spawn_key=(0,)))
    blocks = [shuffle.permutation(len(CLASSES)) for _ in range(0, count, len(CLASSES))]
    labels = np.array(blocks, dtype=np.int64).reshape(-1)[:count]
    starts = range(0, count, CHUNK)
    with process_pool(count > CHUNK) as draw:
        chunks = draw(joblib.delayed(_chunk)(seed, at, labels[at : at + CHUNK]) for at in starts)
    return np.concatenate(chunks), labels


def _chunk(seed: int, start: int, labels: NDArray[np.int64]) -> NDArray[np.uint8]:
    """The pictures of these labels, the first of which is picture number ``start``."""
    rngs = (default_rng(SeedSequence(seed, spawn_key=(1 + start + i,))) for i in range(len(labels)))
    return np.stack([_picture(rng, int(label)) for rng, label in zip(rngs, labels, strict=False)])
