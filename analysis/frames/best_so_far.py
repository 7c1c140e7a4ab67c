"""How the search went: the best score so far, against what had been spent by then."""

from __future__ import annotations

import pandas as pd

from analysis.frames.load import Results
from analysis.frames.sessions import running_time
from tuning.experiment import trial_of

_DTYPES = {
    "trial": "string",
    "epoch": "Int64",
    "trials": "Int64",
    "epochs": "Int64",
    "examples": "Int64",
    "training_seconds": "float64",
    "seconds": "float64",
    "score": "float64",
    "best": "float64",
    "improved": "bool",
}


def best_so_far(results: Results) -> pd.DataFrame:
    """A row an epoch of the search's trials, in the order they ended; of several aims the first.

    All epochs cost, those of failed and infeasible trials too; only trials that may win set a
    best. The finalists' re-runs are no part of it: they buy certainty, not score.

    Returns:
        `trial`, `epoch`: which epoch it is; what had been spent when it ended: `trials` (that had
        ended an epoch), `epochs`, `examples` (read in training, those of all epochs; missing where
        the plan does not say how many there are), `training_seconds` (of all slots together),
        `seconds` (that the search had run, `frames.sessions`); `score`, this epoch's; `best` so
        far (NaN before the first), and whether this epoch `improved` it.
    """
    of_search = results.epochs["trial"].map(trial_of) == results.epochs["trial"]
    if not of_search.any():
        return pd.DataFrame(columns=list(_DTYPES)).astype(_DTYPES)
    metric, higher = results.plan["metric"], results.plan["direction"] == "max"
    epochs = results.epochs[of_search].sort_values("wall_time", kind="stable", ignore_index=True)
    may_win = (results.trials["state"] != "FAIL") & results.trials["feasible"]
    counted = epochs["trial"].isin(results.trials["trial"][may_win])
    scores = epochs[metric].astype("float64").where(counted)
    best = (scores.cummax() if higher else scores.cummin()).ffill()
    before = best.shift()
    count = pd.Series(range(1, len(epochs) + 1), dtype="Int64")
    examples = results.plan["data"].get("train")  # older experiments, and a user's own, lack it
    frame = pd.DataFrame(
        {
            "trial": epochs["trial"],
            "epoch": epochs["epoch"],
            "trials": (~epochs["trial"].duplicated()).cumsum(),
            "epochs": count,
            "examples": count * (pd.NA if examples is None else examples),
            "training_seconds": epochs["seconds"].cumsum(),
            "seconds": running_time(epochs, results.plan)["end"],
            "score": epochs[metric],
            "best": best,
            "improved": best.notna() & ~(best == before),
        }
    )
    return frame.astype(_DTYPES)
