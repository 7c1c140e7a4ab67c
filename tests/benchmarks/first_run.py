"""What a new user waits for: the README's first command, timed.

    python tests/benchmarks/first_run.py [-- further arguments of run_search.py]

Runs `run_search.py --space cifar10` in a process of its own with an empty cache and storage, and
prints when the first result stood on the screen, when all was done, how many trials there were,
and the best model's scores beside its baseline's.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def main() -> None:
    """Run, and print the figures."""
    extra = sys.argv[2:] if sys.argv[1:2] == ["--"] else sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache", "PYTHONUNBUFFERED": "1"}
        command = [sys.executable, "run_search.py", "--space", "cifar10", *extra]
        command += ["--storage", f"{folder}/results", "--name", "timed"]
        start = time.monotonic()
        first = None
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                print(line, end="")
                if first is None and "best so far" in line:
                    first = time.monotonic() - start
        total = time.monotonic() - start
        root = Path(folder, "results", "timed")
        metrics = json.loads((root / "best" / "metrics.json").read_text())
        trials = len(list((root / "trials").iterdir()))
    print(f"\nexit code {process.returncode}, first result after {first:.1f} s, all {total:.1f} s")
    val, baseline = metrics["val"]["accuracy"], metrics["baseline"]["val"]["accuracy"]
    print(f"{trials} trials; val {val:.4f}, baseline {baseline:.4f}")
    print(f"test {metrics['test']['accuracy']:.4f}")


if __name__ == "__main__":
    main()
