"""Which parameters mattered, by Optuna's own evaluators.

fANOVA: how much of the score's variance over the whole space each parameter makes by itself; what
is left is what several make together, and noise (F. Hutter, H. Hoos, K. Leyton-Brown, "An
Efficient Approach for Assessing Hyperparameter Importance", ICML 2014). PED-ANOVA: how much the
choice of each decided which trials came out on top (S. Watanabe, A. Bansal, F. Hutter, "PED-ANOVA:
Efficiently Quantifying Hyperparameter Importance in Arbitrary Subspaces", IJCAI 2023). What lets a
trial learn at all weighs much in the first; what makes good trials better, in the second.

The study is made anew from the frames, so neither its journal nor Ray is needed.

- Stopped trials count, with the best score that they reached: it is those that learn badly, and
  without them what decides whether one learns would not seem to matter.
- A number on a logarithmic scale is taken by its logarithm, for the evaluators weigh all parts of a
  range alike.
- A score far beyond most is taken as the end of what figures show (`spread.view`), lest one
  trial that diverged be all the variance.
- A parameter that exists under a condition: PED-ANOVA knows of such. fANOVA wants a value from
  every trial, so where there is none it gets the middle of the range, or the first choice.
- Of several aims it is the first one's score. A baseline outside the ranges is left out, as are
  trials of a population that went on with another's weights.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import optuna
import pandas as pd
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from analysis.frames.load import Results
from analysis.frames.searched import Searched, searched
from analysis.frames.spread import view

FEWEST = 10  # trials below which nothing is said: the best half of them would be 5
BEST = 5  # trials among the best that PED-ANOVA asks for, as Optuna documents it
TOP = 0.1  # of all trials, which those are where there are enough
PER_PARAMETER = 10  # trials: J. Loeppky, J. Sacks, W. Welch, "Choosing the Sample Size of a
# Computer Experiment: A Practical Guide", Technometrics 2009

_REPEATS, _KEPT = 8, 0.8  # of the jackknife
_TREES, _DEPTH = 8, 8  # of each repeat's forest: together as many trees as Optuna's one has
_MOST = 500  # trials in a forest; its time grows with their square
_COLUMNS = ["parameter", "method", "importance", "error", "trials"]


def enough(parameters: int) -> int:
    """How many trials would do for so many parameters."""
    return max(round(BEST / TOP), PER_PARAMETER * parameters)


def importance(results: Results) -> pd.DataFrame:
    """A row a parameter and method, the weightiest first; of few trials (`FEWEST`) none.

    Returns:
        `parameter`; `method`: `PED-ANOVA` or `fANOVA`; `importance`: of PED-ANOVA a share of 1 in
        all, of fANOVA the part of the score's variance, which come to 1 at most; `error`: its
        standard error, by the delete-d jackknife (J. Shao, C. Wu, Annals of Statistics 1989: 8
        times, a fifth of the trials left out), of fANOVA with the forest's seed changed as well;
        `trials`: that have the parameter. Empty, too, where all scores are the same or fewer than
        two parameters were searched.
    """
    parameters, places, scores = known(results)
    if len(scores) < FEWEST or np.ptp(scores) == 0 or len(parameters) < 2:
        return pd.DataFrame(columns=_COLUMNS)
    better = results.plan["direction"]
    sign = StudyDirection.MAXIMIZE if better == "max" else StudyDirection.MINIMIZE
    rng = np.random.default_rng(0)
    kept = [rng.permutation(len(scores))[: round(_KEPT * len(scores))] for _ in range(_REPEATS)]
    whole = _ped_anova(parameters, places, scores, sign)
    parts = [_ped_anova(parameters, places.iloc[k], scores[k], sign) for k in kept]
    filled = pd.DataFrame(
        {p.name: places[p.name].fillna(_middle(p)) for p in parameters}, index=places.index
    )
    forests = [
        _evaluate(
            optuna.importance.FanovaImportanceEvaluator(
                n_trees=_TREES, max_depth=_DEPTH, seed=seed
            ),
            parameters,
            filled.iloc[k[:_MOST]],
            scores[k[:_MOST]],
            sign,
            normalize=False,
        )
        for seed, k in enumerate(kept)
    ]
    rows = []
    spread = math.sqrt(_KEPT / (1 - _KEPT))
    for method, mean, repeats in (
        ("PED-ANOVA", whole, parts),
        ("fANOVA", pd.DataFrame(forests).mean(), forests),
    ):
        errors = spread * pd.DataFrame(repeats).std(ddof=0)
        for name in mean.sort_values(ascending=False, kind="stable").index:
            count = int(places[name].notna().sum())
            rows.append((name, method, float(mean[name]), float(errors[name]), count))
    return pd.DataFrame(rows, columns=_COLUMNS)


def explained(results: Results) -> float:
    """How much of the variance of scores a forest knows of trials that it has not seen, R².

    fANOVA says what a forest has learned: where that is nothing, its bars are of nothing. 1 is all;
    0 or less, nothing. NaN where `importance` is empty.
    """
    parameters, places, scores = known(results)
    if len(scores) < FEWEST or np.ptp(scores) == 0 or len(parameters) < 2:
        return math.nan
    from sklearn.ensemble import RandomForestRegressor  # half a second, of no use to few trials

    filled = pd.DataFrame({p.name: places[p.name].fillna(_middle(p)) for p in parameters})
    choices = [p.name for p in parameters if p.choices]
    inputs = pd.get_dummies(filled, columns=choices).to_numpy(np.float64)
    forest = RandomForestRegressor(n_estimators=100, oob_score=True, random_state=0)
    return float(forest.fit(inputs, scores).oob_score_)


def known(results: Results) -> tuple[list[Searched], pd.DataFrame, np.ndarray]:
    """The parameters that any such trial has, their places on their axes, and the scores.

    A column a parameter, a row a trial, NaN where it has it not.
    """
    trials = results.trials
    trials = trials[trials["state"].isin(["COMPLETE", "PRUNED"]) & trials["score"].notna()]
    trials = trials[trials["parent"].fillna("") == ""].reset_index(drop=True)
    parameters = searched(results.plan)
    places = pd.DataFrame({p.name: p.positions(trials) for p in parameters}, index=trials.index)
    within = pd.Series(True, index=trials.index)
    for p in parameters:
        if not p.choices:
            within &= places[p.name].isna() | places[p.name].between(p.low, p.high)
            places[p.name] = np.log10(places[p.name]) if p.log else places[p.name]
            places[p.name] = places[p.name].clip(*_range(p))  # a logarithm may round to beyond
    places, scores = places[within], trials["score"].to_numpy(np.float64)[within.to_numpy()]
    parameters = [p for p in parameters if places[p.name].notna().any()]
    if (seen := view(scores, results.plan["direction"])) is not None:
        scores = np.clip(scores, *seen)
    return parameters, places[[p.name for p in parameters]].reset_index(drop=True), scores


def _ped_anova(
    parameters: list[Searched], places: pd.DataFrame, scores: np.ndarray, sign: StudyDirection
) -> pd.Series:
    top = max(TOP, BEST / len(scores))
    evaluator = optuna.importance.PedAnovaImportanceEvaluator(target_quantile=min(top, 0.9))
    return _evaluate(evaluator, parameters, places, scores, sign, normalize=True)


def _evaluate(
    evaluator: optuna.importance.BaseImportanceEvaluator,
    parameters: list[Searched],
    places: pd.DataFrame,
    scores: np.ndarray,
    sign: StudyDirection,
    *,
    normalize: bool,
) -> pd.Series:
    """What an evaluator says of every parameter; 0 of one that none of these trials has."""
    distributions = {p.name: _distribution(p) for p in parameters}
    found = dict.fromkeys(distributions, 0.0)
    if np.ptp(scores) == 0:
        return pd.Series(found)
    trials = []
    for row, score in zip(places.to_dict("records"), scores, strict=True):
        params = {
            str(name): int(place) if isinstance(distributions[str(name)], CategoricalDistribution)
            else float(place)
            for name, place in row.items()
            if not math.isnan(place)
        }  # fmt: skip
        own = {name: distributions[name] for name in params}
        trials.append(
            create_trial(
                state=TrialState.COMPLETE, value=float(score), params=params, distributions=own
            )
        )
    with _quiet():
        study = optuna.create_study(direction=sign)
        study.add_trials(trials)
        said = optuna.importance.get_param_importances(
            study, evaluator=evaluator, normalize=normalize
        )
    return pd.Series(found | said)


def _distribution(parameter: Searched) -> BaseDistribution:
    if parameter.choices:
        return CategoricalDistribution(tuple(range(len(parameter.choices))))
    return FloatDistribution(*_range(parameter))


def _range(parameter: Searched) -> tuple[float, float]:
    low, high = parameter.low, parameter.high
    return (math.log10(low), math.log10(high)) if parameter.log else (low, high)


def _middle(parameter: Searched) -> float:
    return 0.0 if parameter.choices else sum(_range(parameter)) / 2


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Optuna's words on studies made and its warnings: `analysis.figures` has its own."""
    level = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(level)
