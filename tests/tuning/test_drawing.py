"""Drawings of a task's own, and any other code of a user's, which may fail in any way."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from trainables.parts.pngs import png
from tuning.drawing import NotDrawn, draw
from tuning.trial_directory import TrialDirectory, cause_of

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
        (lambda values: None, "not the bytes of a PNG, but of type NoneType"),
        (lambda values: np.zeros((9, 9)), "not the bytes of a PNG, but of type ndarray"),
        (lambda values: bytearray(PNG), "not the bytes of a PNG, but of type bytearray"),
        (lambda values: b"GIF89a", "not the bytes of a PNG, but b'GIF89a'"),
        (lambda values: PNG[:8], rf"not the bytes of a PNG, but {PNG[:8]!r}"),
        (lambda values: PNG[:20], rf"not the bytes of a PNG, but {PNG[:16]!r}"),
        (lambda values: PNG[:8] + bytes(40), "not the bytes of a PNG, but "),
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


class SpeechlessError(ValueError):
    def __str__(self) -> str:
        raise RuntimeError("not a word")


def syntax_error() -> Exception:
    try:
        compile("lr = = 1", "mine.py", "exec")
    except SyntaxError as error:
        return error
    raise AssertionError


@pytest.mark.parametrize(
    ("error", "cause"),
    [
        (ValueError(), "ValueError"),
        (ValueError("\n  late \nand more"), "ValueError: late"),
        (ValueError("half\r100 %"), "ValueError: half"),
        (KeyError("a"), "KeyError: 'a'"),
        (syntax_error(), "SyntaxError: invalid syntax (mine.py, line 1)"),
        (json.JSONDecodeError("no value", "", 0), "json.decoder.JSONDecodeError: no value: line 1"),
        (SpeechlessError(), f"{__name__}.SpeechlessError"),
        (OSError("\udcff.txt"), r"OSError: \udcff.txt"),
    ],
)
def test_a_cause_is_one_line_that_can_be_written(
    error: Exception, cause: str, tmp_path: Path
) -> None:
    assert cause_of(error).startswith(cause) and len(cause_of(error).splitlines()) == 1
    directory = TrialDirectory(tmp_path / "t0000")
    directory.write_error(error)
    assert directory.error.read_text("utf-8").startswith(f"{cause_of(error)}\n\n")
