"""Trials by the value of a parameter: counts, scores with their spread, size and seconds."""

from __future__ import annotations

from typing import Any

import pandas as pd
from rich.console import Console

import analysis
from analysis.frames.compared import compared
from analysis.frames.load import Results
from analysis.tables import compared_table
from tuning.experiment import Experiment


def results(direction: str = "max", **plan: Any) -> Results:
    trials = pd.DataFrame(
        {
            "trial": ["t0000", "t0001", "t0002", "t0003"],
            "score": [0.5, 0.7, 0.6, None],
            "epochs": pd.array([3, 3, 1, 1], "Int64"),
            "config/frozen_stages": [5, 1, 5, 0],
        }
    )
    epochs = pd.DataFrame(
        [
            {"trial": trial, "epoch": epoch, "seconds": second, "trainable_parameters": count}
            for trial, seconds, count in (
                ("t0000", (9.0, 1.0, 1.0), 5), ("t0001", (4.0, 4.0, 6.0), 50),
                ("t0002", (3.0,), 5), ("t0003", (1.0,), 60),
            )
            for epoch, second in enumerate(seconds, 1)
        ]
    )  # fmt: skip
    space = {"compared_by": "frozen_stages"} | plan
    plan = {"direction": direction, "metric": "val_score", "search_space": space}
    return Results(trials, epochs, pd.DataFrame(), pd.DataFrame(), plan)


def test_a_row_a_value() -> None:
    frame = compared(results())
    assert frame.index.name == "frozen_stages" and list(frame.index) == [1, 5]
    columns = {name: frame[name].tolist() for name in frame}
    assert columns == {
        "trials": [1, 2], "best": [0.7, 0.6], "mean": [0.7, 0.55], "worst": [0.7, 0.5],
        "epochs": [3, 3], "parameters": [50, 5], "seconds": [4.0, 2.0],
    }  # fmt: skip


def test_the_best_is_the_smallest_of_a_loss() -> None:
    frame = compared(results("min"))
    assert (frame["best"].tolist(), frame["worst"].tolist()) == ([0.7, 0.5], [0.7, 0.6])


def test_nothing_to_compare(finished: Experiment) -> None:
    assert compared(results(compared_by="")).empty
    assert compared_table(analysis.load(finished.root)) is None


def test_for_a_reader() -> None:
    table = compared_table(results())
    assert table is not None
    console = Console(width=120, record=True)
    console.print(table)
    head, *rows = console.export_text().splitlines()
    assert head.split()[:3] == ["frozen_stages", "trials", "best"]
    assert rows[1].split() == ["5", "2", "0.6000", "0.5500", "0.5000", "3", "5", "2.00"]
