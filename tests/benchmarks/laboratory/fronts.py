"""Two aims on a recorded task: how much of the plane do the fronts that samplers find dominate?

    python tests/benchmarks/laboratory/fronts.py [--tasks mnist,cifar10] [--trials 60] [--seeds 30]

The aims are the score and the fewest parameters; nothing is stopped early, so equal trials are
equal samples. Scores are true ones, from a median configuration's (0) to the best (1), sizes
logarithmic, from the largest network of the space (0) to the smallest (1): the hypervolume lies
between 0 and 1. Printed: its interquartile mean over seeds, with a 95 % bootstrap interval.
"""

from __future__ import annotations

import argparse
import math
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import optuna

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.benchmarks.laboratory.compare import interval
from tests.benchmarks.laboratory.recipes import EPOCHS, RECIPES
from tests.benchmarks.laboratory.record import configurations
from tests.benchmarks.laboratory.simulate import ours, simulate
from tests.benchmarks.laboratory.surrogate import Surrogate
from trainables.data.splits import ImageMeta
from trainables.measures import measured

SAMPLERS = ("random", "tpe", "nsga2")
CLASSES = tuple(map(str, range(10)))
METAS = {
    "mnist": ImageMeta(28, 28, 1, CLASSES, (33.0,), (78.0,)),
    "cifar10": ImageMeta(32, 32, 3, CLASSES, (125.0,) * 3, (63.0,) * 3),
}


def main() -> None:
    """Search, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", default=",".join(METAS))
    parser.add_argument("--trials", type=int, default=60)
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for task in options.tasks.split(","):
            for sampler in SAMPLERS:
                run = partial(_hypervolume, task, sampler, options.slots, options.trials)
                found = interval(np.array(list(pool.map(run, range(options.seeds)))))
                print(f"{task:12} {sampler:8} " + "{:.3f} ({:.3f} to {:.3f})".format(*found))
                sys.stdout.flush()


@cache
def _size(task: str, config: tuple[tuple[str, Any], ...]) -> float:
    found = RECIPES[task].space.task
    return measured(found.network(found.Config(**dict(config)), METAS[task]))["parameters"]


def size(task: str, config: dict[str, Any]) -> float:
    """The numbers of a configuration's network."""
    return _size(task, tuple(sorted(config.items())))


@cache
def _known(task: str) -> tuple[Surrogate, float, float]:
    """The surrogate, and the smallest and the largest network of many."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    sizes = [size(task, config) for config in configurations(RECIPES[task].space, 500)]
    return Surrogate(RECIPES[task]), min(sizes), max(sizes)


def _hypervolume(task: str, sampler: str, slots: int, trials: int, seed: int) -> float:
    surrogate, smallest, largest = _known(task)
    recipe = RECIPES[task]
    sized = partial(size, task)
    player = ours(recipe, seed, sampler=sampler, scheduler="none", size=sized, trials=trials)
    course = simulate(surrogate, recipe, player, slots, trials * EPOCHS)
    points = []
    for config in course.configs:
        score = (float(surrogate.truth(config)[-1]) - surrogate.median) / (
            surrogate.best - surrogate.median
        )
        small = math.log(largest / size(task, config)) / math.log(largest / smallest)
        points.append((score, small))
    return dominated(points)


def dominated(points: list[tuple[float, float]]) -> float:
    """The area that points dominate within the unit square, more being better in both."""
    area, reached = 0.0, 0.0
    clipped = [(min(max(a, 0.0), 1.0), min(max(b, 0.0), 1.0)) for a, b in points]
    for first, second in sorted(clipped, reverse=True):
        if second > reached:
            area += first * (second - reached)
            reached = second
    return area


if __name__ == "__main__":
    main()
