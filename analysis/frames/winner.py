"""Who has won, and which of its trainings is handed over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.frames.finalists import ENDED, ended_rounds, median_rerun, rounds
from analysis.frames.load import Results, chosen
from tuning.experiment import Experiment, rerun_id


@dataclass(frozen=True)
class Winner:
    """What is handed over.

    Attributes:
        model: the row of the trial or re-run whose weights are exported.
        baseline: the row of the one that stands for the baseline; None: it has no score.
        finalist: the winner's row of the finalists; None: there are none.
        tied: the other finalists that cannot be told from the best mean.
        reruns: the ids of its re-runs.
    """

    model: pd.Series
    baseline: pd.Series | None
    finalist: pd.Series | None = None
    tied: tuple[str, ...] = ()
    reruns: tuple[str, ...] = ()

    @property
    def trial(self) -> str:
        """The winning configuration: the search's trial."""
        return str(self.model["trial"] if self.finalist is None else self.finalist["trial"])

    def to_json(self) -> dict[str, Any] | None:
        """What `metrics.json` says of the finalists; None: there were none."""
        if self.finalist is None:
            return None
        names = ("mean", "low", "high", "search_score", "optimism")
        numbers = {name: float(self.finalist[name]) for name in names}
        said = {name: None if np.isnan(value) else value for name, value in numbers.items()}
        return {"trial": self.trial, "repeats": len(self.reruns), **said, "tied": list(self.tied)}


def counted(results: Results) -> pd.DataFrame:
    """The re-runs that are compared, and no more: of the rounds that all finalists have ended.

    Returns:
        rows of `results.reruns`, with `finalist`: the trial that each is a re-run of.
    """
    reruns = results.reruns[results.reruns["state"].isin(ENDED)]
    count = ended_rounds(set(reruns["trial"]), chosen(results.plan))
    of = {rerun_id(t, n): t for t in chosen(results.plan) for n in range(1, count + 1)}
    own = reruns[reruns["trial"].isin(of)].reset_index(drop=True)
    return own.assign(finalist=own["trial"].map(of).astype("string"))


def infeasible(results: Results) -> set[str]:
    """The trials that broke a constraint, in the search or in a re-run that is compared."""
    trials, again = results.trials, counted(results)
    return {*trials["trial"][~trials["feasible"]], *again["finalist"][~again["feasible"]]}


def eligible(results: Results) -> pd.DataFrame:
    """The finalists that may win, the winner first: rows of `results.finalists`.

    They have a mean and a trial, and broke no constraint: the search's trial may have kept it by
    luck.
    """
    ended = results.finalists.dropna(subset="mean")
    known = ended["trial"].isin(results.trials["trial"])
    return ended[known & ~ended["trial"].isin(infeasible(results))]


def find_winner(experiment: Experiment, results: Results) -> Winner | None:
    """The best finalist's median re-run, without finalists the best trial; None: none may win.

    The baseline is represented alike. Nothing that breaks a constraint wins.
    """
    leader, baseline = results.leader, results.baseline
    if leader is None:
        return None
    scored = len(baseline) > 0 and not np.isnan(baseline["score"])
    finalists = eligible(results)
    if finalists.empty:
        return Winner(leader, baseline if scored else None)
    again = scored and baseline["trial"] in set(results.finalists.dropna(subset="mean")["trial"])
    statuses = [directory.read_status() for directory in experiment.reruns()]
    reruns = rounds(statuses, chosen(results.plan))
    rows = results.reruns.set_index("trial", drop=False)

    def standing_for(trial: str) -> pd.Series:
        row = rows.loc[median_rerun(reruns[trial], results.plan["direction"]).trial]
        assert isinstance(row, pd.Series)
        return row

    first = finalists.iloc[0]
    others = finalists["tied"] & (finalists["trial"] != first["trial"])
    return Winner(
        model=standing_for(first["trial"]),
        baseline=(standing_for(baseline["trial"]) if again else baseline) if scored else None,
        finalist=first,
        tied=tuple(finalists["trial"][others]),
        reruns=tuple(status.trial for status in reruns[first["trial"]]),
    )
