"""The console that searches and leaderboards are printed on."""

from __future__ import annotations

import sys

from rich.console import Console

_WIDTH_OF_A_FILE = 160  # columns where output is no terminal: nothing there wraps lines for us


def wide_console() -> Console:
    """A Console on standard output, whose lines are not broken where it is no terminal."""
    width = None if sys.stdout.isatty() else _WIDTH_OF_A_FILE
    return Console(width=width, highlight=False, markup=False)
