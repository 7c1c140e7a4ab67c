"""The record of every time the test split was opened."""

from __future__ import annotations

import json
import time
from typing import Any

from trainables.files import replacing
from tuning.experiment import Experiment, append_line


def announce_opening(experiment: Experiment, trials: list[str]) -> None:
    """Write down that test is about to be read, before it is."""
    when = time.strftime("%Y-%m-%dT%H:%M:%S%z")
    append_line(experiment.test_openings, {"time": when, "trials": trials, "result": None})


def complete_opening(experiment: Experiment, result: dict[str, Any]) -> None:
    """Add to the last opening what was read."""
    lines = experiment.test_openings.read_text("utf-8").splitlines()
    last = json.loads(lines[-1]) | {"result": result}
    with replacing(experiment.test_openings) as temporary:
        temporary.write_text("\n".join([*lines[:-1], json.dumps(last)]) + "\n", "utf-8")
