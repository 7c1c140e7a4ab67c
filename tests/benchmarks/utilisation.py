"""How much of the slots' time is training? Thirty trials of ten seconds or more, two at a time.

    python tests/benchmarks/utilisation.py [--trials 30] [--epochs 18]

Runs `run_search.py --space cifar10` on the drawn pictures with trials of about one length, none
stopped, and divides the time from the first trial's start to the last one's end by what training
and evaluating alone took, spread over the slots. 1.00 would be slots that never wait.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SLOTS = 2
FIXED = ("batch_size=64", "conv1=6", "conv2=16", "l1=120", "l2=84", "crop_padding=0")


def main() -> None:
    """Run, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=30)
    parser.add_argument("--epochs", type=int, default=18)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), options.trials, options.epochs)


def _measure(folder: Path, trials: int, epochs: int) -> None:
    arguments = ["--space", "cifar10", "--data", "embedded", "--scheduler", "none", "--quiet"]
    arguments += ["--finalists", "0"]
    arguments += ["--trials", str(trials), "--max-epochs", str(epochs)]
    arguments += ["--concurrency", str(SLOTS), "--gpus-per-trial", "0"]
    arguments += [option for setting in FIXED for option in ("--set", setting)]
    arguments += ["--storage", str(folder / "results"), "--name", "busy"]
    begun: list[float] = []
    ended: list[float] = []
    with subprocess.Popen(
        [sys.executable, "-u", str(ROOT / "run_search.py"), *arguments],
        env={**os.environ, "XDG_CACHE_HOME": str(folder / "cache")},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if re.search(r"t\d{4} started", line):
                begun.append(time.monotonic())
            elif re.search(r"t\d{4} done after", line):
                ended.append(time.monotonic())
    if process.returncode or len(ended) != trials:
        sys.exit(f"exit code {process.returncode}, {len(ended)} trials done")
    statuses = (folder / "results" / "busy" / "trials").glob("*/status.json")
    seconds = sorted(json.loads(path.read_text())["seconds"] for path in statuses)
    passed, busy = ended[-1] - begun[0], sum(seconds) / SLOTS
    print(f"{trials} trials of {seconds[0]:.1f} to {seconds[-1]:.1f} s, {SLOTS} slots")
    print(f"{passed:.1f} s from the first start to the last end, {busy:.1f} s of work a slot")
    print(f"ratio {passed / busy:.3f}")


if __name__ == "__main__":
    main()
