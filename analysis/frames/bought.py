"""What each tenth of a search's budget bought: the best score so far, as it was spent."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.frames.best_so_far import best_so_far
from analysis.frames.load import Results

TENTHS = 10


def bought(results: Results) -> pd.DataFrame:
    """The best score after each tenth of what the search's trials have cost (`best_so_far`).

    Returns:
        ten rows, of `share` (0.1 to 1), `spent`, in `unit` (`seconds` of training, all slots
        together, where a time budget ended the search, else `epochs`), and `best`. Empty before
        the first epoch.
    """
    frame = best_so_far(results)
    if frame.empty:
        return pd.DataFrame(columns=["share", "spent", "unit", "best"])
    ended = results.plan.get("ended") or {}  # none yet, or an older experiment
    unit = "seconds" if ended.get("by") == "time budget" else "epochs"
    spent = frame["training_seconds" if unit == "seconds" else "epochs"].to_numpy(np.float64)
    shares = np.arange(1, TENTHS + 1) / TENTHS
    limits = shares * spent[-1]
    # The last epoch that was done by then; before the first one there is none.
    places = np.searchsorted(spent, limits + 1e-9 * spent[-1], side="right") - 1
    best = frame["best"].to_numpy()
    values = np.where(places >= 0, best[np.maximum(places, 0)], np.nan)
    return pd.DataFrame({"share": shares, "spent": limits, "unit": unit, "best": values})
