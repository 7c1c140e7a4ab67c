"""A search for the figures: real files, made without Ray; and strange ones, cut from it."""

from __future__ import annotations

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis
from analysis.frames.load import Results
from tests.tuning.rehearsal import Rehearsal, cheap_plan
from trainables.data.splits import Splits
from trainables.files import write_json

TRIALS, EPOCHS = 16, 3
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture(scope="session")
def found(tmp_path_factory: pytest.TempPathFactory, digits: Splits) -> Results:
    """16 trials of 3 epochs, whose scores are made from `lr`, and the re-runs of two finalists.

    t0003, t0006, t0009, t0012 and t0015 were stopped after an epoch, t0005 failed. An epoch takes
    half a second, on one slot.
    """
    settings = ("optimizer=sgd,adam", "lr=1e-4..1e-1:log", "weight_decay=0.0")
    options = {"trials": TRIALS, "sampler": "random", "finalists": 2, "repeats": 2}
    plan = cheap_plan(tmp_path_factory.mktemp("found"), *settings, scheduler="none", **options)
    search = Rehearsal(plan)
    write_json(search.experiment.plan, plan.to_json(digits))
    clock = 1.7e9

    def train(trial: str, scores: list[float], *, stop: bool = False) -> None:
        nonlocal clock
        for epoch, score in enumerate(scores, 1):
            clock += 0.5
            search.extra = {"wall_time": clock, "train_loss": 2.0 / epoch, "val_loss": 2.5 / epoch}
            last = search.work(trial, epoch, score, tell=epoch < len(scores) or stop)
        search.end(trial, last if stop else {**last, "finished": True})

    for number in range(TRIALS):
        trial = search.begin()
        assert trial is not None
        best = good(search.suggestions[trial]["parameters"]["lr"])
        if number == 5:
            clock += 0.5
            search.extra = {"wall_time": clock}
            search.work(trial, 1, best)
            search.end(trial, {"diverged": f"bad {HOSTILE}", "val_accuracy": math.nan})
        elif number % 3 == 0 and number:
            train(trial, [best - 0.2], stop=True)
        else:
            train(trial, [best - 0.2, best - 0.1, best])
    choice = search.run_again()
    write_json(
        search.experiment.plan,
        plan.to_json(digits)
        | {"ended": {"by": "trials", "trials": TRIALS, "finalists": choice.trials, "repeats": 2}},
    )
    for shift in (0.02, -0.04):
        for _ in choice.trials:
            rerun = search.begin()
            assert rerun is not None
            best = good(search.suggestions[rerun]["parameters"]["lr"]) + shift
            train(rerun, [best - 0.2, best - 0.1, best])
    return analysis.load(search.experiment.root)


def good(lr: float) -> float:
    """The score of a whole trial: best at a learning rate of 0.003."""
    return 0.9 - 0.1 * abs(math.log10(lr / 0.003))


Change = Callable[[Results], Results]


def only(results: Results, *trials: str) -> Results:
    """The search with these trials alone, before any finalist."""
    own = results.trials["trial"].isin(trials)
    return replace(
        results,
        trials=results.trials[own].reset_index(drop=True),
        epochs=results.epochs[results.epochs["trial"].isin(trials)].reset_index(drop=True),
        reruns=results.reruns.iloc[:0],
        finalists=results.finalists.iloc[:0],
    )


def planned(results: Results, **changed: Any) -> Results:
    """The same with another plan; `distributions` are the space's."""
    plan = copy.deepcopy(results.plan)
    if "distributions" in changed:
        plan["search_space"]["distributions"] = changed.pop("distributions")
    return replace(results, plan=plan | changed)


def changed(results: Results, **columns: Any) -> Results:
    """The same with other values of all trials, of the same types."""
    kinds = results.trials.dtypes.to_dict()
    trials = results.trials.assign(**columns)
    return replace(results, trials=trials.astype({k: kinds[k] for k in columns if k in kinds}))


def aimed(results: Results, count: int) -> Results:
    """The same after several aims: the accuracy, the number of parameters, the loss."""
    aims = ["val_accuracy:max", "parameters:min", "val_loss:min"][:count]
    rank = results.trials["score"].rank().to_numpy()  # the better, the larger: a trade-off
    columns = {
        "aim/val_accuracy": results.trials["score"],
        "aim/parameters": 1000.0 * rank * np.where(rank % 3, 1, 2),
        "aim/val_loss": 1.0 / rank,
    }
    names = list(columns)[:count]
    made = changed(planned(results, objectives=aims), **{name: columns[name] for name in names})
    scored = made.trials.dropna(subset="score")
    values = scored[names].to_numpy() * [1, -1, -1][:count]
    beaten = [any((o >= v).all() and (o > v).any() for o in values) for v in values]
    return replace(made, front=scored[~np.array(beaten)].reset_index(drop=True))


def strange() -> dict[str, Change]:
    """Searches that a figure must bear, by name."""

    def space(*names: str) -> Change:
        def change(results: Results) -> Results:
            known = results.plan["search_space"]["distributions"]
            return planned(results, distributions={name: known[name] for name in names})

        return change

    failed = {"state": "FAIL", "score": math.nan, "best_epoch": pd.NA, "cause": HOSTILE}
    return {
        "nothing": lambda r: replace(only(r), epochs=r.epochs.iloc[:0][["trial", "epoch"]]),
        "one trial": lambda r: only(r, "t0001"),
        "two trials": lambda r: only(r, "t0001", "t0003"),
        "all failed": lambda r: changed(only(r, *r.trials["trial"]), **failed),
        "all running": lambda r: changed(only(r, *r.trials["trial"]), state="RUNNING"),
        "all fixed": space(),
        "one categorical": space("optimizer"),
        "one number": space("lr"),
        "one score": lambda r: changed(r, score=0.5),
        "infeasible": lambda r: changed(r, feasible=False),
        "a population": lambda r: changed(r, parent="t0001", start=1),
        "two aims": lambda r: aimed(r, 2),
        "three aims": lambda r: aimed(r, 3),
        "aims, nothing": lambda r: only(aimed(r, 2)),
        "imported": lambda r: planned(r, imported={"trials": {"other": 3}, "left_out": {}}),
    }


STRANGE = strange()


@pytest.fixture(params=STRANGE)
def odd(request: pytest.FixtureRequest, found: Results) -> Results:
    """Each of the strange searches."""
    return STRANGE[request.param](found)
