"""How long does `analysis.load` take of a large experiment, its files in the system's cache?

    python tests/benchmarks/load_speed.py [--trials 10000] [--epochs 20] [--times 3]

Writes an experiment of that size into a temporary directory, file by file as a search does, and
loads it in a fresh process each time, which says what `analysis.load` took, pandas imported, of it
the time of a core, and the process's memory. The first time, which may read from the disk, is not
counted.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.tuning.rehearsal import cheap_plan, line
from trainables.data.request import DataRequest
from trainables.files import write_json
from trainables.mnist_cnn import TASK
from tuning.experiment import Experiment, trial_id
from tuning.status import TrialStatus

ROOT = Path(__file__).resolve().parents[2]
TIMED = """
import resource, sys, time
import analysis
begun, busy = time.perf_counter(), time.process_time()
results = analysis.load(sys.argv[1])
took, busy = time.perf_counter() - begun, time.process_time() - busy
print(took, busy, len(results.trials), len(results.epochs))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""


def main() -> None:
    """Write, load, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--times", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        begun = time.perf_counter()
        experiment = make(Path(folder), options.trials, options.epochs)
        print(f"{options.trials:,} trials written in {time.perf_counter() - begun:.1f} s")
        _, *counted = (_load(experiment, options) for _ in range(options.times + 1))
    each = ", ".join(f"{seconds:.2f}" for seconds in counted)
    print(f"analysis.load: {statistics.median(counted):.2f} s, the median of {each}")


def make(folder: Path, trials: int, epochs: int) -> Experiment:
    """An experiment with so many trials, all done."""
    plan = cheap_plan(folder, name="large", trials=trials)
    experiment = Experiment(plan.root)
    plan.root.mkdir()
    write_json(experiment.plan, plan.to_json(TASK.load(DataRequest("embedded"))))
    rng = random.Random(0)
    for number in range(trials):
        scores = [rng.random() for _ in range(epochs)]
        directory = experiment.trial(trial_id(number))
        directory.write_config({**plan.space.baseline, "lr": rng.uniform(5e-4, 2e-2)})
        lines = (json.dumps(line(epoch, score)) for epoch, score in enumerate(scores, 1))
        directory.results.write_text("".join(f"{text}\n" for text in lines))
        best = max(scores)
        about = (best, scores.index(best) + 1, epochs, 0.5 * epochs, number)
        directory.write_status(TrialStatus(directory.id, "COMPLETE", *about))
    return experiment


def _load(experiment: Experiment, options: argparse.Namespace) -> float:
    command = [sys.executable, "-c", TIMED, str(experiment.root)]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    timed, memory = done.stdout.splitlines()
    took, busy, trials, epochs = timed.split()
    assert (int(trials), int(epochs)) == (options.trials, options.trials * options.epochs)
    print(f"{float(took):.2f} s, {float(busy):.2f} s of a core, {float(memory):.0f} MiB")
    return float(took)


if __name__ == "__main__":
    main()
