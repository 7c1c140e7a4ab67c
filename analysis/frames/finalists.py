"""The finalists: the best trials, trained again under fresh seeds, ranked by the mean."""

from __future__ import annotations

import math
from collections.abc import Container
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.frames.intervals import mean_interval, tied
from tuning.experiment import rerun_id
from tuning.status import TrialStatus, ranked

COLUMNS = ["trial", "mean", "low", "high", "search_score", "optimism", "tied", "seconds"]
ENDED = ("COMPLETE", "FAIL")  # states of a re-run that can be compared
_DTYPES = dict.fromkeys(COLUMNS, "float64") | {"trial": "string", "tied": "bool"}


def ended_rounds(ended: Container[str], chosen: list[str]) -> int:
    """How many rounds of re-runs have all finalists ended; `ended`: the ids of re-runs that are."""
    count = 0
    while chosen and all(rerun_id(trial, count + 1) in ended for trial in chosen):
        count += 1
    return count


def rounds(reruns: list[TrialStatus], chosen: list[str]) -> dict[str, list[TrialStatus]]:
    """By finalist, its re-runs in order: only as many as every one of them has ended.

    Where a budget or a kill cut them short, one that has fewer than the others must not win by it.
    """
    ended = {s.trial: s for s in reruns if s.state in ENDED}
    if not (count := ended_rounds(ended, chosen)):
        return {}
    repeats = range(1, count + 1)
    return {trial: [ended[rerun_id(trial, repeat)] for repeat in repeats] for trial in chosen}


def finalists(
    reruns: dict[str, list[TrialStatus]], scores: dict[str, float], direction: str, prefer: str
) -> pd.DataFrame:
    """A row a finalist, the winner first.

    One of which a re-run failed has no mean, and comes last, as does one that is infeasible, or of
    which a re-run was.

    Args:
        reruns: what `rounds` gives.
        scores: of the search's trials, by id.
        prefer: `best`: the best mean wins; `cheap`: of those tied with it, the quickest.

    Returns:
        `trial`; `mean` of its re-runs' scores with `low` and `high`, the 95 % t-interval (NaN for
        one re-run); `search_score`; `optimism`, by how much that looked better than the mean;
        `tied`: it cannot be told from the best mean, Welch's 95 % interval of the difference
        holds 0 (False throughout with one re-run each); `seconds` a re-run takes, on average.
    """
    sign = 1 if direction == "max" else -1
    rows: list[dict[str, Any]] = []
    values: dict[str, np.ndarray] = {}
    for trial, group in reruns.items():
        values[trial] = np.array([math.nan if s.score is None else s.score for s in group])
        mean = float(values[trial].mean())
        low, high = mean_interval(values[trial])
        shown = scores.get(trial, math.nan)  # its directory may be gone
        optimism = sign * (shown - mean)
        seconds = float(np.mean([status.seconds for status in group]))
        row = (trial, mean, low, high, shown, optimism, False, seconds)
        rows.append(dict(zip(COLUMNS, row, strict=True)))
    frame = pd.DataFrame(rows, columns=COLUMNS).astype(_DTYPES)
    may_win = {trial: all(s.feasible for s in group) for trial, group in reruns.items()}
    frame = frame.sort_values("mean", ascending=sign < 0, kind="stable")
    frame = frame.sort_values(
        "trial", key=lambda trials: ~trials.map(may_win).astype(bool), kind="stable"
    ).reset_index(drop=True)
    if frame.empty or np.isnan(frame["mean"].iloc[0]) or not may_win[frame["trial"].iloc[0]]:
        return frame
    best = values[frame["trial"].iloc[0]]
    frame["tied"] = [may_win[trial] and tied(values[trial], best) for trial in frame["trial"]]
    if prefer == "cheap" and frame["tied"].any():
        order = frame["seconds"].where(frame["tied"], np.inf).to_numpy()
        first = int(order.argmin())
        places = [first, *(place for place in range(len(frame)) if place != first)]
        frame = frame.iloc[places].reset_index(drop=True)
    return frame


def median_rerun(reruns: list[TrialStatus], direction: str) -> TrialStatus:
    """The re-run that stands for its trial: the median; of an even number the worse of two."""
    order = ranked([replace(status, feasible=True) for status in reruns], direction)
    return order[len(reruns) // 2]
