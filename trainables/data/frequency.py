"""The step between the rows of a series: a fixed time, or whole months."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from trainables.errors import BadInput

_SECONDS = {"s": 1, "min": 60, "h": 3_600, "D": 86_400, "W": 604_800}
_DAY = _SECONDS["D"]
PATTERN = r"inferred|[1-9][0-9]{0,5}(s|min|h|D|W|M)"


@dataclass(frozen=True)
class Frequency:
    """A step, such as `1h`, `15min`, `1D`, `1W` or `1M`.

    Attributes:
        seconds: of the step; 0 where it is months.
        months: of the step; 0 where it is a fixed time.
        month_end: stamps are the last days of their months.
    """

    seconds: int = 0
    months: int = 0
    month_end: bool = False

    @classmethod
    def parse(cls, text: str) -> Frequency:
        """From the text of one, without whether it is at a month's end."""
        matched = re.fullmatch(r"(\d+)([a-zA-Z]+)", text)
        assert matched is not None, text
        count, unit = int(matched[1]), matched[2]
        return cls(months=count) if unit == "M" else cls(seconds=count * _SECONDS[unit])

    def __str__(self) -> str:
        if self.months:
            return f"{self.months}M"
        unit = max((u for u in _SECONDS if self.seconds % _SECONDS[u] == 0), key=_SECONDS.get)  # type: ignore[arg-type]
        return f"{self.seconds // _SECONDS[unit]}{unit}"

    @property
    def season(self) -> int:
        """Steps until the same time of day, day of the week or month comes again; 0: none known."""
        if self.months:
            return 12 // self.months if 12 % self.months == 0 and self.months < 12 else 0
        if self.seconds < _DAY:
            return _DAY // self.seconds if _DAY % self.seconds == 0 else 0
        return {_DAY: 7, _SECONDS["W"]: 52}.get(self.seconds, 0)

    def after(self, stamp: np.datetime64, count: int) -> np.ndarray:
        """The `count` stamps that follow one, datetime64[s] [count]."""
        ahead = np.arange(1, count + 1)
        if self.seconds:
            return stamp + ahead * np.timedelta64(self.seconds, "s")
        month = stamp.astype("datetime64[M]")
        if self.month_end:
            left = (month + 1).astype("datetime64[s]") - stamp
            return (month + ahead * self.months + 1).astype("datetime64[s]") - left
        passed = stamp - month.astype("datetime64[s]")
        return (month + ahead * self.months).astype("datetime64[s]") + passed


def infer(stamps: np.ndarray, where: str) -> Frequency:
    """The step of time stamps, datetime64[s] [rows].

    Raises:
        BadInput: they are not in order, one is there twice or missing; names the row.
    """
    apart = np.diff(stamps).astype(np.int64)
    if (late := np.flatnonzero(apart <= 0)).size:
        row = int(late[0]) + 2
        what = (
            "repeats the stamp before" if apart[late[0]] == 0 else "is earlier than the row before"
        )
        raise BadInput(f"{where}: row {row} ({stamps[row - 1]}) {what}")
    found = _monthly(stamps)
    if found is not None:
        return found
    steps, counts = np.unique(apart, return_counts=True)
    step = int(steps[counts.argmax()])
    if len(steps) > 1:
        row = int(np.flatnonzero(apart != step)[0]) + 2
        raise BadInput(
            f"{where}: row {row} ({stamps[row - 1]}) comes {_time(int(apart[row - 2]))} after the "
            f"row before, others {_time(step)}: fill the gap, or cut the file there"
        )
    return Frequency(seconds=step)


def _monthly(stamps: np.ndarray) -> Frequency | None:
    months = stamps.astype("datetime64[M]")
    steps = np.unique(np.diff(months).astype(np.int64))
    if len(steps) != 1 or steps[0] < 1:
        return None
    passed = stamps - months.astype("datetime64[s]")
    left = (months + 1).astype("datetime64[s]") - stamps
    for month_end, offset in ((False, passed), (True, left)):
        if len(stamps) > 2 and (offset == offset[0]).all():
            return Frequency(months=int(steps[0]), month_end=month_end)
    return None


def _time(seconds: int) -> str:
    return str(Frequency(seconds=seconds))
