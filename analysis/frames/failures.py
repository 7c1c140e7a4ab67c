"""What failed, by its cause."""

from __future__ import annotations

import pandas as pd

from analysis.frames.load import Results

_NUMBER = r"\d[\d.e+-]*"
_DTYPES = {
    "cause": "string",
    "count": "Int64",
    "trials": "string",
    "epochs": "Int64",
    "seconds": "float64",
}


def failures(results: Results) -> pd.DataFrame:
    """A row a cause, the most frequent first; of trials and of finalists' re-runs.

    Causes that differ in their numbers alone (an epoch, how many bytes) are taken for one.

    Returns:
        `cause`: the first trial's; `count` of trials; `trials`: their ids, separated by spaces;
        `epochs` they had trained by then, and `seconds` of it, all together.
    """
    both = pd.concat([results.trials, results.reruns], ignore_index=True)
    failed = both[both["state"] == "FAIL"]
    failed = failed.assign(epochs=failed["epochs"] - failed["start"])
    kind = failed["cause"].str.replace(_NUMBER, "#", regex=True)
    frame = failed.groupby(kind, sort=False).agg(
        cause=("cause", "first"),
        count=("trial", "count"),
        trials=("trial", " ".join),
        epochs=("epochs", "sum"),
        seconds=("seconds", "sum"),
    )
    frame = frame.sort_values("count", ascending=False, kind="stable", ignore_index=True)
    return frame.astype(_DTYPES)
