"""Whether an exported model says what the trained one did."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from importlib.metadata import version
from typing import Any

import numpy as np

from analysis.export.bundle import Bundle
from analysis.export.formats import Format
from trainables.portable import STEPS

INPUTS = 100  # real ones, from val
TOLERANCE = 1e-4  # between two numbers, in the network's own units


@dataclass(frozen=True)
class Parity:
    """How far apart two models' outputs are.

    Outputs are compared in the network's own units: a forecast standardised, so that neither
    large nor small units hide or make a difference.

    Attributes:
        inputs: of how many both were asked.
        max_abs_difference: between two numbers; NaN where one is NaN.
        same_class: whether a classifier's answers are all the same; None: it is none.
    """

    inputs: int
    max_abs_difference: float
    same_class: bool | None

    @classmethod
    def of(cls, trained: np.ndarray, exported: np.ndarray, *, classifies: bool) -> Parity:
        """Of the outputs of two models for the same inputs, [n, ...].

        Raises:
            ValueError: they have not even the same shape.
        """
        if trained.shape != exported.shape:
            raise ValueError(f"outputs of {exported.shape}, the trained model's {trained.shape}")
        apart = np.abs(trained.astype(np.float64) - exported)
        same = None
        if classifies:
            same = bool((trained.argmax(-1) == exported.argmax(-1)).all())
        return cls(len(trained), float(apart.max()), same)

    @property
    def holds(self) -> bool:
        """Whether the export may be called one."""
        close = self.max_abs_difference <= TOLERANCE  # no NaN is
        return close and self.same_class is not False

    def __str__(self) -> str:
        classes = {None: "", True: ", the same class for all", False: ", NOT the same classes"}
        return (
            f"{self.inputs} val inputs differ by {self.max_abs_difference:.1e} at most"
            f"{classes[self.same_class]}"
        )

    def to_json(self, made: Format) -> dict[str, Any]:
        """What `metrics.json` says of an export."""
        versions = {name: version(name) for name in ("torch", "numpy", *made.needs)}
        about = {"format": made.name, "tolerance": TOLERANCE, "versions": versions}
        return about | asdict(self)


def replies(bundle: Bundle, raw: np.ndarray) -> np.ndarray:
    """What an exported model says of raw examples [n, ...].

    Of the first alone and of the others together, and where they have steps, of the first alone
    and then, from the state it left, of the others: so its open axes are open.
    """
    return np.concatenate([_reply(bundle, some) for some in np.split(raw, [1]) if len(some)])


def _reply(bundle: Bundle, raw: np.ndarray) -> np.ndarray:
    state = [port.zeros(batch=len(raw)) for port in bundle.inputs[1:]]
    shape = bundle.inputs[0].shape
    if STEPS not in shape:
        return bundle.run(raw, *state)[0]
    axis, said = shape.index(STEPS), []
    for piece in np.split(raw, [1], axis):
        if piece.shape[axis]:
            told, *state = bundle.run(piece, *state)
            said.append(told)
    return np.concatenate(said, axis)
