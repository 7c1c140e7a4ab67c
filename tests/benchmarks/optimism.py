"""Do val and test agree on the winner? Short searches of CIFAR-10 with finalists, one a seed.

    python tests/benchmarks/optimism.py --data-dir cifar10/ [--searches 5] [--keep DIR]

Each trains on 10,000 of the training pictures (5,000 others are val, all 10,000 test pictures
test), 10 trials of up to 6 epochs, then the best 5 and the baseline 3 times again. The winner's
mean on val and its score on test (of the median re-run) should lie within two standard errors:
SE^2 = p(1-p)/n_val + p(1-p)/n_test + s^2 (1 + 1/R), s the deviation between seeds, pooled over the
finalists of the search.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis import load
from tuning.experiment import Experiment, trial_of

ROOT = Path(__file__).resolve().parents[2]
TRAIN, VAL = 10_000, 5_000


def main() -> None:
    """Search once a seed, and hold val against test."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--searches", type=int, default=5)
    parser.add_argument("--trials", type=int, default=10)
    parser.add_argument("--epochs", type=int, default=6)
    parser.add_argument("--finalists", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="leave the experiments there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        data = _subset(options.data_dir, Path(folder) / "cifar10")
        storage = options.keep or Path(folder) / "results"
        agree, optimism = 0, []
        seeds = range(options.searches)
        for seed in seeds:
            experiment = Experiment(storage / f"seed{seed}")
            _search(experiment, data, seed, options)
            agree += _report(experiment, seed)
            optimism.append(load(experiment.root).finalists.set_index("trial")["optimism"])
        print(f"within two standard errors: {agree} of {options.searches}")
        tops = [_of_the_luckiest(storage / f"seed{seed}") for seed in seeds]
        print(
            f"optimism of the search's best trial: {np.mean(tops):+.4f} on average, {_list(tops)}"
        )
        every = pd.concat(optimism)
        print(f"of all {len(every)} finalists: {every.mean():+.4f} on average")
        print(f"deviation between seeds: {_list([_seeds_apart(storage, s) for s in seeds])}")
        if 5 * agree < 4 * options.searches:
            sys.exit("too few agree")


def _subset(source: Path, target: Path) -> Path:
    """A tree of the same files: `TRAIN` to train on, `VAL` others, and test."""
    for folder in sorted((source / "train").iterdir()):
        each, files = TRAIN // 10, sorted(folder.iterdir())
        parts = {"train": files[:each], "val": files[each : each + VAL // 10]}
        parts["test"] = sorted((source / "test" / folder.name).iterdir())
        for part, members in parts.items():
            place = target / part / folder.name
            place.mkdir(parents=True)
            for file in members:
                (place / file.name).symlink_to(file.resolve())
    return target


def _search(experiment: Experiment, data: Path, seed: int, options: argparse.Namespace) -> None:
    command = [sys.executable, str(ROOT / "run_search.py"), "--space", "cifar10", "--quiet"]
    command += ["--data-dir", str(data), "--seed", str(seed), "--gpus-per-trial", "0"]
    command += ["--trials", str(options.trials), "--max-epochs", str(options.epochs)]
    command += ["--finalists", str(options.finalists), "--repeats", str(options.repeats)]
    command += ["--storage", str(experiment.root.parent), "--name", experiment.name]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _report(experiment: Experiment, seed: int) -> bool:
    results = load(experiment.root)
    metrics: dict[str, Any] = json.loads((experiment.best / "metrics.json").read_text())
    table = results.finalists
    s = _seeds_apart(experiment.root.parent, seed)
    of_winner, test = metrics["finalists"], metrics["test"]
    p, mean, repeats = test["accuracy"], of_winner["mean"], of_winner["repeats"]
    sampling = p * (1 - p) * (1 / metrics["val"]["count"] + 1 / test["count"])
    error = math.sqrt(sampling + s**2 * (1 + 1 / repeats))
    print(f"seed {seed}")
    print(table.drop(columns="seconds").to_string(index=False, float_format="%.4f"))
    print(
        f"winner {of_winner['trial']}: val mean {mean:.4f}, test {p:.4f}, apart {mean - p:+.4f} = "
        f"{(mean - p) / error:+.2f} SE of {error:.4f} (s {s:.4f})\n",
        flush=True,
    )
    return abs(mean - p) <= 2 * error


def _seeds_apart(storage: Path, seed: int) -> float:
    """Standard deviation of a configuration's score between seeds, pooled over a search."""
    reruns = load(storage / f"seed{seed}").reruns
    return math.sqrt(float(reruns.groupby(reruns["trial"].map(trial_of))["score"].var().mean()))


def _of_the_luckiest(root: Path) -> float:
    """The optimism of the trial that the search alone would have taken."""
    table = load(root).finalists
    return float(table.sort_values("search_score", ascending=False)["optimism"].iloc[0])


def _list(values: list[float]) -> str:
    return ", ".join(f"{value:+.4f}" for value in values)


if __name__ == "__main__":
    main()
