"""What was asked for, and on which data."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from analysis.cells import Cells
from analysis.frames.searched import Searched, searched
from analysis.report.record import Record
from analysis.report.won import value_text
from analysis.sentences import duration
from trainables.files import relative

Fact = tuple[str, str]  # what, and what it is


def request(record: Record) -> list[Fact]:
    """The search, as `plan.json` has it resolved."""
    plan = record.plan
    return [fact for fact in _request(plan) if fact[1]]


def _request(plan: dict[str, Any]) -> Iterator[Fact]:
    space = plan["space"] if plan["space_sha256"] is None else relative(Path(plan["space"]))
    goal = "highest" if plan["direction"] == "max" else "lowest"
    yield "Task", f"{plan['search_space']['task']}, space {space}"
    yield "Goal", f"the {goal} {plan['metric']}, a trial's best epoch"
    yield "Aims", ", ".join(plan["objectives"])
    yield "Constraints", ", ".join(plan["constraints"])
    length = "1 epoch" if plan["epochs"] == 1 else f"up to {plan['epochs']} epochs"
    yield "Trials", f"{plan['trials']} of {length}"
    yield "Proposed by", plan["sampler"] + _informed(plan)
    yield "Stopped early by", plan["scheduler"] + _from(plan)
    yield "Changed on the way", ", ".join(plan["perturbed"])
    yield "Budget", ", ".join(_budget(plan))
    if finalists := plan["finalists"]:
        again = f"the best {finalists} and the baseline, {plan['repeats']} times each"
        yield "Trained again", f"{again}; of those that tie, {_preferred(plan)}"
    else:
        yield "Trained again", "none: the best trial is handed over"
    if plan["retrain_on_all"]:
        yield "Then", "the winner on train and val together"
    yield "At a time", f"{plan['concurrency']} trials, {_each(plan)}"
    yield "Seed", str(plan["seed"])
    yield "Settings", "  ".join(plan["settings"])
    for resumed in plan["resumed"]:
        yield "Resumed", f"{resumed['time']}, {resumed['trials']} trials in all"


def _informed(plan: dict[str, Any]) -> str:
    imported = plan["imported"]
    if not imported:
        return ""
    return f", which knew {sum(imported['trials'].values())} trials of earlier searches"


def _from(plan: dict[str, Any]) -> str:
    return "" if plan["scheduler"] == "none" else f", from epoch {plan['grace_period']} on"


def _preferred(plan: dict[str, Any]) -> str:
    return "the quickest" if plan["prefer"] == "cheap" else "the best mean"


def _each(plan: dict[str, Any]) -> str:
    threads = "1 thread" if plan["cpus_per_trial"] == 1 else f"{plan['cpus_per_trial']} threads"
    return threads + (f" and {plan['gpus_per_trial']:g} GPU" if plan["gpus_per_trial"] else "")


def _budget(plan: dict[str, Any]) -> Iterator[str]:
    if plan["time_budget"]:
        yield duration(plan["time_budget"])
    if plan["epoch_budget"]:
        yield f"{plan['epoch_budget']} epochs"
    if plan["target_score"] is not None:
        yield f"a score of {plan['target_score']:g}"
    if plan["plateau"]:
        yield f"{plan['plateau']} trials without a better one"
    if plan["patience"]:
        yield f"of a trial {plan['patience']} epochs after its best"


def data(record: Record) -> list[Fact]:
    """The data and how it was split."""
    plan, metrics = record.plan, record.metrics
    about = plan["data"]
    sizes = f"{about['train']:,} train, {about['val']:,} val"
    if metrics and metrics["test"]:
        sizes += f", {metrics['test']['count']:,} test"
    examples = f" ({metrics['examples']})" if metrics else ""
    facts = [
        ("Data", record.results.provenance),
        ("Sizes", sizes + examples),
        ("Split", f"val is cut from train, seed {about['split_seed']}; the same for every trial"),
        ("Inputs", ", ".join(_inputs(about["meta"]))),
        ("SHA-256", about["digest"]),
    ]
    return [fact for fact in facts if fact[1]]


def _inputs(meta: dict[str, Any]) -> Iterator[str]:
    """What a meta of any task says of itself in numbers."""
    if "height" in meta:
        colour = "grey" if meta["channels"] == 1 else "colour"
        yield f"{meta['height']} x {meta['width']} pixels, {colour}"
    for key, what in (("classes", "classes"), ("vocabulary", "symbols"), ("names", "columns")):
        if key in meta:
            yield f"{len(meta[key])} {what}"


def space(record: Record) -> Cells:
    """What was searched: every parameter, its range and its condition."""
    baseline = record.plan["search_space"]["baseline"]
    rows = tuple(
        (one.name, range_text(one), one.when, value_text(baseline.get(one.name)))
        for one in searched(record.plan)
    )
    return Cells(("parameter", "searched over", "only where", "baseline"), rows)


def range_text(one: Searched) -> str:
    """What a parameter may be, for a reader."""
    if one.choices:
        return ", ".join(one.labels)
    return f"{one.low:g} to {one.high:g}" + (", log" if one.log else "")
