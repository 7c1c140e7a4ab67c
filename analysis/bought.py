"""What each tenth of a search's budget bought: the best score so far, as it was spent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.load import Results

TENTHS = 10


def bought(results: Results) -> pd.DataFrame:
    """The best score after each tenth of what the search's trials have cost.

    The finalists' re-runs are no part of it: they buy certainty, not score. Nor are failed trials,
    or a baseline that breaks a constraint.

    Returns:
        ten rows, of `share` (0.1 to 1), `spent`, in `unit` (`seconds` of training, all slots
        together, where a time budget ended the search, else `epochs`), and `best`. Empty before
        the first epoch.
    """
    metric, direction = results.plan["metric"], results.plan["direction"]
    ended = results.plan.get("ended") or {}  # none yet, or an older experiment
    unit = "seconds" if ended.get("by") == "time budget" else "epochs"
    may_win = (results.trials["state"] != "FAIL") & results.trials["feasible"]
    counted = results.trials["trial"][may_win]
    of_search = results.epochs["trial"].isin(counted)
    if not of_search.any():
        return pd.DataFrame(columns=["share", "spent", "unit", "best"])
    epochs = results.epochs[of_search].sort_values("wall_time")
    spent = (epochs["seconds"] if unit == "seconds" else pd.Series(1.0, epochs.index)).cumsum()
    best = epochs[metric].cummax() if direction == "max" else epochs[metric].cummin()
    shares = np.arange(1, TENTHS + 1) / TENTHS
    limits = shares * spent.iloc[-1]
    # The last epoch that was done by then; before the first one there is none.
    places = np.searchsorted(spent.to_numpy(), limits + 1e-9 * spent.iloc[-1], side="right") - 1
    values = np.where(places >= 0, best.to_numpy()[np.maximum(places, 0)], np.nan)
    return pd.DataFrame({"share": shares, "spent": limits, "unit": unit, "best": values})
