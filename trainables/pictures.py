"""A figure's values as a picture, by a task's own code: what a user has written may fail."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from trainables.errors import cause_of

_PNG = b"\x89PNG\r\n\x1a\n"  # the signature (W3C, Portable Network Graphics, 5.2)


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
    if not (isinstance(made, bytes) and made.startswith(_PNG)):
        raise NotDrawn(f"not the bytes of a PNG, but {type(made).__name__}: {made!r:.60}")
    return made
