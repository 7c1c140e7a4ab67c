"""Twenty kills of the search's process, and four inside a write; resumed at once after each.

    python tests/benchmarks/kill_search.py [--seed N] [--kills 20] [--scheduler promote --trials 16]

The moments come from a printed seed. Three of ten fall into start-up or into the final step
(export, its proof, the test), the rest anywhere between. Where nothing is left to kill, four more
trials (`--trials`) are asked for. Then one death each in the middle of a journal append, of a
rename, of a worker's checkpoint write and of the rename that ends it. In the end the search is
let through, and counted: see `tests/kills/searches.py`.
"""

from __future__ import annotations

import argparse
import random
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.kills.faults import FAULTS
from tests.kills.searches import Search

START_UP, BETWEEN, FINAL = "start-up", "between", "final step"
SECONDS = {START_UP: 4.0, BETWEEN: 8.0, FINAL: 4.0}  # about how long each lasts here
BEGINS = re.compile(r"started|goes on after")


def main() -> None:
    """Kill, resume, count."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--scheduler", default="asha", help="promote, pbt: kills while trials wait")
    parser.add_argument("--trials", type=int, default=4, help="at first, and more each time")
    options = parser.parse_args()
    print(f"seed {options.seed}")
    rng = random.Random(options.seed)
    special = max(2, round(options.kills * 0.3))
    phases = [START_UP] * (special - special // 2) + [FINAL] * (special // 2)
    phases += [BETWEEN] * (options.kills - special)
    rng.shuffle(phases)
    with tempfile.TemporaryDirectory() as folder:
        given = ["--scheduler", options.scheduler, "--trials", str(options.trials)]
        search = Search(Path(folder), *given, "--concurrency", "2")
        hit: Counter[str] = Counter()
        waited = 0
        for number, phase in enumerate(phases, 1):
            delay = rng.uniform(0, SECONDS[phase])
            found = None
            while found is None:
                found = _kill(search, phase, delay, options.trials)
            hit[found] += 1
            waiting = max(0, search.running() - 2)  # at most two were on a slot
            waited += waiting > 0
            print(f"kill {number:2}: {found}, {delay:.2f} s into it, {waiting} waited", flush=True)
        for fault in FAULTS:
            more = options.trials if search.all_begun_have_ended() else 0
            search.die_of(fault, more=more)
            hit[f"in a {fault}"] += 1
            print(f"killed in a {fault}", flush=True)
        search.finish()
        if options.scheduler in ("promote", "pbt"):
            print(f"{waited} kills fell while trials waited off their slots")
        _report(search, hit)


def _kill(search: Search, phase: str, delay: float, trials: int) -> str | None:
    """Go on with the search and kill it; where it fell, or None where the search was faster."""
    nothing_left = search.all_begun_have_ended()
    more = trials if nothing_left and (phase == BETWEEN or search.handed_over()) else 0
    process = search.start(more=more)
    try:
        if phase != START_UP:
            _wait(process, search, phase)
        time.sleep(delay)
        ended = process.poll() is not None
    finally:
        process.kill()
        screen = process.communicate()[0]
    if ended:
        if process.returncode:
            sys.exit(f"exit code {process.returncode}\n{screen[-3000:]}")
        return None
    if phase == START_UP:
        return START_UP
    return FINAL if search.all_begun_have_ended() else BETWEEN


def _wait(process: subprocess.Popen[str], search: Search, phase: str) -> None:
    """Until the first trial is on the screen, or the last has ended."""
    assert process.stdout is not None
    for line in process.stdout:
        if phase == BETWEEN and BEGINS.search(line):
            return
        if phase == FINAL and search.all_begun_have_ended():
            return


def _report(search: Search, hit: Counter[str]) -> None:
    states = Counter(directory.read_status().state for directory in search.experiment.trials())
    print(", ".join(f"{count} {where}" for where, count in hit.items()))
    print(f"{sum(states.values())} trials: {dict(states)}, {len(search.begun())} epochs begun")
    if 5 * (hit[START_UP] + hit[FINAL]) < sum(hit[phase] for phase in SECONDS):
        sys.exit("too few kills fell into start-up and the final step: take another seed")
    if wrong := search.faults():
        sys.exit("\n".join(wrong))
    print("as many as asked for, none left running, no step twice, no covered epoch trained again")


if __name__ == "__main__":
    main()
