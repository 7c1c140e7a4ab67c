"""Ten kills of a search among its finalists, in its export and around the opening of test.

    python tests/benchmarks/kill_finalists.py [--seed N]

Seven fall, after a random while, into the finalists' re-runs; one each in the middle of the
export, right after test's opening was announced, and after it was read but before that is on
record. It is resumed at once after each. In the end it is let through, and counted: no epoch that
a checkpoint covers was trained again, every re-run has each epoch once, test was opened once.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.kills.faults import LAST_FAULTS
from tests.kills.searches import Search

KILLS = 7
OPTIONS = ("--finalists", "3", "--repeats", "3", "--max-epochs", "16")  # enough to be killed in
WHILE = (2.0, 6.0)  # seconds: the workers are there after two or three


def main() -> None:
    """Kill, resume, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        search = Search(Path(folder), *OPTIONS)
        for number in range(1, KILLS + 1):
            delay = rng.uniform(*WHILE)
            begun = _kill(search, delay)
            print(f"kill {number}: {delay:.2f} s after {begun}", flush=True)
        for fault in LAST_FAULTS:
            search.die_of(fault)
            print(f"killed in the {fault}", flush=True)
        search.finish()
        wrong = search.faults()
        if (opened := search.openings()) != 1:
            wrong.append(f"test was opened {opened} times")
        if wrong:
            sys.exit("\n".join(wrong))
        reruns = search.experiment.reruns()
        begun_epochs = len(search.begun())
        trials = [*search.experiment.trials(), *reruns]
        needed = sum(directory.read_status().epochs for directory in trials)
        print(f"{len(reruns)} re-runs; {begun_epochs} epochs begun, {needed} on record")
        print("no covered epoch trained again, every re-run whole, test opened once")


def _kill(search: Search, delay: float) -> str:
    """Go on with the search until a re-run begins or goes on, and kill it a while later."""
    process: subprocess.Popen[str] = search.start()
    assert process.stdout is not None
    for line in process.stdout:
        if "-r" in line and ("started" in line or "goes on" in line):
            break
    else:
        sys.exit("no re-run was left to kill: make the re-runs longer")
    time.sleep(delay)
    process.kill()
    process.communicate()
    return line.split("  ")[1].strip() if "  " in line else line.strip()


if __name__ == "__main__":
    main()
