"""A part of a training that has one configuration. It imports no torch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Leg:
    """One of the parts of a course, in the order of which it is trained.

    Attributes:
        start: epochs done when it begins; it lasts to the start of the next one.
        seed: of what is random in it.
    """

    start: int
    seed: int
    config: dict[str, Any]
