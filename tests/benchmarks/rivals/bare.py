"""The configurations by no tool at all: `bare.py WORK OUT`.

Two processes, tensors made once, no checkpoint, no log: about the least that fp32 training of the
textbook's Net can take here.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from pathlib import Path
from typing import Any


def train_one(config: dict[str, Any], work: Path, out: Path) -> None:
    """One training, in a worker."""
    from tests.benchmarks.rivals.loop import train  # not in the parent, which needs no torch

    for _ in train(config, work, out, one_by_one=False):
        pass


def main(work: Path, out: Path) -> None:
    """Run them all, two at a time."""
    configurations = json.loads((work / "job.json").read_text())["configurations"]
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        pool.starmap(train_one, [(each, work, out) for each in configurations], chunksize=1)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
