"""Windows of a series: none leaks across a border, none is lost; errors in both kinds of unit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from trainables.data.series import Series, SeriesMeta
from trainables.parts.windows import (
    INTERVAL,
    Windows,
    errors,
    forecast_report,
    forecast_shares,
    forecasts,
    residual_interval,
    truth_of,
    updates,
)

META = SeriesMeta(("a", "b"), "date", "1h", 24, (0.0, 0.0), (2.0, 3.0))
# The value is the row's number, so that a window shows where it comes from.
ROWS = np.stack([np.arange(50), np.arange(50) + 100], 1).astype(np.float32)
TRAIN, VAL, TEST = Series(ROWS[:30], 0), Series(ROWS[:40], 30), Series(ROWS, 40)


@pytest.mark.parametrize(
    ("part", "past", "future", "starts"),
    [
        (TRAIN, 6, 4, range(6, 27)),
        (VAL, 6, 4, range(30, 37)),
        (TEST, 6, 4, range(40, 47)),
        (VAL, 35, 4, range(35, 37)),  # a past longer than all before: what is left
        (TRAIN, 26, 4, range(26, 27)),
    ],
)
def test_futures_stay_in_their_part_and_pasts_may_reach_back(part, past, future, starts):
    windows = Windows(part, past, future, [1], "cpu")
    before, after = windows.take(slice(None))
    assert len(windows) == len(before) == len(starts)
    assert before.shape[1:] == (2, past) and after.shape[1:] == (1, future)
    for place, start in enumerate(starts):
        assert before[place, 0].tolist() == list(range(start - past, start))
        assert after[place, 0].tolist() == list(range(start + 100, start + future + 100))


def test_a_part_too_short_is_refused():
    with pytest.raises(ValueError, match=r"30 rows are too few for 27 \+ 4 rows a window"):
        Windows(TRAIN, 27, 4, [0], "cpu")


def test_an_epoch_has_every_window_once_in_a_random_order_and_keeps_the_last_batch():
    windows = Windows(TRAIN, 6, 4, [0], "cpu")
    epochs = []
    for seed in (0, 1, 0):
        batches = list(windows.batches(4, torch.Generator().manual_seed(seed)))
        assert [len(past) for past, _ in batches] == [4, 4, 4, 4, 4, 1]
        assert len(batches) == updates(len(windows), 4)
        for past, after in batches:
            assert (after[:, 0, 0] == past[:, 0, -1] + 1).all()
        epochs.append([int(first) for past, _ in batches for first in past[:, 0, 0]])
    assert sorted(epochs[0]) == list(range(21))
    assert epochs[0] == epochs[2] != epochs[1]


class Last(nn.Module):
    """The last value, both columns."""

    def forward(self, past):
        return past[..., -1:].expand(-1, -1, 4)


def test_forecasts_meet_the_truth_that_came_after_their_past():
    windows = Windows(VAL, 6, 4, [0, 1], "cpu")
    made = forecasts(Last(), windows)
    np.testing.assert_array_equal(truth_of(VAL, [0, 1], made.shape), windows.take(slice(None))[1])
    report = forecast_report(made, VAL, META, [0, 1])
    for metric, each in forecast_shares(made, VAL, [0, 1]).items():
        assert each.mean() == pytest.approx(report[metric]) and len(each) == report["count"]
    assert (report["mse"], report["mae"], report["loss"]) == (7.5, 2.5, 7.5)  # 1, 2, 3, 4 too low
    assert report["rmse_by_step"] == [1, 2, 3, 4] and report["count"] == 7
    assert report["columns"] == {"a": {"mse": 30.0, "mae": 5.0}, "b": {"mse": 67.5, "mae": 7.5}}
    past, future = windows.take(slice(None))
    sums = errors(Last()(past), future)
    assert (float(sums["mse"]), float(sums["mae"])) == (7.5 * 7, 2.5 * 7)


def test_the_interval_holds_its_share_of_the_truths():
    random = np.random.default_rng(0)
    rows = random.normal(size=(2_004, 2)).astype(np.float32)
    part = Series(rows, 0)
    made = np.zeros((2_000, 1, 4), np.float32)
    interval = residual_interval(made, part, [1])
    truth = truth_of(part, [1], made.shape)
    inside = (truth >= np.array(interval["low"])) & (truth <= np.array(interval["high"]))
    assert interval["share"] == INTERVAL == pytest.approx(inside.mean(), abs=0.01)
