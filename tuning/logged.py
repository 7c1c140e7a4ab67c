"""What of a search is logged for TensorBoard."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainables.errors import BadInput
from tuning.experiment import trial_of
from tuning.options import TENSORBOARD

OFF, SCALARS, FULL = TENSORBOARD


@dataclass(frozen=True)
class Logged:
    """How much each trial leaves for TensorBoard.

    Attributes:
        tensorboard: `off`: nothing; `scalars`: curves, hyperparameters, texts and what a task
            draws; `full`: for some trials also what its network looks like.
        tensorboard_every: `full` is for the baseline, re-runs and every so manieth trial.

    Raises:
        BadInput: another mode, or a number below 1.
    """

    tensorboard: str = SCALARS
    tensorboard_every: int = 10

    def __post_init__(self) -> None:
        if self.tensorboard not in TENSORBOARD:
            raise BadInput(
                f"--tensorboard {self.tensorboard}: must be one of {', '.join(TENSORBOARD)}"
            )
        if self.tensorboard_every < 1:
            raise BadInput(
                f"--tensorboard-every {self.tensorboard_every}: must be a whole number of 1 or more"
            )

    @classmethod
    def given(cls, record: Mapping[str, Any], mode: str | None, every: int | None) -> Logged:
        """As on record, where that says anything, but for what was asked for now.

        Raises:
            BadInput: `every` without `full`, for which alone it is.
        """
        names = ("tensorboard", "tensorboard_every")
        was = {name: record[name] for name in names if name in record}
        now = {n: v for n, v in zip(names, (mode, every), strict=True) if v is not None}
        made = cls(**was | now)
        if every is not None and made.tensorboard != FULL:
            raise BadInput(f"--tensorboard-every {every}: only with --tensorboard {FULL}")
        return made

    @property
    def is_on(self) -> bool:
        """Whether there are events at all."""
        return self.tensorboard != OFF

    def is_full(self, trial: str) -> bool:
        """Whether this trial, or re-run, shows its network too."""
        if self.tensorboard != FULL:
            return False
        number = re.fullmatch(r"t(\d+)", trial)  # else a re-run, or a baseline beside the study
        return (
            trial != trial_of(trial) or not number or int(number[1]) % self.tensorboard_every == 0
        )
