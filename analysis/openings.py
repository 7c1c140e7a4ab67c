"""The record of every time the test split was opened."""

from __future__ import annotations

import json
import time
from typing import Any

from trainables.data.splits import Splits
from trainables.files import append_line, read_lines, replacing
from tuning.experiment import Experiment


class SealedTest:
    """The test split, which is given only once its opening is on record."""

    def __init__(self, experiment: Experiment, splits: Splits) -> None:
        self._experiment = experiment
        self._splits = splits

    def open(self, trials: list[str]) -> Any:
        """Write down that these trials are about to be scored on test; returns test."""
        announce_opening(self._experiment, trials)
        return self._splits.test


def announce_opening(experiment: Experiment, trials: list[str]) -> None:
    """Write down that test is about to be read for these trials, before it is.

    Where a run was killed between the two, its opening goes on: the same trials are no new one.
    """
    last = _last(experiment)
    if last and last["result"] is None:
        if last["trials"] == trials:
            return
        complete_opening(experiment, {"interrupted": True})  # and another model has won since
    when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    append_line(experiment.test_openings, {"time": when, "trials": trials, "result": None})


def complete_opening(experiment: Experiment, result: dict[str, Any]) -> None:
    """Add to the last opening what was read."""
    *others, last = read_openings(experiment)
    lines = [json.dumps(one, ensure_ascii=False) for one in (*others, last | {"result": result})]
    with replacing(experiment.test_openings) as temporary:
        temporary.write_text("".join(f"{line}\n" for line in lines), "utf-8")


def read_openings(experiment: Experiment) -> list[dict[str, Any]]:
    """Every opening in order: `time`, `trials` that were scored, `result`; None: not yet.

    One of which half a line is there was none: test is read once the whole line is.
    """
    return list(read_lines(experiment.test_openings))


def openings(experiment: Experiment) -> int:
    """How often test was opened."""
    return len(read_openings(experiment))


def is_opening(experiment: Experiment) -> bool:
    """Whether an opening was announced and not completed."""
    last = _last(experiment)
    return bool(last) and last["result"] is None


def _last(experiment: Experiment) -> dict[str, Any]:
    return next(reversed(read_openings(experiment)), {})
