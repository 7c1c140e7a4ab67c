"""Whose best score rises fastest? Samplers and schedulers on recorded learning curves.

    python tests/benchmarks/laboratory/compare.py [--tasks mnist,cifar10] [--slots 1,2,4,16]
        [--players default,asha,stock,random] [--seeds 30] [--budget 40] [--figures DIR]

Every player is a sampler with a scheduler: `default` (what a search takes when nothing is said),
`stock` (Ray's OptunaSearch and ASHA, untouched), `random` (random search, nothing stopped),
`asha` (with the default sampler), or a pair such as `gp+none`. The budget is in full-length
trainings. Regret: by how much the logarithm of the incumbent's true error is above that of the best
of 10,000 random configurations, divided by how much a median one's is. Printed: its interquartile
mean over seeds at the budget's end and on average on the way, with 95 % bootstrap intervals, and
the part of the samples that reaches random search's final level: of that regret, which nobody sees
who searches, and (`shown`) of the best score that the search has shown, luck and all.
"""

from __future__ import annotations

import argparse
import inspect
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import optuna

sys.path.insert(0, str(Path(__file__).resolve().parents[3]))

from tests.benchmarks.laboratory.recipes import EPOCHS, RECIPES
from tests.benchmarks.laboratory.simulate import Course, Player, ours, random, simulate, stock
from tests.benchmarks.laboratory.surrogate import Surrogate
from tuning.request import make_plan

RESAMPLES = 2000
_DEFAULTS = inspect.signature(make_plan).parameters
SAMPLER, SCHEDULER = _DEFAULTS["sampler"].default, _DEFAULTS["scheduler"].default


def main() -> None:
    """Simulate, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tasks", default=",".join(RECIPES))
    parser.add_argument("--slots", default="1,2,4,16")
    parser.add_argument("--players", default="default,asha,stock,random")
    parser.add_argument("--seeds", type=int, default=30)
    parser.add_argument("--budget", type=int, default=40, help="full-length trainings")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--figures", type=Path, help="where figures go")
    options = parser.parse_args()
    players = options.players.split(",")
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        for task in options.tasks.split(","):
            fit = _surrogate(task).fit()
            print(
                f"\n{task}: surrogate off by {fit.error:.3f} in log error on what it has not seen, "
                f"two seeds by {fit.seeds:.3f}, a mean by {fit.spread:.3f}; rank correlation "
                f"{fit.rank:.2f}"
            )
            for slots in map(int, options.slots.split(",")):
                found = {}
                for player in players:
                    run = partial(_course, task, player, slots, options.budget * EPOCHS)
                    found[player] = list(pool.map(run, range(options.seeds)))
                _print(task, slots, found)
                if options.figures:
                    _draw(task, slots, found, options.figures)


def player_of(name: str, task: str, seed: int) -> Player:
    """The player of this name, fresh."""
    recipe = RECIPES[task]
    if name == "stock":
        return stock(recipe, seed)
    if name == "random":
        return random(recipe, seed)
    named = {"default": (SAMPLER, SCHEDULER), "asha": (SAMPLER, "asha")}
    sampler, scheduler = named[name] if name in named else name.split("+")
    return ours(recipe, seed, sampler=sampler, scheduler=scheduler)


@cache
def _surrogate(task: str) -> Surrogate:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    return Surrogate(RECIPES[task])


def _course(task: str, player: str, slots: int, epochs: int, seed: int) -> Course:
    surrogate = _surrogate(task)
    return simulate(surrogate, RECIPES[task], player_of(player, task, seed), slots, epochs)


def regret(task: str, courses: list[Course]) -> np.ndarray:
    """Normalised: [seeds, epochs]."""
    surrogate = _surrogate(task)
    truth = np.array([course.truth for course in courses])
    return (surrogate.best - truth) / (surrogate.best - surrogate.median)


def shown(courses: list[Course]) -> np.ndarray:
    """The logarithm of the least error that was reported so far: [seeds, epochs]."""
    gains = [[gain for _, _, gain in course.reports] for course in courses]
    return -np.maximum.accumulate(np.array(gains), 1)


def middle(values: np.ndarray) -> np.ndarray:
    """The interquartile mean over the first axis (R. Agarwal et al., NeurIPS 2021)."""
    count = len(values)
    cut = count // 4
    inner: np.ndarray = np.sort(values, 0)[cut : count - cut].mean(0)
    return inner


def interval(values: np.ndarray) -> tuple[float, float, float]:
    """The interquartile mean of one number a seed, and its 95 % bootstrap interval."""
    draw = np.random.default_rng(0)
    means = [middle(draw.choice(values, len(values))) for _ in range(RESAMPLES)]
    low, high = np.percentile(means, (2.5, 97.5))
    return float(middle(values)), float(low), float(high)


def _print(task: str, slots: int, found: dict[str, list[Course]]) -> None:
    print(f"{task}, {slots} slots")
    print(
        f"  {'':16} {'regret at the end':26} {'on average':26} {'samples':9} {'seconds':9} "
        f"{'shown':9} trials"
    )
    level = level_shown = None
    if "random" in found:
        level = middle(regret(task, found["random"]))[-1]
        level_shown = middle(shown(found["random"]))[-1]
    for player, courses in found.items():
        values = regret(task, courses)
        at_end, on_way = interval(values[:, -1]), interval(values.mean(1))
        samples, seconds = _to_level(values, courses, level)
        samples_shown, _ = _to_level(shown(courses), courses, level_shown)
        trials = np.median([course.trials for course in courses])
        print(
            f"  {player:16} {_said(at_end):26} {_said(on_way):26} {samples:9} {seconds:9} "
            f"{samples_shown:9} {trials:.0f}",
            flush=True,
        )


def _to_level(values: np.ndarray, courses: list[Course], level: Any) -> tuple[str, str]:
    """The part of the samples, and the simulated seconds, until random's final level is reached."""
    curve = middle(values)
    if level is None or not (curve <= level).any():
        return "-", "-"
    at = int((curve <= level).argmax())
    seconds = np.median([course.seconds[at] for course in courses])
    return f"{(at + 1) / len(curve):.2f}", f"{seconds:.0f}"


def _said(interval: tuple[float, float, float]) -> str:
    return "{:.3f} ({:.3f} to {:.3f})".format(*interval)


def _draw(task: str, slots: int, found: dict[str, list[Course]], folder: Path) -> None:
    matplotlib.use("Agg")
    from matplotlib import pyplot

    folder.mkdir(parents=True, exist_ok=True)
    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4), sharey=True)
    for player, courses in found.items():
        curve = middle(regret(task, courses))
        seconds = np.median([course.seconds for course in courses], 0)
        axes[0].plot(np.arange(1, len(curve) + 1) / EPOCHS, curve, label=player)
        axes[1].plot(seconds, curve, label=player)
    for axis, label in zip(axes, ("full-length trainings", "simulated seconds"), strict=True):
        axis.set(xlabel=label, yscale="log")
        axis.grid(alpha=0.3)
    axes[0].set_ylabel("normalised regret")
    axes[0].legend()
    axes[0].set_title(f"{task}, {slots} slots, {len(courses)} seeds")
    figure.tight_layout()
    figure.savefig(folder / f"{task}-{slots}.png", dpi=120)
    pyplot.close(figure)


if __name__ == "__main__":
    main()
