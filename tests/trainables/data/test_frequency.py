"""The step between rows: inferred, named, and continued past the end, over months too."""

from __future__ import annotations

import re

import numpy as np
import pytest

from trainables.data.frequency import PATTERN, Frequency, infer
from trainables.errors import BadInput


def stamps(*texts: str) -> np.ndarray:
    return np.array(texts, "datetime64[s]")


@pytest.mark.parametrize(
    ("given", "text", "season", "following"),
    [
        (("2020-01-01T00", "2020-01-01T01", "2020-01-01T02"), "1h", 24, "2020-01-01T03"),
        (("2020-01-01T00:00", "2020-01-01T00:15"), "15min", 96, "2020-01-01T00:30"),
        (("2020-02-27", "2020-02-28", "2020-02-29"), "1D", 7, "2020-03-01"),
        (("2020-01-01", "2020-01-08", "2020-01-15"), "1W", 52, "2020-01-22"),
        (("2020-01-01", "2020-02-01", "2020-03-01"), "1M", 12, "2020-04-01"),
        (("2020-01-31", "2020-02-29", "2020-03-31"), "1M", 12, "2020-04-30"),
        (("2020-01-15T12", "2020-04-15T12", "2020-07-15T12"), "3M", 4, "2020-10-15T12"),
        (("2019-01-01", "2020-01-01", "2021-01-01"), "12M", 0, "2022-01-01"),
        (("2020-01-01T00:00:00", "2020-01-01T00:00:07"), "7s", 0, "2020-01-01T00:00:14"),
    ],
)  # fmt: skip
def test_it_is_inferred_and_goes_on(given, text, season, following):
    frequency = infer(stamps(*given), "file.csv")
    assert (str(frequency), frequency.season) == (text, season)
    assert frequency.after(stamps(*given)[-1], 1) == stamps(following)
    assert re.fullmatch(PATTERN, text)
    same = Frequency.parse(text)
    assert (same.seconds, same.months) == (frequency.seconds, frequency.months)


def test_many_steps_follow_each_other():
    ahead = Frequency(months=1, month_end=True).after(np.datetime64("2023-11-30T00:00:00"), 4)
    assert ahead.tolist() == stamps("2023-12-31", "2024-01-31", "2024-02-29", "2024-03-31").tolist()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (("2020-01-01", "2020-01-03", "2020-01-02"), r"row 3 \(2020-01-02T00:00:00\) is earlier"),
        (("2020-01-01", "2020-01-02", "2020-01-02"), "row 3 .* repeats the stamp before"),
        (
            ("2020-01-01", "2020-01-02", "2020-01-04", "2020-01-05"),
            "row 3 .* comes 2D after the row before, others 1D: fill the gap",
        ),
    ],
)
def test_disorder_and_gaps_are_refused_with_their_row(given, message):
    with pytest.raises(BadInput, match=message):
        infer(stamps(*given), "file.csv")
