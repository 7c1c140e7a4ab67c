"""One search on a surrogate, in simulated time: Tune's part is played, everything else is real.

What proposes and what stops are the very objects of a search: `TrialFeed`, `StudyTrials`, the
sampler, the scheduler; for comparison Ray's own `OptunaSearch` and `ASHAScheduler`. They are told
of each epoch in the order in which trials on so many slots would come to it, as Tune's controller
tells them.
"""

from __future__ import annotations

import heapq
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Protocol

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning
from ray.tune.schedulers import ASHAScheduler, FIFOScheduler, TrialScheduler
from ray.tune.search.optuna import OptunaSearch

from tests.benchmarks.laboratory.book import Book
from tests.benchmarks.laboratory.recipes import EPOCHS, Recipe
from tests.benchmarks.laboratory.surrogate import Surrogate
from tuning.constraints import Limits
from tuning.request import make_plan
from tuning.rungs import rungs_of
from tuning.samplers import make_sampler
from tuning.schedulers import make_scheduler
from tuning.searcher import TrialFeed
from tuning.shown import Shown
from tuning.study_trials import StudyTrials

Size = Callable[[dict[str, Any]], float]
SECOND = "parameters:min"
MANY = 100_000  # trials: the epochs end it


class Proposer(Protocol):
    """A searcher as Tune knows one."""

    def suggest(self, trial_id: str) -> Any: ...

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None: ...

    def on_trial_complete(self, trial_id: str, result: dict[str, Any]) -> None: ...


@dataclass
class Player:
    """A searcher and a scheduler that go together.

    Attributes:
        trial: (suggestion, Ray's id) -> the trial's own id, seed and parameters.
        line: () -> told of an epoch before the others are.
    """

    searcher: Proposer
    scheduler: TrialScheduler
    trial: Callable[[Any, str], tuple[str, int, dict[str, Any]]]
    line: Callable[[str, dict[str, Any]], None]


@dataclass(frozen=True)
class Course:
    """What a search came to, epoch by epoch.

    Attributes:
        truth: the true gain of the best trial by then, at the epoch of its best report.
        seconds: simulated, when the epoch ended.
        trials: begun in all. configs: of those that came to their full length.
        reports: every epoch's trial, configuration and gain as it was reported.
    """

    truth: np.ndarray
    seconds: np.ndarray
    trials: int
    configs: tuple[dict[str, Any], ...] = ()
    reports: tuple[tuple[str, dict[str, Any], float], ...] = ()


def ours(
    recipe: Recipe,
    seed: int,
    *,
    sampler: str,
    scheduler: str,
    size: Size | None = None,
    trials: int = MANY,
) -> Player:
    """The search as it is, its study in memory.

    Args:
        size: (config) -> a network's numbers, the fewest of which are a second aim. None: one aim.
        trials: that its sampler reckons with.
    """
    metric, direction = recipe.space.metric, recipe.space.direction
    plan = make_plan(
        recipe.name,
        storage=Path("nowhere"),
        name="simulated",
        settings=list(recipe.settings),
        trials=MANY,
        max_epochs=EPOCHS,
        sampler=sampler,
        scheduler=scheduler,
        finalists=0,
        concurrency=1,
        gpus_per_trial=0.0,
        seed=seed,
        objectives=None if size is None else f"{metric}:{direction},{SECOND}",
    )
    plan = replace(plan, space=replace(recipe.space, trials=MANY))
    book = Book(plan.space.metric, plan.space.direction, plan.objectives)
    rungs = rungs_of(plan, book.statuses)
    aims = [aim.direction for aim in plan.objectives] or [direction]
    study = optuna.create_study(
        directions=["maximize" if aim == "max" else "minimize" for aim in aims],
        sampler=make_sampler(sampler, trials, seed=seed, fresh_seed=seed),
    )
    if rungs is not None:
        study.sampler = Shown(study.sampler, rungs.waiting)
    source = StudyTrials(plan, study, book, Limits((), plan.space.task, None))  # type: ignore[arg-type]

    def line(name: str, result: dict[str, Any]) -> None:
        numbers = {"parameters": size(book.configs[name])} if size is not None else {}
        book.lines[name].append(result | numbers)

    feed = TrialFeed(plan, source, book, rungs)  # type: ignore[arg-type]
    return Player(
        feed,
        make_scheduler(plan, {}, rungs),
        lambda suggestion, ray_id: (
            suggestion["trial"],
            suggestion["legs"][0]["seed"],
            suggestion["legs"][0]["config"],
        ),
        line,
    )


def stock(recipe: Recipe, seed: int) -> Player:
    """Ray's own bridge to Optuna with its defaults, and Ray's own ASHA with its."""
    space = recipe.space
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)
        searcher = OptunaSearch(
            dict(space.distributions), metric=space.metric, mode=space.direction, seed=seed
        )
    scheduler = ASHAScheduler("epoch", space.metric, space.direction, max_t=EPOCHS)
    defaults = space.baseline

    def trial(suggestion: Any, ray_id: str) -> tuple[str, int, dict[str, Any]]:
        number = int(ray_id.rpartition("_")[2])
        config = space.existing({**defaults, **suggestion})
        return ray_id, seed * 100_003 + number, config

    return Player(searcher, scheduler, trial, lambda name, line: None)


def random(recipe: Recipe, seed: int) -> Player:
    """Random search as it is meant: every trial at full length."""
    player = ours(recipe, seed, sampler="random", scheduler="none")
    player.scheduler = FIFOScheduler()
    return player


def simulate(
    surrogate: Surrogate, recipe: Recipe, player: Player, slots: int, epochs: int
) -> Course:
    """Run it until so many epochs were trained in all."""
    metric = recipe.space.metric
    busy: list[tuple[float, int, Any, int]] = []  # when an epoch ends, tie-break, trial, epoch
    reached: dict[str, int] = {}  # epochs of each trial
    curves: dict[str, np.ndarray] = {}
    best, best_truth, now, begun = -np.inf, np.nan, 0.0, 0
    whole: list[dict[str, Any]] = []
    reports: list[tuple[str, dict[str, Any], float]] = []
    truths: list[float] = []
    seconds: list[float] = []
    while len(truths) < epochs:
        while len(busy) < slots:
            ray_id = f"ray_{begun}"
            suggestion = player.searcher.suggest(ray_id)
            if not isinstance(suggestion, dict):
                break
            begun += 1
            name, seed, config = player.trial(suggestion, ray_id)
            if name not in curves:
                curves[name] = surrogate.train(config, seed)
            trial = SimpleNamespace(
                trial_id=ray_id,
                config=suggestion,
                stopping_criterion={},
                name=name,
                parameters=config,
                truth=surrogate.truth(config),
                each=surrogate.seconds(config),
            )
            player.scheduler.on_trial_add(None, trial)
            heapq.heappush(busy, (now + trial.each, begun, trial, reached.get(name, 0) + 1))
        now, order, trial, epoch = heapq.heappop(busy)
        reached[trial.name] = epoch
        gain = float(curves[trial.name][epoch - 1])
        reports.append((trial.name, trial.parameters, gain))
        if gain > best:
            best, best_truth = gain, float(trial.truth[epoch - 1])
        truths.append(best_truth)
        seconds.append(now)
        if epoch == EPOCHS:
            whole.append(trial.parameters)
        if _tell(player, metric, trial, epoch, float(surrogate.score(gain))):
            heapq.heappush(busy, (now + trial.each, order, trial, epoch + 1))
    return Course(np.array(truths), np.array(seconds), len(curves), tuple(whole), tuple(reports))


def _tell(player: Player, metric: str, trial: Any, epoch: int, score: float) -> bool:
    """As Tune's controller does: first the scheduler, then the searcher; whether it goes on."""
    done = epoch == EPOCHS
    result = {metric: score, "epoch": epoch, "training_iteration": epoch, "finished": done}
    player.line(trial.name, result)
    if not done:
        decision = player.scheduler.on_trial_result(None, trial, result)
        if decision == TrialScheduler.CONTINUE:
            player.searcher.on_trial_result(trial.trial_id, result)
            return True
    player.scheduler.on_trial_complete(None, trial, result)
    player.searcher.on_trial_complete(trial.trial_id, result=result)
    return False
