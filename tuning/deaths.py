"""A worker that dies is not a trial that fails: Tune's count of failures, made to say so.

A process killed from outside, by a person, a lost node or the system short of memory, says nothing
about its configuration: the trial goes on from its checkpoint. Only where it dies again and again
without an epoch done in between is the trial given up. An exception counts apart: the worker
itself knows whether it is the first (`tuning/trainable.py`).
"""

from __future__ import annotations

from collections import Counter
from typing import Any, Protocol

from ray.tune import Callback
from ray.tune.experiment import Trial

DEATHS = 3  # in a row without an epoch done that give a trial up
KILLED = "killed (out of memory?)"


class Records(Protocol):
    """What a trial's directory tells of it, by our id."""

    def epochs_done(self, trial: str) -> int: ...

    def has_raised(self, trial: str) -> bool: ...


class Deaths(Callback):
    """Keeps `num_failures`, which Tune holds against `max_failures`, at deaths in a row.

    Args:
        records: asked when a trial is about to be tried again.
    """

    def __init__(self, records: Records) -> None:
        self._records = records
        self._epochs: dict[str, int] = {}  # done when it last died
        self._in_a_row: dict[str, int] = {}  # deaths
        self._raised: set[str] = set()
        self._begun_again: Counter[str] = Counter()

    def on_trial_start(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        name = trial.config["trial"]
        if self._records.has_raised(name):  # in an earlier run of the search
            self._raised.add(name)
        trial.run_metadata.num_failures = self._in_a_row.get(name, 0)

    def on_trial_result(
        self, iteration: int, trials: list[Trial], trial: Trial, result: dict[str, Any], **info: Any
    ) -> None:
        trial.run_metadata.num_failures = 0
        self._in_a_row.pop(trial.config["trial"], None)

    def on_trial_recover(
        self, iteration: int, trials: list[Trial], trial: Trial, **info: Any
    ) -> None:
        name = trial.config["trial"]
        if name not in self._raised and self._records.has_raised(name):
            self._raised.add(name)
            trial.run_metadata.num_failures -= 1
            return
        epochs = self._records.epochs_done(name)
        if epochs > self._epochs.get(name, 0):  # done, though Tune never heard of it
            trial.run_metadata.num_failures = 1
        self._epochs[name] = epochs
        self._in_a_row[name] = trial.run_metadata.num_failures

    def goes_on(self, trial: str) -> bool:
        """Asked when Tune has given a trial up: whether it shall be begun again after all.

        Tune hears twice of a worker that dies while it is made ready for its next trial, and takes
        the second time for a failure beyond recovery. And it counts an exception with the deaths.
        """
        self._begun_again[trial] += 1
        if self._begun_again[trial] > DEATHS:
            return False
        if trial not in self._raised and self._records.has_raised(trial):
            self._raised.add(trial)
            return True
        return self._in_a_row.get(trial, 0) < DEATHS - 1
