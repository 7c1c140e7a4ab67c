"""The finalists, drawn."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.cells import finalists_cells
from analysis.figures import finalists, finalists_frame
from analysis.figures.roles import winner
from analysis.figures.theme import numbers
from analysis.frames.final_score import final_score
from analysis.frames.load import Results
from analysis.frames.winner import eligible
from tests.analysis.figures.conftest import good
from tuning.experiment import rerun_id, trial_of


def test_the_finalists_with_their_roles(found: Results) -> None:
    frame = finalists_frame(found)
    assert frame[list(found.finalists.columns)].equals(found.finalists)
    assert frame["role"].iloc[0] == "winner" and "baseline" in set(frame["role"])
    lr = float(found.trials.set_index("trial")["config/lr"][frame["trial"].iloc[0]])
    assert np.isclose(frame["mean"].iloc[0], good(lr) - 0.01)


def test_points_and_intervals_are_the_frame(found: Results) -> None:
    figure = finalists(found)
    reruns, searched, means = figure.plot.data
    frame = figure.frame
    np.testing.assert_array_equal(means.x, numbers(frame["mean"]))
    np.testing.assert_array_equal(means.error_x.array, numbers(frame["high"] - frame["mean"]))
    np.testing.assert_array_equal(means.error_x.arrayminus, numbers(frame["mean"] - frame["low"]))
    np.testing.assert_array_equal(searched.x, numbers(frame["search_score"]))
    assert list(means.y) == list(frame["trial"])
    drawn = sorted(zip(reruns.y, reruns.x, strict=True))
    again = found.reruns
    assert drawn == sorted(
        (trial_of(trial), numbers(score))
        for trial, score in zip(again["trial"], again["score"], strict=True)
    )


def test_what_the_title_and_the_notes_say(found: Results) -> None:
    first = found.finalists["trial"].iloc[0]
    assert finalists(found).title.startswith(f"{first} comes first with a mean val_accuracy of ")
    once = found.finalists.assign(low=np.nan, high=np.nan, tied=False)
    assert "no interval" in finalists(replace(found, finalists=once)).notes[0]
    assert not finalists(replace(found, finalists=found.finalists.iloc[:0])).says_something
    none = replace(found, reruns=found.reruns.assign(feasible=False))
    assert finalists(none).title == "No finalist may win: each breaks a constraint"


def test_what_was_not_compared_counts_nowhere(found: Results) -> None:
    """A third round that only the first finalist ended, and broke a constraint in."""
    first = found.finalists["trial"].iloc[0]
    more = found.reruns.iloc[:1].assign(trial=rerun_id(first, 3), score=0.1, feasible=False)
    beyond = replace(found, reruns=pd.concat([found.reruns, more], ignore_index=True))
    for results in (found, beyond):
        assert winner(results) == final_score(results).trial == first
        assert eligible(results)["trial"].tolist() == found.finalists["trial"].tolist()
        assert len(final_score(results).values) == 2
        assert len(finalists(results).plot.data[0].x) == len(found.reruns)
        assert finalists(results).title.startswith(f"{first} comes first")
        assert not any("infeasible" in row[0] for row in finalists_cells(results).rows)


def test_a_finalist_that_broke_a_constraint_wins_nowhere(found: Results) -> None:
    first, second = found.finalists["trial"].iloc[:2]
    of_first = found.reruns["trial"] == rerun_id(first, 1)
    in_the_search = found.trials.assign(feasible=found.trials["trial"] != first)
    for broke in (
        replace(found, reruns=found.reruns.assign(feasible=~of_first)),
        replace(found, trials=in_the_search),
    ):
        assert winner(broke) == final_score(broke).trial == second
        assert finalists(broke).title.startswith(f"{second} comes first")
        marked = [row[0] for row in finalists_cells(broke).rows if "infeasible" in row[0]]
        assert len(marked) == 1 and marked[0].startswith(first)


def test_a_finalist_whose_trial_is_gone(found: Results) -> None:
    gone = found.finalists["trial"].iloc[0]
    left = replace(found, trials=found.trials[found.trials["trial"] != gone])
    assert finalists_frame(left)["role"].iloc[0] == "finalist"
