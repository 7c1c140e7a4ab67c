"""What the search itself costs: trials that train nothing, all logs on.

    python tests/benchmarks/overhead.py [--trials 200] [--sampler tpe|random]

Runs `run_search.py --space tests/benchmarks/nothing.py` with two slots, three reports a trial, no
early stopping, and prints the fixed start (to the end of the first trial), the time of each
further trial, the part of it that the sampler takes, and, by hundreds of trials, the driver's
memory and the experiment's size on disk. `--trials 1000` shows whether these stay flat.
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

import psutil

ROOT = Path(__file__).resolve().parents[2]
# The search as it is, with a watch on what the sampler does.
_TIMED = """
import json, sys, time
from optuna.samplers import RandomSampler, TPESampler

spent = 0.0

def timed(method):
    def call(*arguments, **named):
        global spent
        start = time.perf_counter()
        try:
            return method(*arguments, **named)
        finally:
            spent += time.perf_counter() - start
    return call

kind = TPESampler if "tpe" in sys.argv else RandomSampler
for name in ("infer_relative_search_space", "sample_relative", "sample_independent",
             "before_trial", "after_trial"):
    setattr(kind, name, timed(getattr(kind, name)))

from run_search import main
code = main()
print("SAMPLER", json.dumps(spent))
sys.exit(code)
"""


def main() -> None:
    """Run, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--sampler", choices=("tpe", "random"), default="tpe")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        _measure(Path(folder), options.trials, options.sampler)


def _measure(folder: Path, trials: int, sampler: str) -> None:
    space = str(ROOT / "tests" / "benchmarks" / "nothing.py")
    arguments = ["--space", space, "--trials", str(trials), "--sampler", sampler, "--quiet"]
    arguments += ["--scheduler", "none", "--concurrency", "2", "--gpus-per-trial", "0"]
    arguments += ["--storage", str(folder / "results"), "--name", "nothing"]
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(ROOT)}
    ends: list[float] = []
    sampling = 0.0
    print(f"{trials} trials, 9 parameters, 3 reports each, 2 slots, {sampler}")
    start = time.monotonic()
    with subprocess.Popen(
        [sys.executable, "-u", "-c", _TIMED, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        driver = psutil.Process(process.pid)
        assert process.stdout is not None
        for line in process.stdout:
            if re.search(r"t\d{4} done after 3 epochs", line):
                ends.append(time.monotonic() - start)
                if len(ends) % 100 == 0:
                    _print_size(len(ends), driver, folder / "results")
            elif line.startswith("SAMPLER "):
                sampling = json.loads(line.partition(" ")[2])
    total = time.monotonic() - start
    if process.returncode or len(ends) != trials:
        sys.exit(f"exit code {process.returncode}, {len(ends)} trials done")
    each = (ends[-1] - ends[0]) / (trials - 1)
    print(f"fixed start, to the end of the first trial  {ends[0]:.2f} s")
    print(f"each further trial                          {each:.4f} s")
    print(f"  of that the sampler                       {sampling / trials:.4f} s")
    print(f"to the end of the last trial {ends[-1]:.1f} s, with export and test {total:.1f} s")


def _print_size(done: int, driver: psutil.Process, results: Path) -> None:
    sizes = [path.stat().st_blocks * 512 for path in results.rglob("*") if path.is_file()]
    print(
        f"  after {done:5} trials: driver {driver.memory_info().rss / 2**20:.0f} MiB, on disk "
        f"{sum(sizes) / done / 1024:.0f} KiB and {len(sizes) / done:.1f} files a trial",
        flush=True,
    )


if __name__ == "__main__":
    main()
