"""After a real search with each sampler and each scheduler: does the study say what was?

    python tests/benchmarks/states.py [--trials 24] [--only NAME]

Runs `run_search.py --space tests/benchmarks/moody.py`, whose trials end well, raise or diverge,
once with each sampler under ASHA, and once with each scheduler under TPE. Of every trial the
study's state, its last step, its intermediate values and its value must be those of the trial's
own records, and none may be left running. Prints a line a search; exit code 1 where one differs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.benchmarks.moody import DIVERGES, RAISES
from tuning.experiment import Experiment, trial_id
from tuning.options import SAMPLERS, SCHEDULERS

ROOT = Path(__file__).resolve().parents[2]
GRID = ["lr=0.001,0.01", "mood=0.15,0.35,0.5,0.9", "momentum=0.5,0.9"]


def main() -> None:
    """Search, compare, print."""
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=24)
    parser.add_argument("--only", metavar="NAME", default="", help="a sampler or a scheduler")
    options = parser.parse_args()
    pairs = [(sampler, "asha") for sampler in SAMPLERS]
    pairs += [("tpe", scheduler) for scheduler in SCHEDULERS if scheduler != "asha"]
    wrong = 0
    with tempfile.TemporaryDirectory() as folder:
        for sampler, scheduler in pairs:
            if options.only in ("", sampler, scheduler):
                wrong += _differs(Path(folder), sampler, scheduler, options.trials)
    sys.exit(1 if wrong else 0)


def _differs(folder: Path, sampler: str, scheduler: str, trials: int) -> bool:
    name = f"{sampler}-{scheduler}"
    settings = [o for setting in GRID for o in ("--set", setting)] if sampler == "grid" else []
    command = [sys.executable, str(ROOT / "run_search.py")]
    command += ["--space", str(ROOT / "tests" / "benchmarks" / "moody.py"), *settings]
    command += ["--sampler", sampler, "--scheduler", scheduler, "--trials", str(trials)]
    faults = folder / "faults.json"
    faults.write_text(json.dumps([{"mood": 0.15}, {"mood": 0.35}] * 2))  # diverge, raise
    command += ["--enqueue", str(faults)]
    command += ["--gpus-per-trial", "0", "--storage", str(folder), "--name", name]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "XDG_CACHE_HOME": str(folder / "cache")}
    start = time.monotonic()
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    seconds = time.monotonic() - start
    if done.returncode:
        print(f"{name}: exit code {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
        return True
    found = differences(Experiment(folder / name), trials)
    counts = Counter(d.read_status().state for d in Experiment(folder / name).trials())
    states = ", ".join(f"{counts[state]} {state}" for state in ("COMPLETE", "PRUNED", "FAIL"))
    print(f"{name:20} {states}; {len(found)} differ; {seconds:.1f} s", flush=True)
    for line in found:
        print(f"  {line}")
    return bool(found)


def differences(experiment: Experiment, trials: int) -> list[str]:
    """Where the study and the trials' own records differ, or either is not as it must be."""
    storage = JournalStorage(JournalFileBackend(str(experiment.journal)))
    study = optuna.load_study(study_name=None, storage=storage).trials
    heirs = sum(bool(directory.read_status().parent) for directory in experiment.trials())
    count = len(study) - heirs  # each stands in another's place
    found = [] if count == trials else [f"{count} trials, not {trials}"]
    for frozen in study:
        directory = experiment.trial(trial_id(frozen.number))
        status, lines = directory.read_status(), directory.read_results()
        reported = {line["epoch"]: line["val_accuracy"] for line in lines}
        said = (frozen.state.name, frozen.intermediate_values)
        if said != (status.state, reported):
            found.append(f"{status.trial}: the study has {said}, its records {status}")
        if frozen.state.name not in ("COMPLETE", "PRUNED", "FAIL"):
            found.append(f"{status.trial}: {frozen.state.name}")
        full = status.epochs == status.start + len(lines) == directory.read_config()["epochs"]
        if full != (frozen.state.name == "COMPLETE"):
            found.append(f"{status.trial}: {frozen.state.name} after {len(lines)} epochs")
        if frozen.state.name == "COMPLETE" and frozen.value != max(reported.values()):
            found.append(f"{status.trial}: COMPLETE at {frozen.value}, its best is another")
        mood = directory.read_config()["mood"]
        bad = any(low <= mood < high for low, high in (RAISES, DIVERGES))
        if (frozen.state.name == "FAIL") != bad:
            found.append(f"{status.trial}: {frozen.state.name} at a mood of {mood}")
    return found


if __name__ == "__main__":
    main()
