"""What an experiment came to: its winner's score, and how it is known."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from analysis.frames.intervals import mean_interval
from analysis.frames.load import Results
from analysis.frames.winner import counted, eligible
from tuning.experiment import rerun_id


@dataclass(frozen=True)
class FinalScore:
    """The winner's.

    Attributes:
        trial: the winning configuration: the search's trial.
        score: the mean of its re-runs; without them, or with one, that of a single training.
        low, high: of a mean the 95 % t-interval; of one training that which is due to val's size,
            NaN where it is not known.
        how: which of the two it is, in words.
        values: the scores of its re-runs, or the one.
    """

    trial: str
    score: float
    low: float
    high: float
    how: str
    values: np.ndarray


def final_score(results: Results) -> FinalScore:
    """Of an experiment in which a trial may win; what broke a constraint cannot."""
    ranked = eligible(results)
    first = (ranked if len(ranked) else results.leaderboard).iloc[0]
    trial = str(first["trial"])
    again = counted(results)
    own = again["score"][again["finalist"] == trial]
    values = np.array(own if len(ranked) else [first["score"]], np.float64)
    if len(values) > 1:
        low, high = mean_interval(values)
        how = f"mean of {len(values)} re-runs"
        return FinalScore(trial, float(values.mean()), low, high, how, values)
    model = trial if ranked.empty else rerun_id(trial, 1)
    told = results.best["val"] if results.best.get("trial") == model else None
    low, high = (told or {}).get("interval") or (math.nan, math.nan)
    return FinalScore(trial, float(values[0]), low, high, "one training", values)
