"""The pictures of what a classifier takes for what."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from trainables.parts.figure import new_figure, png_of
from trainables.parts.pngs import from_text

COUNTED = 25  # classes: with more of them the counts could not be read
LONGEST = 14  # characters of a class's name
ACROSS = 4  # pictures: TensorBoard shows all of them as wide as a hand


def draw_confusion(values: dict[str, Any]) -> bytes:
    """A PNG of `confusion`: rows the truth, columns what it is taken for, shaded by share."""
    names, counts = [_short(n) for n in values["classes"]], np.array(values["counts"])
    shares = counts / np.maximum(1, counts.sum(1, keepdims=True))
    side = min(14.0, 2.0 + 0.26 * len(names))
    figure = new_figure(side, side)
    axis = figure.subplots()
    axis.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    small = max(3.0, min(9.0, 250 / len(names)))
    ticks = {"fontsize": small, "parse_math": False}  # a class may be called a$ b_$
    axis.set_xticks(
        range(len(names)), names, rotation=45, ha="right", rotation_mode="anchor", **ticks
    )
    axis.set_yticks(range(len(names)), names, **ticks)
    if len(names) <= COUNTED:
        for row, column in zip(*np.nonzero(counts), strict=True):
            ink = "white" if shares[row, column] > 0.5 else "black"
            text = str(counts[row, column])
            axis.text(column, row, text, ha="center", va="center", color=ink, fontsize=small - 1)
    title = f"val, {values['right']:,} of {values['examples']:,} right"
    if values["of"] > len(names):
        title += f"\n{len(names)} of {values['of']} classes, those with most mistakes"
    axis.set_title(title, fontsize=9)
    axis.set_xlabel("taken for")
    axis.set_ylabel("is")
    return png_of(figure)


def draw_most_confused(values: dict[str, Any]) -> bytes:
    """A PNG of `most_confused`: the pictures that are wrong with the largest share."""
    shown = values["pictures"]
    across = min(ACROSS, len(shown))
    down = math.ceil(len(shown) / across)
    # Laid out by hand: finding out what fits where would take longer than all the rest.
    figure = new_figure(1.4 * across, 1.8 * down, fitted=False)
    for place, one in enumerate(shown):
        row, column = divmod(place, across)
        left, bottom = (column + 0.05) / across, (down - 1 - row + 0.02) / down
        axis = figure.add_axes((left, bottom, 0.9 / across, 0.74 / down))
        axis.axis("off")
        axis.imshow(from_text(one["picture"]), interpolation="nearest")
        said = f"for {_short(one['taken_for'])}"
        text = f"{_short(one['is'])}\n{said}, {one['share']:.0%}"
        axis.set_title(text, fontsize=7.5, pad=3, parse_math=False)
    return png_of(figure)


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}\N{HORIZONTAL ELLIPSIS}"
