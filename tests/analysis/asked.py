"""`python -m analysis`, asked in this process."""

from __future__ import annotations

import io
from contextlib import redirect_stdout

import pytest

from analysis.__main__ import main


def said(*arguments: object) -> str:
    """What a command prints that ends well."""
    with redirect_stdout(io.TextIOWrapper(io.BytesIO(), "utf-8")) as printed:
        assert main([*map(str, arguments)]) == 0
    printed.seek(0)
    return printed.read()


def refusal(capsys: pytest.CaptureFixture[str], *arguments: object) -> str:
    """The one line by which a command refuses what it is given; it prints nothing else."""
    capsys.readouterr()
    assert main([*map(str, arguments)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    (line,) = printed.err.splitlines()
    return line
