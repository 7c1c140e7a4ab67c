"""When a search ran: the time between a kill and its resumption is none of it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd


def running_time(epochs: pd.DataFrame, plan: dict[str, Any]) -> pd.DataFrame:
    """When each epoch was trained, on a clock that stands still while the search did not run.

    A session is what one process ran: the first one, then one for each time the search was
    resumed. It lasts from its first epoch's start to its last one's end, of those given: start-up
    is not counted, since a killed process leaves nothing to tell it by.

    Args:
        epochs: rows of `Results.epochs`; `wall_time` and `seconds` are read.
        plan: `Results.plan`.

    Returns:
        indexed as `epochs`: `session` (0 for the first), `begin` and `end`, seconds since the
        first epoch of all began.
    """
    ends = epochs["wall_time"].to_numpy(np.float64)
    begins = ends - epochs["seconds"].to_numpy(np.float64)
    resumed = [pd.Timestamp(run["time"]).timestamp() for run in plan["resumed"]]
    session = np.searchsorted(np.array(resumed), ends, side="right")
    shift, ran = np.zeros(len(epochs)), 0.0
    for number in np.unique(session):
        own = session == number
        start = begins[own].min()
        shift[own] = ran - start
        ran += ends[own].max() - start
    frame = {"session": session, "begin": begins + shift, "end": ends + shift}
    return pd.DataFrame(frame, index=epochs.index)
