"""Who proposes configurations: Optuna's samplers."""

from __future__ import annotations

import warnings
from typing import Any

from optuna.exceptions import ExperimentalWarning
from optuna.samplers import (
    BaseSampler,
    BruteForceSampler,
    CmaEsSampler,
    GPSampler,
    NSGAIISampler,
    QMCSampler,
    RandomSampler,
    TPESampler,
)
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial

from search_spaces.points import continuous, numbers
from search_spaces.space import SearchSpace
from trainables.errors import BadInput

_MOST_STARTS = 10  # random trials before a model is built
_MOST_IN_A_GENERATION = 50
_LEAST_NUMBERS = 2  # for a covariance


def make_sampler(name: str, trials: int, *, seed: int, fresh_seed: int) -> BaseSampler:
    """A sampler for a search of so many trials.

    - `tpe`: J. Bergstra et al., NeurIPS 2011; it models all parameters jointly, grouped because
      conditional ones exist only in some trials. A fifth of the trials are random starts, at least
      4, at most 10, as for `gp`.
    - `gp`: a Gaussian process with expected improvement (J. Snoek et al., NeurIPS 2012).
    - `cmaes`: N. Hansen, "The CMA Evolution Strategy: A Tutorial", 2016; categories are random.
    - `qmc`: Sobol's sequence, scrambled (A. B. Owen, 1998).
    - `nsga2`: K. Deb et al., 2002.
    - `grid`: every point once in random order; once all were tried, points at random.

    Args:
        seed: the same each time a search is resumed. fresh_seed: another one each time, or a
            resumed search would draw its first random configurations again.
    """
    starts = min(_MOST_STARTS, max(4, trials // 5))
    random = RandomSampler(seed=fresh_seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # Optuna's word for a young class
        match name:
            case "tpe":
                return TPESampler(
                    seed=fresh_seed, n_startup_trials=starts, multivariate=True, group=True
                )
            case "gp":
                return GPSampler(
                    seed=fresh_seed, n_startup_trials=starts, independent_sampler=random
                )
            case "cmaes":
                return _CmaEs(
                    seed=fresh_seed,
                    independent_sampler=random,
                    consider_pruned_trials=True,
                    warn_independent_sampling=False,
                )
            case "qmc":
                return QMCSampler(
                    seed=seed,
                    scramble=True,
                    independent_sampler=random,
                    warn_independent_sampling=False,
                )
            case "random":
                return random
            case "grid":
                return _Grid(seed=fresh_seed)
            case "nsga2":
                size = min(_MOST_IN_A_GENERATION, max(4, trials // 5))
                return NSGAIISampler(seed=fresh_seed, population_size=size)
    raise AssertionError(name)  # the command line has checked it


def check_sampler(name: str, space: SearchSpace, *, aims: int = 1) -> None:
    """Raise BadInput where a sampler cannot do a space, or so many aims."""
    if name == "cmaes" and aims > 1:
        raise BadInput("--sampler cmaes: does one aim only; for --objectives take tpe or nsga2")
    if name == "grid" and (unbounded := continuous(space)):
        first = unbounded[0]
        raise BadInput(
            f"--sampler grid: {', '.join(unbounded)}: a continuous range has no grid; give values, "
            f"such as --set {first}=A,B,C, or take another sampler"
        )
    if name == "cmaes" and len(found := numbers(space)) < _LEAST_NUMBERS:
        raise BadInput(
            f"--sampler cmaes: needs {_LEAST_NUMBERS} or more ranges of numbers that exist in "
            f"every trial, here are {len(found)}{': ' if found else ''}{', '.join(found)}; tpe "
            "takes any space"
        )


class _Grid(BruteForceSampler):
    """Optuna's own for every point of a space with conditions; the search ends by its trials."""

    def after_trial(self, *_: Any, **named: Any) -> None:
        """Nothing: Optuna's stops a loop of its own here, which we do not have."""


class _CmaEs(CmaEsSampler):
    """CMA-ES whose state comes from the trials, each time it is asked.

    Optuna's keeps it in the study as a pickle, which would be loaded from a stranger's journal.
    Every generation is the same after the same solutions, so telling them again makes it anew.
    """

    def _restore_optimizer(self, completed_trials: list[FrozenTrial]) -> None:
        self._told = completed_trials

    def _init_optimizer(self, trans: Any, direction: StudyDirection) -> Any:
        optimizer = super()._init_optimizer(trans, direction)
        size, sign = optimizer.population_size, 1 if direction == StudyDirection.MINIMIZE else -1
        while True:
            told = self._get_solution_trials(self._told, optimizer.generation)[:size]
            if len(told) < size:
                return optimizer
            values = [trial.value for trial in told if trial.value is not None]
            places = [trans.transform(trial.params) for trial in told]
            optimizer.tell([(x, sign * y) for x, y in zip(places, values, strict=True)])

    def _split_optimizer_str(self, optimizer_str: str) -> dict[str, str]:
        return {}  # nothing is written either

    def after_trial(self, *_: Any, **named: Any) -> None:
        """Nothing: Optuna's warns of each trial that a constraint teaches it nothing."""
