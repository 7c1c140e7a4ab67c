"""A figure's values as a picture, by a task's own code: what a user has written may fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tuning.trial_directory import cause_of

_SIGNATURE = b"\x89PNG\r\n\x1a\n"  # W3C, Portable Network Graphics, 5.2
_HEADER = b"IHDR"  # the type of the first chunk, which ends in width and height: 11.2.1


class NotDrawn(RuntimeError):
    """There is no picture; the message says why, in one line."""


def draw(drawing: Callable[[Any], bytes], values: Any) -> bytes:
    """The PNG that a task's drawing makes of a figure's values.

    Raises:
        NotDrawn: it raises whatever it raises, or gives something else. Who asks goes on without:
            a search is worth more than a picture.
    """
    try:
        made = drawing(values)
    except Exception as error:
        raise NotDrawn(cause_of(error)) from error
    if not isinstance(made, bytes):
        raise NotDrawn(f"not the bytes of a PNG, but of type {type(made).__name__}")
    if not made.startswith(_SIGNATURE) or made[12:16] != _HEADER or len(made) < 24:
        raise NotDrawn(f"not the bytes of a PNG, but {made[:16]!r}")
    return made
