"""Failures by cause."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd

import analysis
from analysis.frames.failures import failures
from tuning.experiment import Experiment


def test_a_row_a_cause_whatever_its_numbers(finished: Experiment) -> None:
    results = analysis.load(finished.root)
    memory = "OutOfMemoryError: tried to allocate {} GiB"
    causes = ["", memory.format(2), "ValueError: bad", memory.format("11.5"), "late"]
    trials = results.trials.assign(
        state=["COMPLETE", *["FAIL"] * 3, "PRUNED"],
        cause=pd.array(causes, "string"),
        seconds=[1.0, 2.0, 3.0, 4.0, 5.0],
        start=pd.array([0, 1, 0, 0, 0], "Int64"),
        epochs=pd.array([3, 3, 0, 1, 1], "Int64"),
    )
    again = trials.iloc[2:3].assign(trial="t0003-r1")
    frame = failures(replace(results, trials=trials, reruns=again))
    assert frame["cause"].tolist() == [memory.format(2), "ValueError: bad"]
    assert frame["count"].tolist() == [2, 2]
    assert frame["trials"].tolist() == ["t0000 t0002", "t0001 t0003-r1"]
    assert frame["epochs"].tolist() == [3, 0] and frame["seconds"].tolist() == [6.0, 6.0]


def test_of_an_experiment_and_of_none(finished: Experiment) -> None:
    results = analysis.load(finished.root)
    frame = failures(results)
    assert frame["cause"].tolist() == ["non-finite training loss"]
    assert frame["trials"].tolist() == ["t0002"] and frame["epochs"].tolist() == [1]
    none = failures(replace(results, trials=results.trials.iloc[:0]))
    assert none.empty and list(none) == list(frame) and (none.dtypes == frame.dtypes).all()
