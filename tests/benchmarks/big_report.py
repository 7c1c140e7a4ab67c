"""How large a report is, and how long it takes, of many trials that were made up.

python tests/benchmarks/big_report.py --trials 500 --epochs 20
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import optuna

from analysis.frames.load import load
from analysis.report import write_report
from search_spaces.find import find_space
from tests.tuning.rehearsal import cheap_plan, line
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.files import write_json
from trainables.mnist_cnn import TASK
from tuning.experiment import Experiment, trial_id
from tuning.status import TrialStatus


def make(storage: Path, trials: int, epochs: int, splits: Splits) -> Experiment:
    """An experiment of the mnist space: configurations at random, a third stopped, some failed."""
    plan = cheap_plan(storage, name="big", trials=trials, max_epochs=epochs)
    experiment, rng, space = Experiment(plan.root), np.random.default_rng(0), find_space("mnist")
    plan.root.mkdir(parents=True)
    write_json(experiment.plan, plan.to_json(splits))
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(0))
    for number in range(trials):
        directory = experiment.trial(trial_id(number))
        asked = study.ask()
        config = space.baseline if number == 0 else space.sample(asked)
        directory.write_config(config | {"epochs": epochs})
        failed = number > 0 and rng.random() < 0.05
        ran = int(rng.integers(1, epochs + 1)) if rng.random() < 0.4 and number else epochs
        level = 0.9 + 0.03 * np.log10(config["lr"] / 1e-3) + rng.normal(0, 0.01)
        scores = [level - 0.5 / epoch + rng.normal(0, 0.003) for epoch in range(1, ran + 1)]
        lines = [
            line(epoch, float(score)) | {"wall_time": 1.7e9 + 20 * number + epoch}
            for epoch, score in enumerate(scores, 1)
        ]
        directory.results.write_text("".join(json.dumps(each) + "\n" for each in lines), "utf-8")
        best = int(np.argmax(scores))
        state = "FAIL" if failed else "COMPLETE" if ran == epochs else "PRUNED"
        cause = {"FAIL": "RuntimeError: out of memory", "PRUNED": "not promoted"}.get(state, "")
        score, at = (None, None) if failed else (float(scores[best]), best + 1)
        status = TrialStatus(trial_id(number), state, score, at, ran, 0.5 * ran, number, cause)
        write_json(directory.root / "status.json", asdict(status))
    return experiment


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--trials", type=int, default=500)
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--keep", type=Path, metavar="DIR", help="make the experiment there")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        splits = TASK.load(DataRequest("embedded"))
        experiment = make(given.keep or Path(folder), given.trials, given.epochs, splits)
        load(experiment.root)  # into the file cache
        started = time.perf_counter()
        path = write_report(experiment)
        seconds, size = time.perf_counter() - started, path.stat().st_size / 2**20
        print(f"{given.trials} trials x {given.epochs} epochs: {seconds:.1f} s, {size:.2f} MiB")


if __name__ == "__main__":
    main()
