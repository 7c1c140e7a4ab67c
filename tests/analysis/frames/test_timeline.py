"""Stays of trials on slots, from what their epochs say of the time."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import analysis
from analysis.frames.load import Results
from analysis.frames.timeline import timeline, utilisation
from tuning.experiment import Experiment

BEGUN = 1000.0


def results(*stays: tuple[str, float, float], slots: int = 2, **plan: Any) -> Results:
    """Of trials with epochs of a second between a begin and an end, and 0.1 s between two."""
    rows = []
    for trial, begin, end in stays:
        for number in range(round(end - begin)):
            done = BEGUN + begin + number + 1
            rows.append((trial, number + 1, done, 0.9 if number else 1.0))
    epochs = pd.DataFrame(rows, columns=["trial", "epoch", "wall_time", "seconds"])
    names = [name for name in epochs["trial"].unique() if "-" not in name]
    trials = pd.DataFrame({"trial": names, "state": "COMPLETE"})
    about = {"concurrency": slots, "resumed": []} | plan
    again = pd.DataFrame(columns=["trial", "state"])
    return Results(trials, epochs, again, pd.DataFrame(), about)


def test_a_stay_a_row_and_who_waited_has_two() -> None:
    frame = timeline(results(("t0", 0, 2), ("t1", 0, 3), ("t2", 2.2, 4.2), ("t0", 4.5, 6.5)))
    assert frame["trial"].tolist() == ["t0", "t1", "t2", "t0"]
    assert frame["slot"].tolist() == [0, 1, 0, 0]
    assert frame["begin"].tolist() == pytest.approx([0, 0, 2.2, 4.5])
    assert frame["end"].tolist() == pytest.approx([2, 3, 4.2, 6.5])
    assert frame["epochs"].tolist() == [2, 3, 2, 2]
    assert frame["busy"].tolist() == pytest.approx([1.9, 2.8, 1.9, 1.9])
    assert set(frame["part"]) == {"search"} and set(frame["state"]) == {"COMPLETE"}


def drawn_after_each(*begins: tuple[str, float], slots: int) -> list[tuple[str, int]]:
    """Trial and epochs of each stay, where 2 s go by after each of three epochs of a second."""
    stays = [(t, begin + 3 * n, begin + 3 * n + 1) for t, begin in begins for n in range(3)]
    frame = timeline(results(*stays, slots=slots))
    return list(zip(frame["trial"], frame["epochs"], strict=True))


def test_what_an_epoch_leaves_to_draw_is_no_wait() -> None:
    assert drawn_after_each(("t0", 0), slots=1) == [("t0", 3)]
    assert drawn_after_each(("t0", 0), ("t1", 0.5), slots=2) == [("t0", 3), ("t1", 3)]
    by_turns = drawn_after_each(("t0", 0), ("t1", 1.5), slots=1)
    assert by_turns == [("t0", 1), ("t1", 1)] * 3, "there is but one slot"


def test_back_to_its_own_slot_where_that_is_free() -> None:
    frame = timeline(results(("t0", 0, 1), ("t1", 0, 1), ("t1", 19, 20)))
    assert frame["slot"].tolist() == [0, 1, 1]


def test_clocks_that_disagree_open_no_more_slots() -> None:
    frame = timeline(results(("t0", 0, 2), ("t1", 1.5, 3.5), slots=1))
    assert frame["slot"].tolist() == [0, 0]


def test_the_finalists_are_a_part_of_their_own() -> None:
    assert timeline(results(("t0", 0, 1), ("t0-r1", 2, 3)))["part"].tolist() == [
        "search",
        "finalists",
    ]


def test_sessions_apart_each_with_its_own_slots() -> None:
    resumed = [{"time": "1970-01-01T00:20:00+0000", "concurrency": 1}]  # at 1200
    found = results(("t0", 0, 2), ("t1", 0, 1), ("t1", 300, 302), resumed=resumed)
    frame = timeline(found)
    assert frame["session"].tolist() == [0, 0, 1] and frame["slot"].tolist() == [0, 1, 0]
    assert frame["begin"].tolist() == pytest.approx([0, 0, 2]), "the pause is none of the search"
    used = utilisation(found)
    assert used["slots"].tolist() == [2, 1]
    assert used["begin"].tolist() == pytest.approx([0, 2])
    assert used["available"].tolist() == pytest.approx([4, 2])
    assert used["busy"].tolist() == pytest.approx([2.9, 1.9])
    assert used["utilisation"].tolist() == pytest.approx([2.9 / 4, 1.9 / 2])


def test_of_an_experiment_and_of_none(finished: Experiment) -> None:
    loaded = analysis.load(finished.root)
    frame = timeline(loaded)
    assert set(frame["trial"]) == set(loaded.trials["trial"])
    assert frame["epochs"].sum() == len(loaded.epochs)
    none = results()
    assert timeline(none).empty and utilisation(none).empty
    assert (timeline(none).dtypes == frame.dtypes).all()
    assert (utilisation(none).dtypes == utilisation(loaded).dtypes).all()
