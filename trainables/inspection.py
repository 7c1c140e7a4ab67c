"""What can be looked at of a trained network beside its scores; made of val alone, by NumPy."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import Tensor


@dataclass(frozen=True)
class Seen:
    """What went into the head and came out of it while val was scored.

    Attributes:
        hidden: float32 [rows, width], the last hidden layer, of the examples in `rows`.
        rows: int64 [rows], places of these examples, in the order in which the head saw them.
        outputs: float32 [count, outputs], of all examples; only of those in `rows`
            where no figure is made of them.
        count: how many examples the head saw.
    """

    hidden: np.ndarray
    rows: np.ndarray
    outputs: np.ndarray
    count: int


@dataclass(frozen=True)
class Points:
    """Examples as points of the last hidden layer, to be projected.

    Attributes:
        vectors: float32 [n, width].
        about: by column, a word or number for each point.
        pictures: uint8 [n, height, width, 1 or 3], what each point is; None: no picture.
    """

    vectors: np.ndarray
    about: Mapping[str, Sequence[str]]
    pictures: np.ndarray | None = None

    def __post_init__(self) -> None:
        lengths = {name: len(words) for name, words in self.about.items()}
        if self.pictures is not None:
            lengths["pictures"] = len(self.pictures)
        if set(lengths.values()) != {len(self.vectors)}:
            raise ValueError(f"{len(self.vectors)} vectors, but of the columns {lengths}")


def no_figures(seen: Seen, part: Any, meta: Any) -> dict[str, Any]:
    """Of a task of whose outputs nothing is drawn."""
    return {}


@dataclass(frozen=True)
class Inspection:
    """How a task's networks are looked at; whatever a task leaves out is not there.

    Attributes:
        example: (network, meta) -> a small batch of what the network takes, on the CPU: the graph
            is traced with it.
        figures: (seen, part, meta) -> {name: JSON values}, to be drawn.
        drawings: by figure, what makes a PNG of its values; one that raises costs its picture.
        points: (seen, network, part, meta) -> Points; None: nothing fits.
    """

    example: Callable[[Any, Any], Tensor] | None = None
    figures: Callable[[Seen, Any, Any], Mapping[str, Any]] = no_figures
    drawings: Mapping[str, Callable[[Any], bytes]] = field(default_factory=dict, hash=False)
    points: Callable[[Seen, Any, Any, Any], Points | None] | None = None


NOTHING = Inspection()
