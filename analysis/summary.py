"""The end of a search in one screen, and the leaderboard."""

from __future__ import annotations

import shlex
from typing import Any

import pandas as pd
from rich.console import Console

from analysis.bought import bought
from analysis.load import Results, load
from analysis.openings import openings
from analysis.tables import (
    compared_table,
    finalists_table,
    front_table,
    leaderboard_table,
    scores_table,
)
from trainables.files import read_json, relative
from tuning.experiment import CONFIG, METRICS, TRAIN_AND_VAL, Experiment

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
    if imported := results.plan.get("imported"):
        came = ", ".join(f"{count} from {name}" for name, count in imported["trials"].items())
        console.print(f"Imported beside them, for the sampler to learn from: {came}")
    if refused := results.plan.get("refused"):
        broken = ", ".join(results.plan["constraints"])
        console.print(f"Refused before training, and not counted: {refused} beyond {broken}")
    if said := beyond(results):
        console.print(f"Trained and counted, but not ranked: {said}")
    console.print(leaderboard_table(results, TOP, running=False))
    _print_failures(results, console)
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
    console.print(f"  tensorboard --logdir {here}")
    console.print(f"  python -m analysis show {here}")
    if experiment.best.is_dir():
        trust = " --trust" if results.plan["search_space"]["own_task"] else ""
        console.print(f"  python -m analysis {_use(experiment).format(here)}{trust}")


def beyond(results: Results) -> str:
    """How many trials were found to break which constraint when they were trained; empty: none."""
    trials = results.trials[results.trials["score"].notna()]  # one that failed has none
    columns = [name for name in map(str, trials) if name.startswith("excess/")]
    counts = {name.removeprefix("excess/"): (trials[name] > 0).sum() for name in columns}
    return ", ".join(f"{count} beyond {name}" for name, count in counts.items() if count)


def none_keeps(results: Results) -> str:
    """Where trials have a score, and none of them keeps the constraints, so; else empty."""
    scored = results.trials[results.trials["score"].notna()]
    if scored.empty or scored["feasible"].any():
        return ""
    return f"No trial keeps {' and '.join(results.plan['constraints'])}."


def _print_failures(results: Results, console: Console) -> None:
    failed = results.trials[results.trials["state"] == "FAIL"]
    for cause, trials in failed.groupby("cause")["trial"]:
        console.print(f"{len(trials)} failed: {cause}  ({', '.join(trials)})", style="red")


def how_spent(results: Results) -> str:
    """Which budget ended the search, and what each tenth of it bought; empty while it runs."""
    ended, frame = results.plan.get("ended"), bought(results)
    if not ended or frame.empty:
        return ""
    values = " ".join("-" if pd.isna(best) else f"{best:.4f}" for best in frame["best"])
    total, unit = frame["spent"].iloc[-1], frame["unit"].iloc[0]
    of = f"{total:,.0f} {unit}" + (" of training" if unit == "seconds" else "")
    return f"Ended by: {ended['by']}. Best after each tenth of its {of}: {values}"


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
        times = openings(experiment)
        opened = "opened once" if times == 1 else f"opened {times} times, so no longer unseen"
        text = f"Test ({opened}): {test[metric]:.4f}{between(test.get('interval'))}"
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


def cut_short(results: Results, metrics: dict[str, Any]) -> str:
    """What did not come to its end of what was asked for, so that nobody believes it did."""
    ended = results.plan.get("ended") or {}
    asked, done = ended.get("repeats"), (metrics["finalists"] or {}).get("repeats", 0)
    said = ""
    if asked is None:  # the trials have not ended, or no finalists were asked for
        said = "No finalist was trained again yet" if results.plan.get("finalists") else ""
    elif asked == 0:
        said = "No finalist was trained again: there was no time for it"
    elif done < asked and len(results.finalists):
        broke = ", or broke a constraint," if results.plan.get("constraints") else ""
        said = f"Every finalist failed{broke} when it was trained again"
        if done:
            said = f"The finalists were cut short: {done} of {asked} rounds of re-runs were ended"
    elif done < asked:
        said = "The finalists were cut short: no round of re-runs was ended"
    if said and not done:
        said += "; the search's best trial is handed over, whose score may be its luckiest"
    if results.plan.get("retrain_on_all") and metrics["trained_on"] != TRAIN_AND_VAL:
        said += ("\n" if said else "") + "It was not trained on val too, as --retrain-on-all asks"
    return said


def how_sure(finalist: dict[str, Any], metric: str) -> str:
    """What the re-runs say of the winner, in a sentence or two."""
    times = "once" if finalist["repeats"] == 1 else f"{finalist['repeats']} times"
    text = f"{finalist['trial']} trained again, {times}: {metric} "
    text += f"{finalist['mean']:.4f}{between([finalist['low'], finalist['high']])}; the search had "
    text += f"shown {finalist['search_score']:.4f} (optimism {finalist['optimism']:+.4f})"
    if finalist["low"] is None:
        return f"{text}. One re-run gives no interval, and shows no ties"
    if finalist["tied"]:
        text += f". Tied with the best mean: {', '.join(finalist['tied'])}"
    return text


def between(interval: list[float | None] | None) -> str:
    """` (0.71 to 0.74)`; empty where there is no interval."""
    if not interval or interval[0] is None:
        return ""
    return f" ({interval[0]:.4f} to {interval[1]:.4f})"


def _use(experiment: Experiment) -> str:
    """The command that uses the best model: what its inputs are says which."""
    meta = read_json(experiment.best / CONFIG)["meta"]
    return next(command for key, command in _USES.items() if key in meta)
