"""A CSV file of measurements: one column of time stamps, the others numbers, a row a step."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from pathlib import Path

import numpy as np

from trainables.data.frequency import Frequency, infer
from trainables.errors import BadInput

EXAMPLE = "2016-07-01 00:00:00"


@dataclass(frozen=True)
class Table:
    """What a file holds, checked: no gap, nothing missing.

    Attributes:
        time: the name of the column of time stamps.
        names: of the columns of numbers.
        stamps: datetime64[s] [rows], a step apart.
        values: float64 [rows, columns], finite.
        frequency: the step between rows.
        zone: of the last stamp where it names one; `stamps` are in UTC then.
    """

    time: str
    names: tuple[str, ...]
    stamps: np.ndarray
    values: np.ndarray
    frequency: Frequency
    zone: tzinfo | None = None


def read_table(path: Path, option: str) -> Table:
    """Read a table from a file.

    Args:
        option: what the user gave the file with, for an error line.

    Raises:
        BadInput: no such file, no CSV, no column of time stamps, rows out of order, repeated or
            missing, a cell that is no number; names row (counted from 1, below the header) and
            column.
    """
    where = f"{option} {path}"
    header, rows = _cells(path, where)
    time = _time_column(header, rows, where)
    read = [_stamp(row[time], f"{where}: row {n}") for n, row in enumerate(rows, 1)]
    stamps = np.array([_in_utc(stamp) for stamp in read], "datetime64[s]")
    numbers = [column for column in range(len(header)) if column != time]
    values = np.array(
        [
            [_number(row[c], f"{where}: row {n} ({stamps[n - 1]}), column {header[c]}")
             for c in numbers]
            for n, row in enumerate(rows, 1)
        ]
    )  # fmt: skip
    names = tuple(header[column] for column in numbers)
    return Table(header[time], names, stamps, values, infer(stamps, where), read[-1].tzinfo)


def _cells(path: Path, where: str) -> tuple[list[str], list[list[str]]]:
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        reason = "is a folder; give one CSV file" if path.is_dir() else error.strerror
        raise BadInput(f"{where}: {reason}") from error
    except UnicodeDecodeError as error:
        raise BadInput(f"{where}: no UTF-8 text (offset {error.start})") from None
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        header, *rows = (row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row)
    except (ValueError, csv.Error) as error:
        raise BadInput(f"{where}: no CSV ({error if text.strip() else 'it is empty'})") from None
    header = [name.strip() for name in header]
    if repeated := {name for name in header if header.count(name) > 1}:
        raise BadInput(f"{where}: column {repeated.pop()!r} is there twice")
    if len(header) < 2 or len(rows) < 2:
        raise BadInput(
            f"{where}: {len(rows)} rows of {len(header)} columns; it needs a column of time "
            "stamps, one of numbers or more, and two rows or more below the header"
        )
    for number, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise BadInput(f"{where}: row {number} has {len(row)} cells, not {len(header)}")
    return header, rows


def _time_column(header: list[str], rows: list[list[str]], where: str) -> int:
    for column in range(len(header)):
        if _parsed(rows[0][column]) is not None:
            return column
    raise BadInput(f"{where}: no column of time stamps such as {EXAMPLE} (ISO 8601)")


def _stamp(cell: str, where: str) -> datetime:
    parsed = _parsed(cell)
    if parsed is None:
        raise BadInput(f"{where}: {cell!r} is no time stamp such as {EXAMPLE}")
    if parsed.microsecond:
        raise BadInput(f"{where}: {cell!r}: steps below a second are not supported")
    return parsed


def _in_utc(stamp: datetime) -> datetime:
    return stamp.astimezone(UTC).replace(tzinfo=None) if stamp.tzinfo else stamp


def _parsed(cell: str) -> datetime | None:
    """An ISO time stamp, also with slashes. None: it is none."""
    text = cell.strip().replace("/", "-")
    if "-" not in text[1:]:  # a plain number would do for Python
        return None
    try:
        parsed = datetime.fromisoformat(text)
        _in_utc(parsed)
    except (ValueError, OverflowError):  # the latter at the ends of the calendar
        return None
    return parsed


def _number(cell: str, where: str) -> float:
    try:
        value = float(cell)
    except ValueError:
        raise BadInput(f"{where}: {cell!r} is no number") from None
    if not math.isfinite(value):
        raise BadInput(f"{where}: {cell.strip()} is no finite number")
    return value
