"""The end of a search in one screen, and the leaderboard."""

from __future__ import annotations

import shlex

from rich.console import Console

from analysis.frames.failures import failures
from analysis.frames.load import Results, load
from analysis.openings import openings
from analysis.sentences import (
    asides,
    between,
    counts,
    cut_short,
    how_spent,
    how_sure,
    how_to_use,
    none_keeps,
    opened,
)
from analysis.tables import (
    compared_table,
    finalists_table,
    front_table,
    leaderboard_table,
    scores_table,
)
from trainables.files import read_json, relative
from tuning.experiment import METRICS, Experiment

TOP = 5


def print_summary(experiment: Experiment, console: Console, *, interrupted: bool) -> None:
    """Counts, the top five, best against baseline, test, and where to look further."""
    results = load(experiment.root)
    said = counts(results, unfinished="interrupted" if interrupted else "")
    console.print(f"\n{said}  {results.provenance}")
    for aside in asides(results):
        console.print(aside)
    console.print(leaderboard_table(results, TOP, running=False))
    for row in failures(results).itertuples():
        console.print(f"{row.count} failed: {row.cause}  ({row.trials})", style="red")
    if unbeaten := front_table(results):
        console.print("No trial is as good as these in every aim, and better in one:")
        console.print(unbeaten)
    if spent := how_spent(results):
        console.print(spent)
    if said := none_keeps(results):
        console.print(said, style="bold red")
    if not experiment.best.is_dir():
        console.print("Nothing was exported.", style="bold red")
    else:
        _print_best(experiment, results, console)
    here = shlex.quote(relative(experiment.root))
    if interrupted:
        console.print(f"\nGo on with it: python run_search.py --resume {here}")
    console.print(f"\nEverything is in {relative(experiment.root)}")
    if experiment.report.is_file():
        console.print(f"  {relative(experiment.report)}")
    if any(directory.events() for directory in experiment.trial_directories()):
        console.print(f"  tensorboard --logdir {here}")
    console.print(f"  python -m analysis show {here}")
    if experiment.best.is_dir() and (use := how_to_use(experiment)):
        trust = " --trust" if results.plan["search_space"]["own_task"] else ""
        console.print(f"  python -m analysis {use.format(here)}{trust}")


def _print_best(experiment: Experiment, results: Results, console: Console) -> None:
    metrics = read_json(experiment.best / METRICS)
    metric, baseline, examples = metrics["metric"], metrics["baseline"], metrics["examples"]
    if len(results.finalists):
        console.print(finalists_table(results))
    if short := cut_short(results, metrics):
        console.print(short)
    text = f"\nBest: {metrics['trial']}"
    if metrics["val"]:
        val = metrics["val"][metric]
        text += f", val {metric} {val:.4f}"
        if baseline:
            on_baseline = baseline["val"][metric]
            text += f", baseline {on_baseline:.4f} ({val - on_baseline:+.4f})"
    else:
        text += f", trained on train and val for {metrics['epoch']} epochs: it has no val score"
    console.print(text, style="bold")
    if finalist := metrics["finalists"]:
        console.print(how_sure(finalist, results.plan["metric"]))
    if test := metrics["test"]:
        text = f"Test ({opened(openings(experiment))}): "
        text += f"{test[metric]:.4f}{between(test.get('interval'))}"
        text += f" on {test['count']:,} {examples}"
        if baseline:
            text += f", baseline {baseline['test'][metric]:.4f}"
        console.print(text, style="bold")
    else:
        console.print("Test: not opened")
    if metrics["references"]:
        console.print(scores_table(metrics))
    if by_value := compared_table(results):
        console.print(by_value)
    if metrics["train_val_gap"] is not None:
        console.print(f"Train-val gap {metrics['train_val_gap']:+.4f}")
    note = results.plan["data"]["provenance"]["note"]
    if note:
        console.print(f"Data: {results.provenance} - {note}")
    console.print(
        f"Exported to {relative(experiment.best)}: loaded in a fresh process, it says of all "
        f"val {examples} what the trained model did"
    )
