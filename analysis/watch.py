"""A search as it goes, from another terminal: its directory is read, and nothing else."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pandas as pd
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from analysis.frames.load import Results, chosen, load
from analysis.frames.sessions import running_time
from analysis.tables import leaderboard_table
from tuning.experiment import BASELINE, Experiment

TOP = 5
_SHARE = 0.1  # of the time, at most, is spent on reading: the cores are the search's


def watch(experiment: Experiment, console: Console, interval: float) -> None:
    """Show how a search stands until it has ended, or stopped.

    On a terminal a table that is drawn anew, elsewhere a line whenever something has changed, and
    the best of the leaderboard in the end.

    Args:
        interval: seconds from one look at the directory to the next; an experiment that takes long
            to read is looked at less often.
    """
    if not console.is_terminal:
        said, ran = "", 0.0
        for results, running in _looks(experiment, interval):
            text, ran = standing(results, running), max(ran, elapsed(results, running))
            if text != said:
                console.print(f"{_clock(ran)}  {text}", soft_wrap=True)
                console.file.flush()
            said = text
        console.print(leaderboard_table(results, TOP, running=running))
        return
    with Live(console=console, auto_refresh=False) as live:
        for results, running in _looks(experiment, interval):
            live.update(drawn(results, running), refresh=True)


def look(experiment: Experiment) -> tuple[Results, bool]:
    """What there is now, and whether a process is at it.

    To see that, the search's own lock is tried: while it is held nothing comes of it, and a search
    that begins at that very moment waits.
    """
    running = experiment.is_owned  # first: what it wrote before it ended is read then
    return load(experiment.root), running


def _looks(experiment: Experiment, interval: float) -> Iterator[tuple[Results, bool]]:
    running = True
    while running:
        begun = time.monotonic()
        results, running = look(experiment)
        yield results, running
        if running:
            time.sleep(max(interval, (time.monotonic() - begun) / _SHARE))


def drawn(results: Results, running: bool) -> Group:
    """How it stands: in a line, who is being trained, and the best of the leaderboard."""
    parts: list[Text | Table] = [
        Text(f"{_clock(elapsed(results, running))}  {standing(results, running)}")
    ]
    parts += [Text(f"Note: {note}") for note in results.notes]
    table = _training(results)
    if running and table.row_count:
        parts += [Text(), table]
    if len(results.trials):
        parts += [Text(), leaderboard_table(results, TOP, running=running)]
    return Group(*parts)


def state_of(results: Results, running: bool) -> str:
    """What the search is at, or how it ended, in a few words."""
    ended = results.plan["ended"] or {}
    if not running:
        if results.has_ended:
            return f"ended by: {ended['by']}"
        return "stopped before its end; run_search.py --resume goes on with it"
    if not ended:
        return "searching"
    again = len(chosen(results.plan)) * ended.get("repeats", 0)
    done = int((results.reruns["state"] != "RUNNING").sum())
    return f"finalists: {done}/{again} re-runs" if done < again else "handing over"


def standing(results: Results, running: bool) -> str:
    """Counts, the best so far against the baseline, and what the search is at."""
    states = Counter(results.trials["state"])
    ended = states.total() - states["RUNNING"]
    heirs = int((results.trials["parent"] != "").sum())
    asked = results.plan["trials"] + heirs + (not results.plan["baseline_in_study"])
    text = f"{ended}/{asked} trials: {states['COMPLETE']} done, {states['PRUNED']} stopped, "
    text += f"{states['FAIL']} failed"
    waiting = states["RUNNING"] - len(_on_slots(results.trials, results))
    if running and waiting > 0:
        text += f", {waiting} waiting"
    leader = results.leader
    if leader is not None:
        text += f" - best {leader['score']:.4f} ({leader['trial']})"
    elif results.trials["score"].notna().any():
        text += " - no trial keeps the constraints"
    elif len(results.trials):
        text += " - no score yet" if running else " - no trial has a score"
    score = results.baseline.get("score")
    if score is not None and not pd.isna(score):
        text += f" against baseline {score:.4f}"
    return f"{text} - {state_of(results, running)}"


def elapsed(results: Results, running: bool) -> float:
    """Seconds that the search has run, from its first epoch on."""
    if results.epochs.empty:
        return 0.0
    ran = float(running_time(results.epochs, results.plan)["end"].max())
    return ran + running * max(0.0, time.time() - float(results.epochs["wall_time"].max()))


def _on_slots(trials: pd.DataFrame, results: Results) -> pd.DataFrame:
    """Those that are likely on the slots: as many as there are, the ones last heard of.

    The others wait at a rung, of which nothing is on record. One without an epoch has just begun.
    """
    going = trials[trials["state"] == "RUNNING"]
    heard = going["trial"].map(results.epochs.groupby("trial")["wall_time"].max())
    order = heard.astype("float64").fillna(math.inf).sort_values(ascending=False, kind="stable")
    slots = [results.plan, *results.plan["resumed"]][-1]["concurrency"]
    return going.loc[order.index[:slots]].sort_values("trial")


def _training(results: Results) -> Table:
    """What is being trained now, alike the search's own table."""
    table = Table(box=None, pad_edge=False)
    for column in ("trial", "epoch", results.plan["metric"], "lr", "time left"):
        table.add_column(column, justify="left" if column == "trial" else "right")
    both = pd.concat([results.trials, results.reruns], ignore_index=True)
    rates = results.epochs.groupby("trial")["lr"].last()
    length = results.plan["epochs"]
    baseline = results.baseline.get("trial")
    for _, row in _on_slots(both, results).iterrows():
        trial, trained = row["trial"], row["epochs"] - row["start"]
        left = row["seconds"] / trained * (length - row["epochs"]) if trained else None
        table.add_row(
            f"{trial} (baseline)" if trial == baseline != BASELINE else trial,
            f"{row['epochs']}/{length}",
            "" if pd.isna(row["score"]) else f"{row['score']:.4f}",
            f"{rates[trial]:.3g}" if trial in rates else "",
            "" if left is None else _clock(left),
        )
    return table


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
