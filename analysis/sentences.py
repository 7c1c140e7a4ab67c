"""What is to be said of a search, a sentence each: for the screen, and for the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd

from analysis.cells import signed
from analysis.frames.bought import bought
from analysis.frames.load import Results
from trainables.files import read_json
from tuning.experiment import CONFIG, TRAIN_AND_VAL, Experiment

USES = {  # by what describes a model's inputs
    "classes": "predict {} IMAGE...",
    "vocabulary": 'generate {} --prompt "..."',
    "season": "forecast {} --input FILE.csv",
}


def counts(results: Results, *, unfinished: str = "") -> str:
    """How many trials came to which end.

    Args:
        unfinished: what a trial without an end is called; empty: they are not counted.
    """
    states = results.trials["state"].value_counts()
    words = [("COMPLETE", "done"), ("PRUNED", "stopped"), ("FAIL", "failed")]
    words += [("RUNNING", unfinished)] if unfinished else []
    said = ", ".join(f"{states.get(state, 0)} {word}" for state, word in words)
    return f"{len(results.trials)} trials: {said}."


def asides(results: Results) -> list[str]:
    """What was proposed or known beside the trials that were ranked."""
    said = []
    if imported := results.plan.get("imported"):
        came = ", ".join(f"{count} from {name}" for name, count in imported["trials"].items())
        said.append(f"Imported beside them, for the sampler to learn from: {came}")
    if refused := results.plan.get("refused"):
        broken = ", ".join(results.plan["constraints"])
        said.append(f"Refused before training, and not counted: {refused} beyond {broken}")
    if broken := beyond(results):
        said.append(f"Trained and counted, but not ranked: {broken}")
    return said


def stops(results: Results) -> list[tuple[str, list[str]]]:
    """By cause, the trials that were stopped early, as the search was asked to."""
    stopped = results.trials[results.trials["state"] == "PRUNED"]
    causes = stopped["cause"].str.replace(r"\bt\d{4,}\b", "another", regex=True)
    return [(str(cause), list(trials)) for cause, trials in stopped["trial"].groupby(causes)]


def opened(times: int) -> str:
    """How often test was opened, and what that means."""
    return "opened once" if times == 1 else f"opened {times} times, so no longer unseen"


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


def how_spent(results: Results) -> str:
    """Which budget ended the search, and what each tenth of it bought; empty while it runs."""
    ended, frame = results.plan.get("ended"), bought(results)
    if not ended or frame.empty:
        return ""
    values = " ".join("-" if pd.isna(best) else f"{best:.4f}" for best in frame["best"])
    total, unit = frame["spent"].iloc[-1], frame["unit"].iloc[0]
    of = f"{total:,.0f} {unit}" + (" of training" if unit == "seconds" else "")
    return f"Ended by: {ended['by']}. Best after each tenth of its {of}: {values}"


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
    text += f"shown {finalist['search_score']:.4f} (optimism {signed(finalist['optimism'])})"
    if finalist["low"] is None:
        return f"{text}. One re-run gives no interval, and shows no ties"
    if finalist["tied"]:
        text += f". Tied with the best mean: {', '.join(finalist['tied'])}"
    return text


def between(interval: list[float | None] | None) -> str:
    """` (0.71 to 0.74)`; empty where there is no interval."""
    if not interval or interval[0] is None:
        return ""
    return f" ({span(interval)})"


def span(interval: Sequence[float | None]) -> str:
    """Both ends of an interval."""
    return f"{interval[0]:.4f} to {interval[1]:.4f}"


def duration(seconds: float) -> str:
    """Such as `4 min 05 s`, or `2 h 10 min`."""
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def how_to_use(experiment: Experiment) -> str:
    """What `python -m analysis` is given to use the best model: what its inputs are says which.

    Returns:
        such as `predict {} IMAGE...`, with braces where the experiment is named; empty where
        nothing here can use it.
    """
    config = read_json(experiment.best / CONFIG)
    # Without a `portable` the task does not say what goes in, but for pictures, which are that.
    usable = [key for key in USES if key == "classes" or "inputs" in config]
    return next((USES[key] for key in usable if key in config["meta"]), "")
