"""What a search has cost, in seconds of cores and of GPUs."""

from __future__ import annotations

import pandas as pd

from analysis.frames.load import Results

_DTYPES = {
    "part": "string",
    "state": "string",
    "trials": "Int64",
    "epochs": "Int64",
    "seconds": "float64",
    "core_seconds": "float64",
    "gpu_seconds": "float64",
}


def cost(results: Results) -> pd.DataFrame:
    """A row a part of the search and state of its trials; the sums are what all has cost.

    Returns:
        `part`: `search`, or `finalists` (their re-runs); `state`; how many `trials`; the `epochs`
        they trained themselves; `seconds` of training and scoring, all slots together;
        `core_seconds` and `gpu_seconds`, those times what a trial had of each, whether it used it
        or not (`cpus_per_trial`, `gpus_per_trial`, which may be a share of a GPU). Start-up, the
        data's and Ray's, and the export are in none of them.
    """
    frames = []
    for part, trials in (("search", results.trials), ("finalists", results.reruns)):
        trained = trials.assign(epochs=trials["epochs"] - trials["start"])
        groups = trained.groupby("state", sort=True)
        sums = groups.agg(
            trials=("trial", "count"), epochs=("epochs", "sum"), seconds=("seconds", "sum")
        )
        frames.append(sums.reset_index().assign(part=part))
    frame = pd.concat(frames, ignore_index=True)
    frame["core_seconds"] = frame["seconds"] * results.plan["cpus_per_trial"]
    frame["gpu_seconds"] = frame["seconds"] * results.plan["gpus_per_trial"]
    return frame[list(_DTYPES)].astype(_DTYPES)
