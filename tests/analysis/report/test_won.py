"""What won, in words: every sign, interval and doubt."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.report import Record
from analysis.report.won import cards, doubts, lead, verdict
from tuning.experiment import Experiment, rerun_id


@pytest.fixture(scope="module")
def record(finished: Experiment) -> Record:
    return Record.of(finished, running=False)


def with_finalists(record: Record, winner: list[float], baseline: list[float]) -> Record:
    """The same search, had t0003 won by re-runs with these scores."""
    assert record.metrics is not None
    name = str(record.results.baseline["trial"])
    scores = {"t0003": winner, name: baseline}
    reruns = pd.DataFrame(
        [
            {"trial": rerun_id(trial, number), "score": score, "seconds": 1.0, "feasible": True}
            for trial, own in scores.items()
            for number, score in enumerate(own, 1)
        ]
    )
    mean = {trial: float(np.mean(own)) for trial, own in scores.items()}
    finalists = pd.DataFrame({"trial": list(mean), "mean": list(mean.values())})
    about = {
        "trial": "t0003", "repeats": len(winner), "mean": mean["t0003"],
        "low": 0.5, "high": 0.6, "search_score": 0.7, "optimism": -1e-9, "tied": [],
    }  # fmt: skip
    metrics = record.metrics | {"trial": "t0003-r2", "finalists": about}
    results = replace(record.results, reruns=reruns, finalists=finalists)
    return replace(record, results=results, metrics=metrics)


def in_direction(record: Record, direction: str) -> Record:
    plan = record.plan | {"direction": direction, "finalists": 2}
    return replace(record, results=replace(record.results, plan=plan))


def test_the_lead_has_welchs_interval(record: Record) -> None:
    found = lead(with_finalists(record, [0.90, 0.91, 0.92], [0.80, 0.81, 0.82]))
    assert found is not None and found.interval is not None
    assert found.difference == pytest.approx(0.1)
    half = 2.776 * math.sqrt(2 * 0.01**2 / 3)  # Student's t with 4 degrees of freedom
    assert found.interval == pytest.approx((0.1 - half, 0.1 + half), abs=1e-4)
    assert found.is_sure


@pytest.mark.parametrize(
    ("direction", "winner", "baseline", "said"),
    [
        ("max", [0.9, 0.91], [0.8, 0.81], "0.1000 better than the baseline (95 % interval: 0.0"),
        ("min", [0.8, 0.81], [0.9, 0.91], "0.1000 better than the baseline (95 % interval: 0.0"),
        ("max", [0.8, 0.9], [0.7, 0.9], "0.0500 better than the baseline, but that may be chance"),
        ("max", [0.8, 0.81], [0.9, 0.91], "0.1000 worse than the baseline"),
    ],
)
def test_the_verdict(
    direction: str, winner: list[float], baseline: list[float], said: str, record: Record
) -> None:
    one = in_direction(with_finalists(record, winner, baseline), direction)
    assert said in verdict(one)
    shown = {card.label: card for card in cards(one)}
    assert shown["Against the baseline"].value == f"{np.mean(winner) - np.mean(baseline):+.4f}"
    assert ("lower is better" in shown["Against the baseline"].detail) == (direction == "min")
    assert "optimism +0.0000" in shown["Val accuracy"].detail  # not -0.0000


def test_one_training_each_is_no_proof(record: Record) -> None:
    found = lead(record)
    assert found is not None and found.interval is None and not found.is_sure
    assert "each score is of a single training" in verdict(record)
    shown = {card.label: card for card in cards(record)}
    assert shown["Val accuracy"].doubtful and "luckiest" in shown["Val accuracy"].detail


def test_re_runs_of_one_side_alone_are_not_called_one_training(record: Record) -> None:
    """Where the baseline's failed: then the median re-run stands against its single training."""
    one = with_finalists(record, [0.90, 0.91, 0.92], [math.nan] * 3)
    found = lead(one)
    assert found is not None and found.interval is None
    said = verdict(one)
    assert "each score is of a single training" in said and "trained once" not in said


def test_the_baseline_may_win(record: Record) -> None:
    assert record.metrics is not None
    name = str(record.results.baseline["trial"])
    metrics = record.metrics | {"trial": name}
    one = replace(record, metrics=metrics)
    assert verdict(one) == f"Nothing that was tried is better than the baseline, {name}."
    assert lead(one) is None
    assert [card.label for card in cards(one)] == ["Val accuracy", "Test accuracy", "Trials"]


def test_a_baseline_whose_directory_is_gone(record: Record) -> None:
    trials = record.results.trials
    kept = trials[trials["trial"] != record.results.baseline["trial"]]
    one = replace(record, results=replace(record.results, trials=kept))
    assert one.results.baseline.empty
    assert lead(one) == lead(record) and verdict(one) == verdict(record)
    assert record.metrics is not None and lead(record) is not None
    won = replace(one, metrics=record.metrics | {"trial": record.metrics["baseline"]["trial"]})
    assert won.baseline_won and lead(won) is None


def test_a_model_that_has_seen_val(record: Record) -> None:
    one = with_finalists(record, [0.9, 0.91], [0.8, 0.81])
    changed: dict[str, Any] = {"trained_on": "train and val", "val": None, "trial": "t0003-all"}
    assert one.metrics is not None
    one = replace(one, metrics=one.metrics | changed)
    assert any("it has no val score of its own" in line for line in doubts(one))
    assert "0.1000 better" in verdict(one)
    (test,) = [card for card in cards(one) if card.label == "Test accuracy"]
    assert "trained on train alone" in test.detail


def test_test_was_not_opened(record: Record) -> None:
    assert record.metrics is not None
    closed = replace(record, metrics=record.metrics | {"test": None}, openings=())
    (test,) = [card for card in cards(closed) if card.label == "Test accuracy"]
    assert (test.value, test.doubtful) == ("closed", True)
