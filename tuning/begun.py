"""A trial that is to be trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from optuna.trial import Trial

from trainables.leg import Leg


@dataclass(frozen=True)
class Origin:
    """Where a trial of a population has its weights from.

    Attributes:
        parent: the trial that trained them. start: epochs that it had done.
        replaces: the trial that ends in its favour.
    """

    parent: str
    start: int
    replaces: str


@dataclass(frozen=True)
class Begun:
    """A trial, to be trained from its beginning or from its last checkpoint.

    Attributes:
        course: what its weights go through, the legs that its parent has trained among them.
        spared: never stopped early: the baseline, and re-runs.
        feasible: whether it keeps all constraints that are held before training.
        trial: of the study; None for a baseline outside it, and for re-runs.
        origin: None where it begins with weights of its own.
    """

    name: str
    course: tuple[Leg, ...]
    spared: bool = False
    trial: Trial | None = None
    feasible: bool = True
    origin: Origin | None = None

    @property
    def legs(self) -> tuple[Leg, ...]:
        """Those that it trains itself."""
        return self.course if self.origin is None else self.course[-1:]

    @property
    def seed(self) -> int:
        return self.legs[0].seed

    @property
    def config(self) -> dict[str, Any]:
        """That it ends with."""
        return self.course[-1].config


def alone(seed: int, config: dict[str, Any]) -> tuple[Leg, ...]:
    """The course of an ordinary trial."""
    return (Leg(0, seed, config),)
