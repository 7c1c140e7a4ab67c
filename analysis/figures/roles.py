"""What a trial is to the reader: winner, finalist, baseline, done, stopped, failed, running."""

from __future__ import annotations

import pandas as pd

from analysis.figures.theme import safe, short
from analysis.frames.load import Results
from analysis.frames.searched import searched
from analysis.frames.winner import eligible

ROLES = ("winner", "finalist", "baseline", "done", "stopped", "failed", "infeasible", "running")
_STATES = {"COMPLETE": "done", "PRUNED": "stopped", "FAIL": "failed"}


def winner(results: Results) -> str | None:
    """The trial that has won: the first of the finalists, else the best; None: none may win."""
    if len(finalists := eligible(results)):
        return str(finalists["trial"].iloc[0])
    leader = results.leader
    return None if leader is None else str(leader["trial"])


def roles(results: Results) -> pd.Series:
    """What each row of `results.trials` is, the most telling that applies; of `ROLES`."""
    trials = results.trials
    found = trials["state"].map(lambda state: _STATES.get(state, "running")).astype(object)
    found[~trials["feasible"] & trials["score"].notna()] = "infeasible"
    found[trials["trial"].isin(set(results.finalists["trial"]))] = "finalist"
    found[trials["trial"] == results.baseline.get("trial", "")] = "baseline"
    found[trials["trial"] == (winner(results) or "")] = "winner"
    return found.astype("string").rename("role")


def labels(results: Results) -> pd.Series:
    """By trial, all that a reader wants to know of it, for plotly: id, state, score, parameters."""
    metric, parameters = results.plan["metric"], searched(results.plan)
    frame = results.trials.assign(role=roles(results))
    found = {}
    for _, row in frame.iterrows():
        lines = [f"<b>{safe(row['trial'])}</b> {row['role']}"]
        if pd.notna(row["score"]):
            epoch = f"epoch {row['best_epoch']} of {row['epochs']}"
            lines.append(f"{safe(metric)} {short(row['score'])}, {epoch}")
        if row["cause"]:
            lines.append(safe(row["cause"]))
        if row["parent"]:
            lines.append(f"from {safe(row['parent'])} at epoch {row['start']}")
        values = ((p.name, row.get(p.column)) for p in parameters)
        shown = [f"{name}={short(value)}" for name, value in values if not pd.isna(value)]
        lines += [safe("  ".join(shown[at : at + 3])) for at in range(0, len(shown), 3)]
        found[str(row["trial"])] = "<br>".join(lines)
    return pd.Series(found, dtype=object)
