"""Record the laboratory's learning curves: fixed configurations, trained to the end, twice each.

    python tests/benchmarks/laboratory/record.py TASK --data DIR [--processes 2]

DIR holds `MNIST/`, `cifar10/` (a tree of pictures) and `ETTh1.csv`. A task takes about half an
hour on two cores. The configurations come from the space's own distributions, the baseline first;
what is in the table already is not trained again. A line of the table is one training: its
configuration's number, seed, parameters, the metric after each epoch (null: it diverged), and the
seconds an epoch took.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import optuna

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from search_spaces.space import SearchSpace
from tests.benchmarks.laboratory.recipes import CONFIGURATIONS, EPOCHS, RECIPES, SEEDS
from trainables.data.splits import Splits
from trainables.errors import NonFiniteLoss
from trainables.files import append_line, cut_torn_line, read_lines
from trainables.task import begin

DIGITS = 5  # of a score


def main() -> None:
    """Train what the table lacks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("task", choices=RECIPES)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    recipe = RECIPES[options.task]
    recipe.table.parent.mkdir(exist_ok=True)
    cut_torn_line(recipe.table)
    known = {(line["number"], line["seed"]) for line in read_lines(recipe.table)}
    wanted = [
        (number, seed, config)
        for number, config in enumerate(configurations(recipe.space, CONFIGURATIONS))
        for seed in SEEDS
        if (number, seed) not in known
    ]
    started = time.monotonic()
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        done = [pool.submit(_train, options.task, options.data, *each) for each in wanted]
        for count, future in enumerate(as_completed(done), 1):
            append_line(recipe.table, future.result())
            if count % 20 == 0 or count == len(done):
                minutes = (time.monotonic() - started) / 60
                print(f"{count} of {len(done)} after {minutes:.1f} minutes", flush=True)


def configurations(space: SearchSpace, count: int) -> list[dict[str, Any]]:
    """The baseline, and others at random from the space's distributions; always the same."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    return [space.baseline, *(space.sample(study.ask()) for _ in range(count - 1))]


@cache
def _data(task: str, data: Path) -> Splits:
    return RECIPES[task].load(data)


def _train(task: str, data: Path, number: int, seed: int, config: dict[str, Any]) -> dict[str, Any]:
    space = RECIPES[task].space
    trainer = begin(space.task, config, _data(task, data), device="cpu", seed=seed, threads=1)
    scores: list[float | None] = []
    seconds = 0.0
    while len(scores) < EPOCHS:
        try:
            result = trainer.run_epoch()
        except NonFiniteLoss:
            scores += [None] * (EPOCHS - len(scores))
            break
        score = float(result[space.metric])
        scores.append(round(score, DIGITS) if math.isfinite(score) else None)
        seconds += float(result["seconds"])
    searched = space.searched(config)
    each = round(seconds / max(1, trainer.epoch), 3)
    return {"number": number, "seed": seed, "config": searched, "scores": scores, "seconds": each}


if __name__ == "__main__":
    main()
