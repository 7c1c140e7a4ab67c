"""The end of a search in one screen, and the leaderboard."""

from __future__ import annotations

import shlex
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from analysis.compared import compared
from analysis.load import Results, load
from analysis.openings import openings
from trainables.files import read_json, relative
from tuning.experiment import BASELINE, CONFIG, METRICS, Experiment

TOP = 5
_USES = {  # by what describes a model's inputs
    "classes": "predict {} IMAGE...",
    "vocabulary": 'generate {} --prompt "..."',
    "season": "forecast {} --input FILE.csv",
}


def print_summary(experiment: Experiment, console: Console, *, interrupted: bool) -> None:
    """Counts, the top five, best against baseline, test, and where to look further."""
    results = load(experiment.root)
    states = results.trials["state"].value_counts()
    counts = [
        f"{states.get(state, 0)} {word}"
        for state, word in (("COMPLETE", "done"), ("PRUNED", "stopped"), ("FAIL", "failed"))
    ]
    if interrupted:
        counts.append(f"{states.get('RUNNING', 0)} interrupted")
    console.print(f"\n{len(results.trials)} trials: {', '.join(counts)}.  {results.provenance}")
    console.print(leaderboard_table(results, TOP, running=False))
    _print_failures(results, console)
    if not experiment.best.is_dir():
        console.print("Nothing was exported.", style="bold red")
    else:
        _print_best(experiment, results, console)
    here = shlex.quote(relative(experiment.root))
    if interrupted:
        console.print(f"\nGo on with it: python run_search.py --resume {here}")
    console.print(f"\nEverything is in {relative(experiment.root)}")
    console.print(f"  tensorboard --logdir {here}")
    console.print(f"  python -m analysis show {here}")
    if experiment.best.is_dir():
        trust = " --trust" if results.plan["search_space"]["own_task"] else ""
        console.print(f"  python -m analysis {_use(experiment).format(here)}{trust}")


def leaderboard_table(results: Results, rows: int | None = None, *, running: bool) -> Table:
    """The leaderboard, with the searched parameters that differ from the baseline's.

    Args:
        running: whether the search is; where it is not, trials without an end are interrupted.
    """
    searched = results.plan["search_space"]["distributions"]
    board = results.leaderboard.head(rows) if rows else results.leaderboard
    table = Table(box=None, pad_edge=False)
    table.add_column("trial", no_wrap=True)
    for column in ("state", results.plan["metric"], "best epoch", "seconds"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("differs from the baseline in", overflow="fold")
    baseline = results.baseline.get("trial")
    defaults = results.plan["search_space"]["baseline"]
    for _, row in board.iterrows():
        values = {name: row.get(f"config/{name}") for name in searched}
        shown = " ".join(
            f"{name}={_short(value)}"
            for name, value in values.items()
            if not pd.isna(value) and value != defaults.get(name)
        )
        epoch = "" if pd.isna(row["best_epoch"]) else f"{row['best_epoch']}/{row['epochs']}"
        table.add_row(
            f"{row['trial']} (baseline)" if row["trial"] == baseline != BASELINE else row["trial"],
            "interrupted" if row["state"] == "RUNNING" and not running else row["state"].lower(),
            "" if pd.isna(row["score"]) else f"{row['score']:.4f}",
            epoch,
            f"{row['seconds']:.1f}",
            shown if row["state"] != "FAIL" else f"{row['cause']}",
        )
    return table


def _print_failures(results: Results, console: Console) -> None:
    failed = results.trials[results.trials["state"] == "FAIL"]
    for cause, trials in failed.groupby("cause")["trial"]:
        console.print(f"{len(trials)} failed: {cause}  ({', '.join(trials)})", style="red")


def _print_best(experiment: Experiment, results: Results, console: Console) -> None:
    metrics = read_json(experiment.best / METRICS)
    metric, baseline = metrics["metric"], metrics["baseline"]
    val = metrics["val"][metric]
    text = f"\nBest: {metrics['trial']}, val {metric} {val:.4f}"
    if baseline:
        on_baseline = baseline["val"][metric]
        text += f", baseline {on_baseline:.4f} ({val - on_baseline:+.4f})"
    console.print(text, style="bold")
    if test := metrics["test"]:
        times = openings(experiment)
        opened = "opened once" if times == 1 else f"opened {times} times, so no longer unseen"
        text = f"Test ({opened}): {test[metric]:.4f} on {test['count']:,} {metrics['examples']}"
        if baseline:
            text += f", baseline {baseline['test'][metric]:.4f}"
        console.print(text, style="bold")
    else:
        console.print("Test: not opened")
    if metrics["references"]:
        console.print(scores_table(metrics))
    if by_value := compared_table(results):
        console.print(by_value)
    console.print(f"Train-val gap {metrics['train_val_gap']:+.4f}")
    note = results.plan["data"]["provenance"]["note"]
    if note:
        console.print(f"Data: {results.provenance} - {note}")
    console.print(
        f"Exported to {relative(experiment.best)}: loaded in a fresh process, it predicts all "
        f"{metrics['val']['count']:,} val {metrics['examples']} as the trained model did"
    )


def scores_of(experiment: Experiment) -> Table | None:
    """`scores_table` of what was handed over; None where nothing was."""
    if not experiment.best.is_dir():
        return None
    return scores_table(read_json(experiment.best / METRICS))


def scores_table(metrics: dict[str, Any]) -> Table:
    """Best, baseline and references side by side, by every score that is one number."""
    best = {"val": metrics["val"], "test": metrics["test"]}
    rows = {f"best ({metrics['trial']})": best}
    if metrics["baseline"]:
        rows["the baseline"] = metrics["baseline"]
    rows |= metrics["references"]
    names = [n for n, v in metrics["val"].items() if isinstance(v, float) and n != "loss"]
    parts = [part for part in ("val", "test") if best[part]]
    table = Table(box=None, pad_edge=False)
    table.add_column("")
    for part in parts:
        for name in names:
            table.add_column(f"{part} {name}", justify="right")
    for row, scores in rows.items():
        cells = [f"{scores[part][name]:.4f}" for part in parts for name in names]
        table.add_row(row, *cells)
    return table


def compared_table(results: Results) -> Table | None:
    """`compared` for a reader; None where there is nothing to compare."""
    frame = compared(results)
    if len(frame) < 2:
        return None
    table = Table(box=None, pad_edge=False)
    table.add_column(str(frame.index.name))
    metric = results.plan["metric"]
    for column in ("trials", f"best {metric}", "mean", "worst", "epochs", "parameters"):
        table.add_column(column, justify="right")
    table.add_column("seconds an epoch", justify="right")
    for value, row in frame.iterrows():
        scores = [f"{row[name]:.4f}" for name in ("best", "mean", "worst")]
        counts = [f"{row['epochs']}", f"{row['parameters']:,}"]
        table.add_row(str(value), f"{row['trials']:.0f}", *scores, *counts, f"{row['seconds']:.2f}")
    return table


def _use(experiment: Experiment) -> str:
    """The command that uses the best model: what its inputs are says which."""
    meta = read_json(experiment.best / CONFIG)["meta"]
    return next(command for key, command in _USES.items() if key in meta)


def _short(value: object) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
