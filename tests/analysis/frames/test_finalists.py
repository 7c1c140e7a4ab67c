"""The finalists ranked by the mean of their re-runs, and which of them wins."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.frames.finalists import COLUMNS, finalists, median_rerun, rounds
from tuning.status import TrialStatus

SCORES = {"t0000": 0.5, "t0001": 0.9, "t0002": 0.8}


def rerun(name: str, score: float | None, seconds: float = 1.0, state: str = "") -> TrialStatus:
    state = state or ("COMPLETE" if score is not None else "FAIL")
    return TrialStatus(name, state, score, 1, 2, seconds, 7)


def reruns(
    seconds: float = 1.0, **scores: tuple[float | None, ...]
) -> dict[str, list[TrialStatus]]:
    return {
        trial: [rerun(f"{trial}-r{n}", score, seconds) for n, score in enumerate(values, 1)]
        for trial, values in scores.items()
    }


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
    close = {
        **reruns(9.0, t0001=(0.8, 0.83, 0.81)),
        **reruns(2.0, t0002=(0.79, 0.81, 0.8)),
        **reruns(0.1, t0000=(0.5, 0.51, 0.52)),
    }
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


def test_only_rounds_that_all_have_ended_count() -> None:
    by_trial = reruns(t0001=(0.7, 0.75, None), t0002=(0.9, 0.6))
    begun = [status for group in by_trial.values() for status in group]
    cut = rerun("t0002-r3", 0.99, state="PRUNED")
    found = rounds([*begun, cut], ["t0001", "t0002"])
    assert {trial: [s.score for s in own] for trial, own in found.items()} == {
        "t0001": [0.7, 0.75], "t0002": [0.9, 0.6],
    }  # fmt: skip
    assert rounds([*begun, cut], ["t0001", "t0002", "t0000"]) == {}  # that has not one
    assert list(rounds(begun, ["t0001"])) == ["t0001"]  # the other is no finalist any more
    assert len(rounds(begun, ["t0001"])["t0001"]) == 3  # a failed one has ended
    assert rounds(begun, []) == {} and finalists({}, SCORES, "max", "best").empty


def test_a_cheap_baseline_that_was_quicker_does_not_win_by_that() -> None:
    """Where time ran out when only the baseline had been trained again."""
    begun = [rerun("t0000-r1", 0.65), rerun("t0001-r1", 0.4, state="PRUNED")]
    assert rounds(begun, ["t0001", "t0000"]) == {}


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
    own = reruns(t0001=scores)["t0001"]
    assert median_rerun(own, direction).score == stands_for_it
