"""Which trial was trained when, and how busy the slots were."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from analysis.frames.load import Results
from analysis.frames.sessions import running_time
from tuning.experiment import trial_of

_PAUSE = 1.0  # seconds, at most: who waits while others train waits for longer
_LOOK = 10.0  # seconds: what a trial may take after an epoch, to write checkpoints and pictures
_STAYS = {
    "trial": "string",
    "part": "string",
    "state": "string",
    "session": "Int64",
    "slot": "Int64",
    "begin": "float64",
    "end": "float64",
    "epochs": "Int64",
    "busy": "float64",
}
_SESSIONS = {
    "session": "Int64",
    "slots": "Int64",
    "begin": "float64",
    "end": "float64",
    "busy": "float64",
    "available": "float64",
    "utilisation": "float64",
}


def timeline(results: Results) -> pd.DataFrame:
    """A row a stay of a trial or re-run on a slot, in the order they began.

    A trial that waited at a rung, was interrupted, or lost its worker has several: between two of
    its epochs others took every slot, or more time went by than writing down an epoch takes. Slots
    are not on record: who comes takes the first that is free, and who comes back its own, if it is.
    What a trial did after its last whole epoch is not known, nor a trial without one.

    Returns:
        `trial`; `part`: `search` or `finalists`; its `state` now; `session` of the search;
        `slot` (0 for the first); `begin` and `end`, in seconds that the search had run
        (`frames.sessions`); `epochs` in it; `busy`: seconds of training and scoring in it.
    """
    epochs = results.epochs
    if epochs.empty:
        return pd.DataFrame(columns=list(_STAYS)).astype(_STAYS)
    times = running_time(epochs, results.plan)
    epochs = epochs[["trial", "epoch", "seconds"]].join(times)
    epochs = epochs.sort_values(["session", "trial", "begin"], kind="stable")
    since = epochs["end"].shift()
    gap = epochs["begin"] - since
    # Who waits at a rung waits for others' epochs, so for longer than these take.
    waited = gap > min(_PAUSE, epochs["seconds"].median())
    waited &= _others_had_all(epochs, since, results.plan)
    waited |= gap > epochs["seconds"].clip(lower=_LOOK)
    same = epochs.duplicated(["session", "trial"])
    begun = (waited | ~same).cumsum()
    stays = epochs.groupby(begun).agg(
        trial=("trial", "first"),
        session=("session", "first"),
        begin=("begin", "first"),
        end=("end", "last"),
        epochs=("epoch", "count"),
        busy=("seconds", "sum"),
    )
    stays = stays.sort_values(["begin", "end"], kind="stable", ignore_index=True)
    both = pd.concat([results.trials, results.reruns])
    states = dict(zip(both["trial"], both["state"], strict=True))
    of_search = stays["trial"].map(trial_of) == stays["trial"]
    stays["part"] = of_search.map({True: "search", False: "finalists"})
    stays["state"] = stays["trial"].map(states)
    stays["slot"] = [
        slot for number, own in stays.groupby("session") for slot in _slots(own, results.plan)
    ]
    return stays[list(_STAYS)].astype(_STAYS)


def utilisation(results: Results) -> pd.DataFrame:
    """A row a session: how much of its slots' time was training and scoring.

    Returns:
        `session`; `slots` it had; `begin` of its first stay and `end` of its last one, as in
        `timeline`; `busy` seconds of all slots; `available`: slots times that time;
        `utilisation`, from 0 to 1. While Ray is started anew for the finalists, nothing is busy.
    """
    stays = timeline(results).groupby("session")
    frame = stays.agg(begin=("begin", "min"), end=("end", "max"), busy=("busy", "sum"))
    frame = frame.reset_index()
    frame["slots"] = [_concurrency(results.plan, number) for number in frame["session"]]
    frame["available"] = frame["slots"] * (frame["end"] - frame["begin"])
    frame["utilisation"] = frame["busy"] / frame["available"]
    return frame[list(_SESSIONS)].astype(_SESSIONS)


def _concurrency(plan: dict[str, Any], session: int) -> int:
    """Slots of a session: one that was resumed may have had others."""
    run: dict[str, Any] = [plan, *plan["resumed"]][session]
    return int(run["concurrency"])


def _others_had_all(epochs: pd.DataFrame, since: pd.Series, plan: dict[str, Any]) -> pd.Series:
    """Whether all slots were training at one moment between `since` and an epoch's begin, [n]."""
    found = pd.Series(False, index=epochs.index)
    for number in epochs["session"].unique():
        own = epochs[epochs["session"] == number]
        times = np.concatenate([own["begin"], own["end"]])
        steps = np.repeat([1, -1], len(own))
        order = np.lexsort((steps, times))  # at one moment who ends first makes room
        full = np.cumsum(steps[order]) >= _concurrency(plan, number)
        before = np.concatenate([[0], np.cumsum(full)])  # moments at which they were, by place
        first, last = (np.searchsorted(times[order], t) for t in (since[own.index], own["begin"]))
        found[own.index] = before[last] > before[np.minimum(first, last)]
    return found


def _slots(stays: pd.DataFrame, plan: dict[str, Any]) -> list[int]:
    """The slot of each stay of one session, in the order they begin."""
    slots = range(_concurrency(plan, stays["session"].iloc[0]))
    ends, trials = [-1.0 for _ in slots], ["" for _ in slots]
    taken = []
    for trial, begin, end in zip(stays["trial"], stays["begin"], stays["end"], strict=True):
        # Where clocks of several machines say that none is free, the one that soonest is.
        free = [slot for slot in slots if ends[slot] <= begin] or [ends.index(min(ends))]
        slot = next((slot for slot in free if trials[slot] == trial), free[0])
        ends[slot], trials[slot] = end, trial
        taken.append(slot)
    return taken
