"""Seconds of cores and GPUs, by part and state."""

from __future__ import annotations

from dataclasses import replace

import pytest

import analysis
from analysis.frames.cost import cost
from tuning.experiment import Experiment


def test_by_state_and_the_finalists_apart(finished: Experiment) -> None:
    results = analysis.load(finished.root)
    again = results.trials[results.trials["trial"] == "t0003"].assign(trial="t0003-r1", seconds=2.0)
    plan = results.plan | {"cpus_per_trial": 4, "gpus_per_trial": 0.25}
    frame = cost(replace(results, reruns=again, plan=plan))
    assert frame["part"].tolist() == ["search"] * 3 + ["finalists"]
    assert frame["state"].tolist() == ["COMPLETE", "FAIL", "PRUNED", "COMPLETE"]
    assert frame["trials"].tolist() == [3, 1, 1, 1] and frame["epochs"].tolist() == [9, 1, 1, 3]
    assert frame["seconds"].sum() == pytest.approx(results.trials["seconds"].sum() + 2.0)
    assert frame["core_seconds"].iloc[-1] == 8.0 and frame["gpu_seconds"].iloc[-1] == 0.5


def test_an_heir_costs_what_it_has_trained_itself(finished: Experiment) -> None:
    results = analysis.load(finished.root)
    heir = results.trials[results.trials["trial"] == "t0003"].assign(start=2)
    assert cost(replace(results, trials=heir))["epochs"].tolist() == [1]


def test_before_the_first_trial(finished: Experiment) -> None:
    results = analysis.load(finished.root)
    frame = cost(replace(results, trials=results.trials.iloc[:0]))
    assert frame.empty and str(frame["core_seconds"].dtype) == "float64"
