"""Two searches side by side: which found more, how soon, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.frames.best_so_far import best_so_far
from analysis.frames.final_score import FinalScore, final_score
from analysis.frames.intervals import (
    difference_interval,
    middle_difference_interval,
    middle_mean,
    middle_mean_interval,
    recovered_interval,
)
from analysis.frames.load import Results, SeveralResults, load
from trainables.errors import BadInput

Side = str | Path | Results | SeveralResults | Sequence[str | Path | Results]
AXES = ("examples", "seconds")
_POINTS = 50  # of a curve


@dataclass(frozen=True)
class Comparison:
    """What two sides, A and B, came to; each is one experiment or several of one kind (seeds).

    Attributes:
        final: a row an experiment: `side`, `experiment`, `trial` that won, `score`, `low`, `high`
            and `how` it is known: `mean of N re-runs` with its t-interval, or `one training` with
            the interval that is due to val's size, where it is known.
        sides: a row a side: `side`, `experiments`, `score`, `low`, `high`; of several experiments
            the interquartile mean of their scores, with its bootstrap interval.
        difference: B's score less A's: `difference`, `low`, `high` (NaN where nothing tells), and
            `how` the interval was made.
        courses: `best_so_far` of every experiment, with `side` and `experiment` before it.
        curves: a row a side, axis and place on it: `side`, `axis` (`examples` read in training, or
            `seconds` that the search had run), `at`, `best` by then (of several experiments the
            interquartile mean, once all have one) and its `low` and `high`.
    """

    metric: str
    direction: str
    final: pd.DataFrame
    sides: pd.DataFrame
    difference: dict[str, Any]
    courses: pd.DataFrame
    curves: pd.DataFrame

    @property
    def verdict(self) -> str:
        """`A`, `B`, or empty: which is better, where the interval does not hold 0."""
        low, high = self.difference["low"], self.difference["high"]
        if math.isnan(low) or low <= 0 <= high:
            return ""
        return "B" if (low > 0) == (self.direction == "max") else "A"


def compare(a: Side, b: Side) -> Comparison:
    """Compare two experiments, or two groups of experiments that differ in their seed alone.

    Args:
        a, b: a path or URL that `analysis.load` takes, its `Results`, a list of those, or what
            `analysis.load` gives for a list.

    Raises:
        BadInput: they are not of the same task, data, split, metric and provenance; or one has no
            trial with a score.
    """
    loaded = {"A": _loaded(a), "B": _loaded(b)}
    every = [(f"{side} {name}", r) for side, own in loaded.items() for name, r in own.items()]
    for name, results in every[1:]:
        _check(every[0], (name, results))
    for name, results in every:
        if best_so_far(results)["best"].isna().all():
            raise BadInput(f"compare: {name} has no trial with a score that may win")
    finals = {side: {n: final_score(r) for n, r in own.items()} for side, own in loaded.items()}
    rows = [
        {"side": side, "experiment": name, **vars(final)}
        for side, own in finals.items()
        for name, final in own.items()
    ]
    courses = [
        best_so_far(results).assign(side=side, experiment=name)
        for side, own in loaded.items()
        for name, results in own.items()
    ]
    course = pd.concat(courses, ignore_index=True)
    first = ["side", "experiment"]
    plan = every[0][1].plan
    return Comparison(
        metric=plan["metric"],
        direction=plan["direction"],
        final=pd.DataFrame(rows).drop(columns="values"),
        sides=pd.DataFrame([_side(side, list(own.values())) for side, own in finals.items()]),
        difference=_difference(*(list(own.values()) for own in finals.values())),
        courses=course[[*first, *(name for name in course if name not in first)]],
        curves=pd.concat([_curves(course, axis) for axis in AXES], ignore_index=True),
    )


def _loaded(side: Side) -> dict[str, Results]:
    """By the name that its plan has; where two have the same, with their place in the list."""
    if isinstance(side, SeveralResults):
        side = list(side.values())
    each = [side] if isinstance(side, str | Path | Results) else list(side)
    if not each:
        raise BadInput("compare: no experiment given")
    found = [one if isinstance(one, Results) else load(one) for one in each]
    names = [str(results.plan["name"]) for results in found]
    return {
        name if names.count(name) == 1 else f"{name} ({place})": results
        for place, (name, results) in enumerate(zip(names, found, strict=True), 1)
    }


def _identity(plan: dict[str, Any]) -> dict[str, Any]:
    """What must be the same, by what a reader calls it."""
    data, space = plan["data"], plan["search_space"]
    return {
        "task": space["task"],
        "task's own code": plan["space_sha256"] if space["own_task"] else None,
        "metric": f"{plan['metric']}, {plan['direction']}",
        "provenance": "{kind}: {name}".format(**data["provenance"]),
        "weights to start from": data["provenance"]["weights"],
        "split seed": data["split_seed"],
        "data and split (digest)": data["digest"][:12],
    }


def _check(one: tuple[str, Results], other: tuple[str, Results]) -> None:
    (first, a), (second, b) = one, other
    wanted, found = _identity(a.plan), _identity(b.plan)
    differing = [
        f"{what}: {wanted[what]!r} and {found[what]!r}"
        for what in wanted
        if wanted[what] != found[what]
    ]
    if differing:
        raise BadInput(f"compare: {first} and {second} differ in {'; '.join(differing)}")


def _side(side: str, finals: list[FinalScore]) -> dict[str, Any]:
    scores = np.array([final.score for final in finals])
    if len(finals) == 1:
        about = {"score": finals[0].score, "low": finals[0].low, "high": finals[0].high}
    else:
        low, high = middle_mean_interval(scores)
        about = {"score": float(middle_mean(scores)), "low": float(low), "high": float(high)}
    return {"side": side, "experiments": len(finals), **about}


def _difference(a: list[FinalScore], b: list[FinalScore]) -> dict[str, Any]:
    if len(a) == len(b) == 1:
        one, other = a[0], b[0]
        value = other.score - one.score
        if min(len(one.values), len(other.values)) > 1:
            low, high = difference_interval(other.values, one.values)
            how = "Welch's, of their re-runs"
        else:
            intervals = [(final.low, final.high) for final in (other, one)]
            low, high = recovered_interval(other.score, intervals[0], one.score, intervals[1])
            how = "from the interval of each"
    else:
        scores = [np.array([final.score for final in side]) for side in (b, a)]
        value = float(middle_mean(scores[0]) - middle_mean(scores[1]))
        low, high = (float(end) for end in middle_difference_interval(*scores))
        how = "bootstrap over experiments"
    return {"difference": value, "low": low, "high": high, "how": how}


def _curves(course: pd.DataFrame, axis: str) -> pd.DataFrame:
    """The best by then of each side, at places along one axis; none where it is not known."""
    if course[axis].isna().any():
        return pd.DataFrame()
    places = np.linspace(0, float(course[axis].max()), _POINTS + 1)[1:]
    frames = []
    for side, own in course.groupby("side"):
        runs = np.array([_at(run, axis, places) for _, run in own.groupby("experiment")])
        known = ~np.isnan(runs).any(axis=0)
        best, low, high = (np.full(_POINTS, math.nan) for _ in range(3))
        best[known] = middle_mean(runs[:, known])
        low[known], high[known] = middle_mean_interval(runs[:, known])
        about = {"side": side, "axis": axis, "at": places, "best": best, "low": low, "high": high}
        frames.append(pd.DataFrame(about))
    return pd.concat(frames, ignore_index=True)


def _at(run: pd.DataFrame, axis: str, places: np.ndarray) -> np.ndarray:
    """The best of one experiment at each place; after its end what it came to."""
    spent = run[axis].to_numpy(np.float64)
    index = np.searchsorted(spent, places * (1 + 1e-9), side="right") - 1
    best = run["best"].to_numpy()
    return np.where(index >= 0, best[np.maximum(index, 0)], math.nan)
