"""Which parameters mattered: where the truth is known, and what stands in the way."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from optuna.distributions import (
    CategoricalDistribution,
    FloatDistribution,
    distribution_to_json,
)

from analysis.frames.importance import FEWEST, enough, explained, importance, known
from analysis.frames.load import Results

SPACE = {
    "optimizer": CategoricalDistribution(("sgd", "adam")),
    "lr": FloatDistribution(1e-4, 1e-1, log=True),
    "momentum": FloatDistribution(0.0, 1.0),
    "dropout": FloatDistribution(0.0, 1.0),
}


def made(count: int, direction: str = "max", noise: float = 0.0) -> Results:
    """A score made of `lr` and a little of `optimizer`; `dropout` and `momentum` do nothing."""
    rng = np.random.default_rng(0)
    lr, sgd = np.exp(rng.uniform(np.log(1e-4), np.log(1e-1), count)), rng.random(count) < 0.5
    score = -np.abs(np.log10(lr) + 2.5) + 0.3 * ~sgd + noise * rng.normal(0, 1, count)
    trials = pd.DataFrame(
        {
            "trial": [f"t{number:04d}" for number in range(count)],
            "state": np.where(np.arange(count) % 3, "PRUNED", "COMPLETE"),
            "score": score if direction == "max" else -score,
            "feasible": True,
            "parent": "",
            "config/optimizer": np.where(sgd, "sgd", "adam"),
            "config/lr": lr,
            "config/momentum": np.where(sgd, rng.random(count), np.nan),
            "config/dropout": rng.random(count),
        }
    )
    conditions = {"momentum": {"parameter": "optimizer", "values": ["sgd"]}}
    texts = {name: distribution_to_json(kind) for name, kind in SPACE.items()}
    plan = {
        "direction": direction,
        "search_space": {"distributions": texts, "conditions": conditions},
    }
    return Results(trials, pd.DataFrame(), pd.DataFrame(), pd.DataFrame(), plan)


@pytest.fixture(scope="module")
def weighed() -> pd.DataFrame:
    return importance(made(120))


def by(frame: pd.DataFrame, column: str = "importance") -> dict[tuple[str, str], float]:
    """A column by method and parameter."""
    keys = zip(frame["method"], frame["parameter"], strict=True)
    return dict(zip(keys, frame[column].astype(float), strict=True))


def test_what_matters_comes_first(weighed: pd.DataFrame) -> None:
    share = by(weighed)
    for method in ("PED-ANOVA", "fANOVA"):
        own = weighed[weighed["method"] == method]
        assert own["parameter"].iloc[0] == "lr" and set(own["parameter"]) == set(SPACE)
        assert share[(method, "lr")] > 3 * share[(method, "dropout")]
        assert (own["importance"] >= 0).all() and own["importance"].is_monotonic_decreasing
    ped = [value for (method, _), value in share.items() if method == "PED-ANOVA"]
    assert sum(ped) == pytest.approx(1)
    assert sum(share.values()) - sum(ped) <= 1
    assert share[("fANOVA", "lr")] > 0.6 and share[("fANOVA", "optimizer")] > 0.02


def test_conditional_parameters_are_weighed_too(weighed: pd.DataFrame) -> None:
    own = weighed[weighed["parameter"] == "momentum"]
    assert (own["trials"] == made(120).trials["config/momentum"].notna().sum()).all()
    assert len(own) == 2 and (own["importance"] < 0.1).all()


def test_errors_are_smaller_with_more_trials(weighed: pd.DataFrame) -> None:
    few, many = by(importance(made(20)), "error"), by(weighed, "error")
    for method in ("PED-ANOVA", "fANOVA"):
        assert 0 < many[(method, "lr")] < few[(method, "lr")]


def test_lower_may_be_better(weighed: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(importance(made(120, "min")), weighed, rtol=1e-6)


def test_the_logarithm_of_what_was_drawn_on_one() -> None:
    _, places, _ = known(made(120))
    assert places["lr"].between(-4, -1).all() and places["lr"].std() > 0.7


def test_one_that_diverged_is_not_all_the_variance() -> None:
    results = made(120)
    results.trials.loc[7, "score"] = -1e9
    assert by(importance(results))[("fANOVA", "lr")] > 0.5


def test_who_counts() -> None:
    results = made(30)
    trials = results.trials.copy()
    trials.loc[0, "state"] = "FAIL"
    trials.loc[1, "score"] = np.nan
    trials.loc[2, "parent"] = "t0001"
    trials.loc[3, "config/lr"] = 0.5  # a baseline outside the range
    _, places, scores = known(replace(results, trials=trials))
    assert len(places) == len(scores) == 26
    np.testing.assert_array_equal(scores, results.trials["score"][4:])


def test_too_few_or_nothing_to_tell_apart() -> None:
    assert importance(made(FEWEST - 1)).empty and np.isnan(explained(made(FEWEST - 1)))
    assert len(importance(made(FEWEST)))
    same = made(30)
    assert importance(replace(same, trials=same.trials.assign(score=0.5))).empty
    plan = json.loads(json.dumps(same.plan))
    for name in ("optimizer", "momentum", "dropout"):
        del plan["search_space"]["distributions"][name]
    assert importance(replace(same, plan=plan)).empty


def test_how_many_would_do() -> None:
    assert (enough(2), enough(5), enough(13)) == (50, 50, 130)


def test_how_much_a_forest_knows() -> None:
    assert explained(made(150)) > 0.8
    assert explained(made(150, noise=20.0)) < 0.2


def test_neither_ray_nor_torch_is_needed() -> None:
    code = (
        "import sys, analysis.frames.importance; print(sorted({'ray', 'torch'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr
