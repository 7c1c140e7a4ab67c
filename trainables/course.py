"""A training whose settings change on the way, as population based training finds them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from trainables.data.splits import Splits
from trainables.leg import Leg
from trainables.task import Task, begin
from trainables.trainer import Trainer, load_tensors


class Course:
    """One Trainer after another, each going on with what the one before has trained.

    An ordinary training has one leg.

    Args:
        legs: in their order; they differ in what is `adjustable` of the task's Config alone. Where
            the first does not start at 0, `take_over` comes before the first epoch.

    Attributes:
        trainer: of the leg that it is in.

    Raises:
        ValueError: a configuration that the task's Config does not accept.
    """

    def __init__(
        self, task: Task, legs: Sequence[Leg], splits: Splits, *, device: str, threads: int
    ) -> None:
        self._task = task
        self._splits = splits
        self._device = device
        self._threads = threads
        self._ahead = list(legs)
        self.trainer = self._next()

    def run_epoch(self) -> dict[str, Any]:
        """As the Trainer's own."""
        if self._ahead and self._ahead[0].start == self.trainer.epoch:
            trained = self.trainer.state()
            self.trainer = self._next()
            self.trainer.take_over(trained)
        return self.trainer.run_epoch()

    def load(self, path: Path) -> None:
        """Go on from a checkpoint of this course, in whichever leg it was made."""
        epoch = load_tensors(path)["epoch"]
        passed = sum(leg.start < epoch for leg in self._ahead)
        if passed:
            self._ahead = self._ahead[passed - 1 :]
            self.trainer = self._next()
        self.trainer.load(path)

    def take_over(self, state: Mapping[str, Any]) -> None:
        """Begin with what another training has left."""
        self.trainer.take_over(state)

    def _next(self) -> Trainer:
        leg = self._ahead.pop(0)
        return begin(
            self._task,
            leg.config,
            self._splits,
            device=self._device,
            seed=leg.seed,
            threads=self._threads,
        )
