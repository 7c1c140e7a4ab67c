"""What a new user waits for: the README's first command, timed.

    python tests/benchmarks/first_run.py [--space S] [--starts N] [-- arguments of run_search.py]

Runs `run_search.py --space cifar10` (or another space) in a process of its own with an empty cache
and storage, and prints when the first result stood on the screen, when all was done, how many
trials there were, and the best model's scores beside its baseline's. Before that, N (5) runs of one
epoch show how much the time to the first result varies.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    """Run, and print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--starts", type=int, default=5)
    parser.add_argument("--space", default="cifar10")
    parser.add_argument("extra", nargs="*")
    options = parser.parse_args()
    firsts = []
    for _ in range(options.starts):
        with tempfile.TemporaryDirectory() as folder:
            short = ["--trials", "2", "--max-epochs", "1"]
            firsts.append(_run(folder, options.space, short, show=False)[0])
    if firsts:
        each = ", ".join(f"{first:.1f}" for first in sorted(firsts))
        print(f"first result after {statistics.median(firsts):.1f} s, the median of {each}\n")
    with tempfile.TemporaryDirectory() as folder:
        first, total = _run(folder, options.space, options.extra, show=True)
        root = Path(folder, "results", "timed")
        metrics = json.loads((root / "best" / "metrics.json").read_text())
        trials = len(list((root / "trials").iterdir()))
    print(f"\nfirst result after {first:.1f} s, all {total:.1f} s")
    val, baseline = metrics["val"]["accuracy"], metrics["baseline"]["val"]["accuracy"]
    print(f"{trials} trials; val {val:.4f}, baseline {baseline:.4f}")
    print(f"test {metrics['test']['accuracy']:.4f}")


def _run(folder: str, space: str, extra: list[str], *, show: bool) -> tuple[float, float]:
    """Seconds until the first score was on the screen, and in all."""
    environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache", "PYTHONUNBUFFERED": "1"}
    command = [sys.executable, "run_search.py", "--space", space, *extra]
    command += ["--storage", f"{folder}/results", "--name", "timed"]
    start = time.monotonic()
    first = None
    with subprocess.Popen(
        command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if show:
                print(line, end="")
            if first is None and "best so far" in line:
                first = time.monotonic() - start
    if process.returncode or first is None:
        sys.exit(f"exit code {process.returncode} of {command}")
    return first, time.monotonic() - start


if __name__ == "__main__":
    main()
