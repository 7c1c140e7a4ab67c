"""Drawings of a task's own, which may fail in any way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from trainables.parts.pngs import png
from trainables.pictures import NotDrawn, draw

PNG = png(np.zeros((2, 3, 1), np.uint8))


def broken(values: Any) -> bytes:
    raise ValueError("no axis\nof that name")


def test_a_picture_as_it_is_made() -> None:
    assert draw(lambda values: PNG if values == {"a": 1} else b"", {"a": 1}) == PNG


@pytest.mark.parametrize(
    ("drawing", "why"),
    [
        (broken, "ValueError: no axis"),
        (lambda values: values["a"], "KeyError: 'a'"),
        (lambda values: None, "not the bytes of a PNG, but NoneType: None"),
        (lambda values: b"GIF89a", "not the bytes of a PNG, but bytes: b'GIF89a'"),
        (lambda values: bytearray(PNG), "not the bytes of a PNG, but bytearray"),
    ],
)
def test_why_there_is_none(drawing: Callable[[Any], bytes], why: str) -> None:
    with pytest.raises(NotDrawn) as raised:
        draw(drawing, {})
    assert str(raised.value).startswith(why) and "\n" not in str(raised.value)


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_what_ends_a_process_is_no_drawing_error(end: type[BaseException]) -> None:
    def interrupted(values: Any) -> bytes:
        raise end

    with pytest.raises(end):
        draw(interrupted, {})
