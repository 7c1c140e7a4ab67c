"""What a contender really trained, counted from the files it left: `count.py NAME WORK OUT`.

Prints the mean accuracy on val that its trainings ended at. Exits with 1 unless every
configuration was trained once, every epoch of it, and nothing else.
"""

from __future__ import annotations

import json
import math
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tuning.experiment import Experiment

Epoch = tuple[dict[str, Any], int, float]  # configuration, number, val accuracy


def main(name: str, work: Path, out: Path) -> None:
    """Count, and print the mean final accuracy."""
    job = json.loads((work / "job.json").read_text())
    epochs = list(ours(out) if name == "ours" else recorded(out))
    last = job["epochs"]
    final = []
    for wanted in job["configurations"]:
        same = [(epoch, accuracy) for config, epoch, accuracy in epochs if matches(config, wanted)]
        done = sorted(epoch for epoch, _ in same)
        if done != list(range(1, last + 1)):
            sys.exit(f"{name}: trained epochs {done}, not 1 to {last}, of {wanted}")
        final += [accuracy for epoch, accuracy in same if epoch == last]
    if len(epochs) != last * len(job["configurations"]):
        sys.exit(f"{name}: trained {len(epochs)} epochs, some of configurations not asked for")
    print(statistics.mean(final))


def matches(config: dict[str, Any], wanted: dict[str, Any]) -> bool:
    """Whether a training's configuration is the one wanted."""
    return all(math.isclose(config[name], value) for name, value in wanted.items())


def recorded(out: Path) -> Iterator[Epoch]:
    """What `loop.py` wrote down, a line an epoch."""
    for line in (out / "record.jsonl").read_text().splitlines():
        each = json.loads(line)
        yield each["config"], each["epoch"], each["val_accuracy"]


def ours(out: Path) -> Iterator[Epoch]:
    """What our own experiment holds; a trial that diverged would have trained less."""
    for trial in Experiment(out / "ours").trials():
        status = trial.read_status()
        if status.state != "COMPLETE":
            sys.exit(f"ours: {status.trial} is {status.state} ({status.cause}): it trained less")
        config = trial.read_config()
        for line in trial.read_results():
            yield config, line["epoch"], line["val_accuracy"]


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
