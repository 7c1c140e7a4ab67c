"""Train against val."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from analysis.figures import overfitting, overfitting_frame
from analysis.figures.roles import winner
from analysis.figures.theme import numbers
from analysis.frames.load import Results
from tests.analysis.figures.conftest import only


def test_the_winner_the_baseline_and_the_next(found: Results) -> None:
    frame = overfitting_frame(found)
    shown = list(frame["trial"].unique())
    assert shown[:2] == [winner(found), found.baseline["trial"]] and len(shown) == 4
    assert set(frame["measure"]) == {"loss", "accuracy"}
    own = frame[(frame["trial"] == shown[0]) & (frame["measure"] == "loss")]
    val = own[own["part"] == "val"].set_index("epoch")["value"]
    train = own[own["part"] == "train"].set_index("epoch")["value"]
    assert dict(val) == {1: 2.5, 2: 1.25, 3: 2.5 / 3}
    assert dict(train) == {1: 2.0, 2: 1.0, 3: 2.0 / 3}


def test_lines_are_the_frame(found: Results) -> None:
    figure = overfitting(found)
    panels = figure.frame[["trial", "measure"]].drop_duplicates()
    assert figure.plot.layout.meta["panels"] == len(panels) == 8
    assert len(figure.plot.data) == 16
    drawn = np.concatenate([trace.y for trace in figure.plot.data])
    np.testing.assert_array_equal(np.sort(drawn), np.sort(numbers(figure.frame["value"])))
    assert figure.plot.layout.xaxis.dtick == 1  # of three epochs no half one
    dashed = [trace.line.dash for trace in figure.plot.data if trace.name == "train"]
    assert dashed == ["dash"] * 8
    assert [trace.showlegend for trace in figure.plot.data].count(True) == len(
        {trace.legendgroup for trace in figure.plot.data}
    )


def test_the_title_says_the_gap_and_a_rise(found: Results) -> None:
    results = only(found, "t0001")
    assert overfitting(results).title == (
        "t0001's val loss is lowest at epoch 3 of 3, 0.17 above train's"
    )
    epochs = results.epochs.assign(val_loss=[0.5, 0.4, 0.6], train_loss=[0.6, 0.5, 0.1])
    assert overfitting(replace(results, epochs=epochs)).title == (
        "t0001's val loss is lowest at epoch 2 of 3, 0.1 below train's; "
        "by the last it has risen from 0.4 to 0.6"
    )


def test_without_epochs(found: Results) -> None:
    figure = overfitting(only(found))
    assert not figure.is_drawn and figure.frame.empty
