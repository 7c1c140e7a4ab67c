"""Read an experiment, write its report."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from analysis.cells import (
    compared_cells,
    finalists_cells,
    front_cells,
    leaderboard_cells,
    scores_cells,
)
from analysis.figures import figures
from analysis.frames.failures import failures
from analysis.report import asked, detail, trials, use, won
from analysis.report.page import render
from analysis.report.record import Record
from analysis.sentences import asides, how_spent, stops
from trainables.files import replacing
from tuning.experiment import Experiment

_PLACED = {  # figures that stand in a section of their own; the others say how the search went
    *("finalists", "pareto-front", "overfitting", "failures"),
    *("importance", "slices", "interactions", "parallel"),
}


def write_report(experiment: Experiment) -> Path:
    """Write the report of a search that has come to an end, whole or not at all.

    Returns:
        where it is, in the experiment.

    Raises:
        BadInput, KeyError, ValueError: the experiment is damaged.
        OSError: it cannot be written.
    """
    write_page(report(Record.of(experiment, running=False)), experiment.report)
    return experiment.report


def write_page(page: str, path: Path) -> None:
    """Put a page there, whole or not at all; raises OSError."""
    with replacing(path) as temporary:
        temporary.write_text(page, "utf-8")


def report(record: Record) -> str:
    """The page, as text."""
    results, metrics = record.results, record.metrics
    return render(
        facts=facts(record),
        figures=figures(results),
        record=record,
        results=results,
        verdict=won.verdict(record),
        cards=won.cards(record),
        doubts=won.doubts(record),
        settings=won.settings(record),
        finalists=finalists_cells(results) if len(results.finalists) else None,
        scores=scores_cells(metrics) if metrics else None,
        front=front_cells(results),
        compared=compared_cells(results),
        by_class=detail.by_class(record),
        matrix=detail.matrix(record),
        confusions=detail.confusions(record),
        by_column=detail.by_column(record),
        sample=detail.sample(record),
        pictures=detail.pictures(record),
        request=asked.request(record),
        data=asked.data(record),
        space=asked.space(record),
        note=record.plan["data"]["provenance"]["note"],
        missing=results.notes,
        notes=record.plan["notes"],
        spent=how_spent(results),
        asides=asides(results),
        stops=stops(results),
        failures=failures(results).to_dict("records"),
        leaderboard=leaderboard_cells(results, running=record.running),
        table_of_all=trials.table(record),
        gap=won.gap(record),
        picks=trials.picks(record),
        commands=use.commands(record),
        caveats=use.caveats(record),
        circumstances=use.circumstances(record),
        placed=_PLACED,
        written=time.strftime("%Y-%m-%d %H:%M"),
    )


def facts(record: Record) -> dict[str, Any]:
    """What the page says, for a program: the same trial, epoch and score as every other view."""
    first, metrics = record.results.leader, record.metrics
    ahead = won.lead(record)
    return {
        "experiment": record.experiment.name,
        "provenance": record.results.provenance,
        "state": record.state,
        "metric": record.metric,
        "direction": record.plan["direction"],
        "leader": None
        if first is None
        else {
            "trial": str(first["trial"]),
            "best_epoch": int(first["best_epoch"]),
            "score": float(first["score"]),
        },
        "winner": record.winner,
        "best": None
        if metrics is None
        else {
            "trial": metrics["trial"],
            "epoch": metrics["epoch"],
            "seed": metrics["seed"],
            "val": _score(metrics["val"], metrics),
            "test": _score(metrics["test"], metrics),
        },
        "lead": None if ahead is None else ahead.difference,
        "test_openings": len(record.openings),
    }


def _score(report: dict[str, Any] | None, metrics: dict[str, Any]) -> float | None:
    return None if report is None else float(report[metrics["metric"]])
