"""Trials by the value of one parameter: how deep to freeze, which cell."""

from __future__ import annotations

import pandas as pd

from analysis.frames.load import Results


def compared(results: Results) -> pd.DataFrame:
    """A row a value of the parameter that the space compares trials by, in the values' order.

    Returns:
        indexed by the value, named for the parameter: `trials` (with a score), `best`, `mean`,
        `worst` (of the scores, each a trial's best epoch), `epochs` (most that one was trained),
        `parameters` (trained, median), `seconds` (an epoch, with scoring, median). Empty where the
        space compares none, or no trial has a score.
    """
    name = results.plan["search_space"].get("compared_by")  # older experiments lack it
    trials = results.trials.dropna(subset="score")
    if not name or f"config/{name}" not in trials or trials.empty:
        return pd.DataFrame()
    groups = trials.groupby(f"config/{name}")
    lowest_best = results.plan["direction"] == "min"
    ends = {False: "max", True: "min"}
    scores = groups["score"]
    found = pd.DataFrame(
        {
            "trials": scores.count(),
            "best": scores.agg(ends[lowest_best]),
            "mean": scores.mean(),
            "worst": scores.agg(ends[not lowest_best]),
            "epochs": groups["epochs"].max(),
        }
    )
    of_epochs = results.epochs.merge(trials[["trial", f"config/{name}"]], on="trial")
    by_value = of_epochs.groupby(f"config/{name}")
    found["parameters"] = by_value["trainable_parameters"].median().round().astype("Int64")
    found["seconds"] = by_value["seconds"].median()
    return found.rename_axis(name)
