"""CSV tables: read whole, or refused in a line that names row and column."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainables.data.table import Table, read_table
from trainables.errors import BadInput

GOOD = """date,OT,HULL
2020-01-01 00:00:00,1,2
2020-01-01 01:00:00,3.5,-4e-1
2020-01-01 02:00:00,5,6
"""


def read(tmp_path: Path, content: str | bytes) -> Table:
    file = tmp_path / "table.csv"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_table(file, "--data-dir")


@pytest.mark.parametrize(
    "content",
    [
        GOOD,
        GOOD.replace(",", ";"),
        GOOD.replace(",", "\t"),
        GOOD.replace("\n", "\r\n"),
        "\ufeff" + GOOD,
        GOOD.replace("-01-", "/01/").replace("01 0", "01 0"),
        GOOD.replace(":00,", ":00+02:00,"),
        GOOD + "\n\n",
    ],
)
def test_a_table_is_read(tmp_path, content):
    table = read(tmp_path, content)
    assert (table.time, table.names, str(table.frequency)) == ("date", ("OT", "HULL"), "1h")
    assert table.values.tolist() == [[1, 2], [3.5, -0.4], [5, 6]]
    assert table.values.dtype == np.float64
    offset = 2 if "+02:00" in content else 0
    assert table.stamps[0] == np.datetime64("2020-01-01T00:00:00") - np.timedelta64(offset, "h")


def test_the_column_of_time_may_stand_anywhere(tmp_path):
    table = read(tmp_path, "a,when,b\n1,2020-01-01,2\n3,2020-01-02,4\n")
    assert (table.time, table.names) == ("when", ("a", "b"))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no CSV"),
        ("date,OT\n", "0 rows of 2 columns"),
        ("date\n2020-01-01\n2020-01-02\n", "2 rows of 1 columns"),
        ("a,b\n1,2\n3,4\n", "no column of time stamps such as 2016-07-01 00:00:00"),
        ("20200101,b\n20200101,2\n20200102,4\n", "no column of time stamps"),
        (GOOD.replace("3.5", "x"), r"row 2 \(2020-01-01T01:00:00\), column OT: 'x' is no number"),
        (GOOD.replace("3.5", ""), r"row 2 .*, column OT: '' is no number"),
        (GOOD.replace("3.5", "nan"), r"row 2 .*, column OT: nan is no finite number"),
        (GOOD.replace("3.5", "inf"), r"column OT: inf is no finite number"),
        (GOOD.replace("3.5,", ""), "row 2 has 2 cells, not 3"),
        (GOOD.replace("HULL", "OT"), "column 'OT' is there twice"),
        (GOOD.replace("2020-01-01 01", "today 01"), "row 2: 'today 01:00:00' is no time stamp"),
        (GOOD.replace(" 01:", " 00:"), "row 2 .* repeats the stamp before"),
        (GOOD.replace(" 01:", " 03:"), "row 3 .* is earlier"),
        (GOOD + "2020-01-01 05:00:00,1,2\n", "row 4 .* comes 3h after the row before, others 1h"),
        (b"date,OT\n\xff\xff", "no UTF-8 text"),
        (GOOD.replace("01:00:00,", "00:00:00.5,"), "row 2: .*00.5': steps below a second"),
        (GOOD.replace("2020-01-01 01:00:00", "0001-01-01T00:00+02:00"), "row 2: .* no time stamp"),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(tmp_path, content, message):
    with pytest.raises(BadInput, match=f"--data-dir .*table.csv: .*{message}"):
        read(tmp_path, content)


def test_a_folder_and_a_missing_file_are_refused(tmp_path):
    for path, message in ((tmp_path, "is a folder"), (tmp_path / "no.csv", "No such file")):
        with pytest.raises(BadInput, match=message):
            read_table(path, "--data-dir")
