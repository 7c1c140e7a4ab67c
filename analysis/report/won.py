"""What won, by how much over the baseline, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.cells import Cells, signed
from analysis.frames.intervals import difference_interval
from analysis.report.record import Record
from analysis.sentences import (
    counts,
    cut_short,
    duration,
    how_sure,
    none_keeps,
    opened,
    span,
)


@dataclass(frozen=True)
class Card:
    """A number that a reader looks for first.

    Attributes:
        detail: what it must not be read without.
        doubtful: whether that is a warning.
    """

    label: str
    value: str
    detail: str
    doubtful: bool = False


@dataclass(frozen=True)
class Lead:
    """The winner's score less the baseline's, and Welch's 95 % interval of that; None: unknown."""

    winner: float
    baseline: float
    interval: tuple[float, float] | None

    @property
    def difference(self) -> float:
        return self.winner - self.baseline

    @property
    def is_sure(self) -> bool:
        """Whether the interval does not hold 0."""
        return self.interval is not None and not self.interval[0] <= 0 <= self.interval[1]


def lead(record: Record) -> Lead | None:
    """By the means of the re-runs where both have them, else by what both have on val.

    None where one of them has no score on val, or the baseline has won.
    """
    metrics, results = record.metrics, record.results
    name, finalist = record.baseline, record.finalist
    if metrics is None or name is None or record.baseline_won:
        return None
    rows = results.finalists[results.finalists["trial"] == name].dropna(subset="mean")
    if finalist and len(rows):
        own, base = record.rerun_scores(finalist["trial"]), record.rerun_scores(name)
        low, high = difference_interval(own.to_numpy(), base.to_numpy())
        interval = None if math.isnan(low) else (low, high)
        return Lead(finalist["mean"], float(rows["mean"].iloc[0]), interval)
    if not metrics["val"]:
        return None
    key = metrics["metric"]
    return Lead(metrics["val"][key], metrics["baseline"]["val"][key], None)


def verdict(record: Record) -> str:
    """The answer in a sentence."""
    if record.metrics is None:
        return _without_a_model(record)
    won, ahead = record.winner, lead(record)
    if record.baseline_won:
        return f"Nothing that was tried is better than the baseline, {won}.{_front(record)}"
    if ahead is None:
        return f"{won} won.{_front(record)}"
    sign = 1 if record.plan["direction"] == "max" else -1
    gains = sign * ahead.difference
    apart = f"{abs(gains):.4f} {'better' if gains > 0 else 'worse'} than the baseline"
    text = f"{won} won: {record.metric} {ahead.winner:.4f}, {apart}"
    if ahead.interval is None:
        text += "; each score is of a single training, so that luck is in both."
        return text + _front(record)
    low, high = sorted(sign * end for end in ahead.interval)
    if ahead.is_sure:
        text += f" (95 % interval: {span(sorted(map(abs, ahead.interval)))})."
        return text + _front(record)
    chance = "but that may be chance: the 95 % interval of the difference holds 0"
    return f"{text}, {chance} ({_range((low, high))}).{_front(record)}"


def _front(record: Record) -> str:
    if not record.plan["objectives"]:
        return ""
    names = ", ".join(text.partition(":")[0] for text in record.plan["objectives"])
    return f" In all aims together ({names}) {len(record.results.front)} trials are unbeaten."


def _without_a_model(record: Record) -> str:
    results = record.results
    if said := none_keeps(results):
        return f"{said} No model was handed over."
    scored = results.leaderboard.dropna(subset="score")
    if len(scored):
        best = scored.iloc[0]
        so_far = f"The best so far is {best['trial']}, {record.metric} {best['score']:.4f}"
        return f"{so_far}. No model has been handed over{_yet(record)}."
    if len(results.trials) and (results.trials["state"] == "FAIL").all():
        return f"No trial succeeded: all {len(results.trials)} failed."
    return "No trial has a score yet."


def _yet(record: Record) -> str:
    return "" if record.state == "ended" else " yet"


def _range(interval: tuple[float, float]) -> str:
    return f"{signed(interval[0])} to {signed(interval[1])}"


def cards(record: Record) -> list[Card]:
    """Score, lead, test and trials, as far as there are any."""
    metrics, results = record.metrics, record.results
    found = []
    if metrics is not None:
        found += [_score(record, metrics), *_lead_card(record), _test(record, metrics)]
    seconds = results.trials["seconds"].sum() + results.reruns["seconds"].sum()
    begun = "running" if record.running else "interrupted"
    unfinished = (results.trials["state"] == "RUNNING").any()
    detail = counts(results, unfinished=begun if unfinished else "")
    detail = detail.partition(": ")[2].rstrip(".")
    found.append(
        Card("Trials", str(len(results.trials)), f"{detail}; {duration(seconds)} of training")
    )
    return found


def _score(record: Record, metrics: dict[str, Any]) -> Card:
    label, finalist = f"Val {metrics['metric']}", record.finalist
    if finalist:
        times = "1 re-run" if finalist["repeats"] == 1 else f"{finalist['repeats']} re-runs"
        known = finalist["low"] is not None
        interval = f"95 % {span((finalist['low'], finalist['high']))}" if known else "no interval"
        optimism = f"optimism {signed(finalist['optimism'])}"
        detail = f"mean of {times} under fresh seeds, {interval}; {optimism}"
        return Card(label, f"{finalist['mean']:.4f}", detail)
    if not metrics["val"]:
        return Card(label, "none", "the model was trained on val too", doubtful=True)
    detail = f"{metrics['trial']}, trained once; as the best of many it may be the luckiest"
    return Card(label, f"{metrics['val'][metrics['metric']]:.4f}", detail, doubtful=True)


def _lead_card(record: Record) -> list[Card]:
    ahead = lead(record)
    if ahead is None:
        return []
    lower = ", lower is better" if record.plan["direction"] == "min" else ""
    detail = f"baseline {ahead.baseline:.4f}{lower}; "
    if ahead.interval is None:
        detail += "no interval: too few re-runs"
    else:
        detail += f"95 % {_range(ahead.interval)}"
    value = signed(ahead.difference)
    return [Card("Against the baseline", value, detail, doubtful=not ahead.is_sure)]


def _test(record: Record, metrics: dict[str, Any]) -> Card:
    test, key = metrics["test"], metrics["metric"]
    label = f"Test {key}"
    if not test:
        return Card(label, "closed", "test was not opened", doubtful=True)
    times = len(record.openings)
    detail = f"{opened(times)}, on {test['count']:,} {metrics['examples']}"
    if test.get("interval"):
        detail += f"; 95 % {span(test['interval'])}"
    if metrics["baseline"]:
        alone = ", trained on train alone" if record.has_seen_val else ""
        detail += f"; baseline {metrics['baseline']['test'][key]:.4f}{alone}"
    return Card(label, f"{test[key]:.4f}", detail, doubtful=times != 1)


def doubts(record: Record) -> list[str]:
    """How sure it is, a sentence each."""
    metrics = record.metrics
    if metrics is None:
        return []
    said = []
    if record.finalist:
        said.append(how_sure(record.finalist, record.metric) + ".")
    elif not record.plan["finalists"]:
        text = "No finalists were asked for: the best of many scores is partly the luckiest, and "
        said.append(f"{text}nobody knows by how much. --finalists would tell.")
    if short_of := cut_short(record.results, metrics):
        said += [f"{line}." for line in short_of.splitlines()]
    if record.has_seen_val:
        text = "The model that is handed over was trained on train and val together, for "
        said.append(f"{text}{metrics['epoch']} epochs: it has no val score of its own.")
    if len(record.openings) > 1:
        times = "; ".join(f"{o['time']} for {', '.join(o['trials'])}" for o in record.openings)
        said.append(f"Test was {opened(len(record.openings))}: {times}.")
    return said


def gap(record: Record) -> str:
    """How far train is from val, in a sentence; empty: the model has no score on one of them."""
    metrics = record.metrics
    if metrics is None or metrics["train_val_gap"] is None:
        return ""
    key, on_train = metrics["metric"], metrics["train"]
    text = f"{metrics['trial']} has {key} {on_train[key]:.4f} on {on_train['count']:,} of the "
    text += f"{metrics['examples']} that it was trained on, and {metrics['val'][key]:.4f} on val: "
    return text + f"a gap of {signed(metrics['train_val_gap'])}."


def settings(record: Record) -> Cells | None:
    """The winner's settings beside the baseline's, those that differ first; None: no winner."""
    trials = record.results.trials.set_index("trial")
    if record.winner is None or record.winner not in trials.index:
        return None
    own, base = trials.loc[record.winner], record.plan["search_space"]["baseline"]
    names = [c.removeprefix("config/") for c in map(str, trials) if c.startswith("config/")]
    given = [(name, own[f"config/{name}"], base.get(name)) for name in names]
    if record.baseline_won:
        rows = tuple((name, value_text(mine)) for name, mine, _ in given if value_text(mine))
        return Cells(("parameter", f"the baseline ({record.winner})"), rows)
    pairs = [(name, value_text(mine), value_text(other)) for name, mine, other in given]
    pairs = [pair for pair in pairs if pair[1] or pair[2]]
    pairs.sort(key=lambda pair: pair[1] == pair[2])
    return Cells(("parameter", f"winner ({record.winner})", "baseline"), tuple(pairs))


def value_text(value: Any, digits: int = 6) -> str:
    """A setting's text; empty where it does not exist."""
    if value is None or pd.isna(value):
        return ""
    return f"{value:.{digits}g}" if isinstance(value, float) else str(value)
