"""Ten kills of a worker in a running search: its trial goes on, and the search never stops.

    python tests/benchmarks/kill_workers.py [--seed N] [--kills 10]

A worker is killed at a moment from a printed seed while it trains an epoch, the next one only once
that trial has completed an epoch again. See `tests/kills/searches.py` for what is counted.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.kills.searches import Search

EPOCHS = "16"


def main() -> None:
    """Kill, and count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=10)
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as folder:
        search = Search(
            Path(folder),
            "--trials",
            "8",
            "--max-epochs",
            EPOCHS,
            "--scheduler",
            "none",
            "--finalists",
            "0",
        )
        process = search.start()
        screen: list[str] = []
        reader = threading.Thread(target=lambda: screen.extend(process.stdout or ()))
        reader.start()
        for number in range(1, options.kills + 1):
            seed, epoch, worker = _running(search, rng)
            time.sleep(rng.uniform(0, 0.3))
            os.kill(worker, signal.SIGKILL)
            noted = len(search.lines())
            start = time.monotonic()
            while not any(each[:2] == ("saved", seed) for each in search.lines()[noted:]):
                if process.poll() is not None or time.monotonic() - start > 60:
                    sys.exit(f"the trial did not go on\n{''.join(screen)[-3000:]}")
                time.sleep(0.02)
            waited = time.monotonic() - start
            print(f"kill {number:2}: in epoch {epoch}, went on after {waited:.1f} s", flush=True)
        code = process.wait()
        reader.join()
        if code:
            sys.exit(f"exit code {code}\n{''.join(screen)[-3000:]}")
        states = [directory.read_status().state for directory in search.experiment.trials()]
        print(f"{len(states)} trials: {states}")
        if wrong := search.faults() + [each for each in states if each != "COMPLETE"]:
            sys.exit("\n".join(wrong))
    print("the search never stopped, every trial ended, no covered epoch was trained again")


def _running(search: Search, rng: random.Random) -> tuple[int, int, int]:
    """A worker in the middle of training: an epoch was begun, and it is not the trial's last."""
    while True:
        begun = search.begun()
        if begun:
            chosen = rng.choice(begun[-2:])
            latest = [each for each in begun if each[0] == chosen[0]][-1]
            if latest[1] < int(EPOCHS) - 1 and _alive(latest[2]):
                return latest
        time.sleep(0.05)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main()
