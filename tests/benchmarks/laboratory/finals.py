"""What finalists are worth: the default search with its re-runs, against random search's level.

    python tests/benchmarks/laboratory/finals.py [--tasks mnist,cifar10] [--slots 2] [--seeds 60]

`compare.py` takes the luckiest trial for the incumbent, as every tuner does that knows no better.
Here a search stops early enough that its best three and the baseline, three times each, are paid
for out of the same budget, and the best mean of the re-runs wins. Printed: the regret of the
winner's true error by the budget in full-length trainings, and the first budget at which it is no
more than that of random search after 40 of them, without and with finalists of its own.
"""

from __future__ import annotations

import argparse
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.benchmarks.laboratory.compare import _said, _surrogate, interval, middle, player_of
from tests.benchmarks.laboratory.recipes import EPOCHS, RECIPES
from tests.benchmarks.laboratory.simulate import Course, simulate

FINALISTS, REPEATS = 3, 3
COST = (FINALISTS + 1) * REPEATS  # trainings, the baseline's among them
WHOLE = 40
BUDGETS = (14, 16, 18, 20, 24, 28, 32, 36, WHOLE)


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", default=",".join(RECIPES))
    parser.add_argument("--slots", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=60)
    parser.add_argument("--processes", type=int, default=2)
    options = parser.parse_args()
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for task in options.tasks.split(","):
            seeds = range(options.seeds)
            level = None
            for player in ("random", "default", "stock"):
                run = partial(_regrets, task, player, options.slots)
                plain, final = map(np.array, zip(*pool.map(run, seeds), strict=True))
                if level is None:
                    level = float(middle(plain)[-1])
                    print(f"\n{task}, {options.slots} slots: random search comes to {level:.3f}")
                for name, values in (("the luckiest", plain), ("the best mean", final)):
                    curve = middle(values)
                    reached = [b for b, v in zip(BUDGETS, curve, strict=True) if v <= level]
                    first = f"{reached[0] / WHOLE:.2f}" if reached else "never"
                    shown = " ".join(f"{value:.3f}" for value in curve)
                    said = _said(interval(values[:, -1]))
                    print(f"  {player:8} {name:14} {shown}; {said}; level at {first}", flush=True)


def _regrets(task: str, player: str, slots: int, seed: int) -> tuple[list[float], list[float]]:
    """By budget, of the luckiest trial and of the best finalist."""
    surrogate = _surrogate(task)
    course = simulate(
        surrogate, RECIPES[task], player_of(player, task, seed), slots, WHOLE * EPOCHS
    )
    span = surrogate.best - surrogate.median
    plain = [float(course.truth[budget * EPOCHS - 1]) for budget in BUDGETS]
    final = [_winner(task, course, (budget - COST) * EPOCHS, seed) for budget in BUDGETS]
    return [(surrogate.best - v) / span for v in plain], [
        (surrogate.best - v) / span for v in final
    ]


def _winner(task: str, course: Course, epochs: int, seed: int) -> float:
    """The true gain of the configuration with the best mean of its re-runs."""
    surrogate = _surrogate(task)
    best: dict[str, float] = {}
    configs = {}
    for name, config, gain in course.reports[:epochs]:
        best[name], configs[name] = max(gain, best.get(name, -np.inf)), config
    chosen = sorted(best, key=lambda name: -best[name])[:FINALISTS]
    found = []
    for place, name in enumerate(chosen):
        seeds = [1_000_003 * (seed + 1) + 1000 * place + repeat for repeat in range(REPEATS)]
        means = np.mean([surrogate.train(configs[name], s).max() for s in seeds])
        found.append((float(means), float(surrogate.truth(configs[name]).max())))
    return max(found)[1]


if __name__ == "__main__":
    main()
