"""The finalists ranked by the mean of their re-runs, and which of them wins."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.finalists import COLUMNS, finalists, median_rerun
from tuning.experiment import TrialStatus

SCORES = {"t0000": 0.5, "t0001": 0.9, "t0002": 0.8}


def rerun(name: str, score: float | None, seconds: float = 1.0, state: str = "") -> TrialStatus:
    state = state or ("COMPLETE" if score is not None else "FAIL")
    return TrialStatus(name, state, score, 1, 2, seconds, 7)


def reruns(**scores: tuple[float | None, ...]) -> list[TrialStatus]:
    return [
        rerun(f"{trial}-r{number}", score)
        for trial, values in scores.items()
        for number, score in enumerate(values, 1)
    ]


LUCKY = reruns(t0000=(0.50, 0.52, 0.51), t0001=(0.70, 0.72, 0.71), t0002=(0.80, 0.79, 0.78))


def test_the_best_mean_wins_and_not_the_best_score_of_the_search() -> None:
    frame = finalists(LUCKY, SCORES, "max", "best")
    assert list(frame) == COLUMNS and frame["trial"].tolist() == ["t0002", "t0001", "t0000"]
    first, lucky, _ = (row for _, row in frame.iterrows())
    assert first["mean"] == pytest.approx(0.79) and first["optimism"] == pytest.approx(0.01)
    assert lucky["search_score"] == 0.9 and lucky["optimism"] == pytest.approx(0.19)
    assert first["low"] == pytest.approx(0.79 - 4.3027 * 0.01 / 3**0.5, abs=1e-5)
    assert frame["tied"].tolist() == [True, False, False]
    assert (frame["seconds"] == 1.0).all()


def test_for_a_loss_optimism_is_what_looked_lower() -> None:
    frame = finalists(LUCKY, SCORES, "min", "best")
    assert frame["trial"].tolist() == ["t0000", "t0001", "t0002"]
    assert frame["optimism"].tolist() == pytest.approx([0.01, -0.19, -0.01])


def test_the_cheapest_of_those_tied_wins_where_that_is_preferred() -> None:
    close = [
        *(rerun(f"t0001-r{n}", score, seconds=9.0) for n, score in enumerate((0.8, 0.83, 0.81), 1)),
        *(rerun(f"t0002-r{n}", score, seconds=2.0) for n, score in enumerate((0.79, 0.81, 0.8), 1)),
        *(rerun(f"t0000-r{n}", score, seconds=0.1) for n, score in enumerate((0.5, 0.51, 0.52), 1)),
    ]
    assert finalists(close, SCORES, "max", "best")["trial"].tolist()[0] == "t0001"
    cheap = finalists(close, SCORES, "max", "cheap")
    assert cheap["trial"].tolist() == ["t0002", "t0001", "t0000"]
    assert cheap["tied"].tolist() == [True, True, False]


def test_one_rerun_has_no_interval_and_no_ties() -> None:
    frame = finalists(reruns(t0001=(0.8,), t0002=(0.8,)), SCORES, "max", "cheap")
    assert frame[["low", "high"]].isna().all(axis=None) and not frame["tied"].any()
    assert frame["trial"].iloc[0] == "t0001"


def test_a_finalist_that_fails_once_cannot_win() -> None:
    frame = finalists(reruns(t0001=(0.9, None), t0002=(0.6, 0.7)), SCORES, "max", "best")
    assert frame["trial"].tolist() == ["t0002", "t0001"] and np.isnan(frame["mean"].iloc[1])


def test_what_has_not_ended_does_not_count() -> None:
    cut = rerun("t0001-r2", 0.1, state="PRUNED")
    frame = finalists([*reruns(t0001=(0.9,)), cut], SCORES, "max", "best")
    assert frame["mean"].tolist() == [0.9]
    assert finalists([cut], SCORES, "max", "best").empty


@pytest.mark.parametrize(
    ("scores", "direction", "stands_for_it"),
    [
        ((0.7, 0.9, 0.8), "max", 0.8),
        ((0.7, 0.9), "max", 0.7),  # of two the worse
        ((0.7, 0.9), "min", 0.9),
        ((0.6, 0.9, 0.8, 0.7), "max", 0.7),  # of the two in the middle the worse
        ((0.7,), "max", 0.7),
    ],
)
def test_the_median_rerun_stands_for_its_trial(
    scores: tuple[float, ...], direction: str, stands_for_it: float
) -> None:
    others = reruns(t0002=(0.99, 0.98), t0001=scores)
    assert median_rerun(others, "t0001", direction).score == stands_for_it
