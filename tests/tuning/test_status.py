"""Which of two scores is better."""

from __future__ import annotations

import pytest

from tuning.status import better


@pytest.mark.parametrize(
    ("direction", "score", "than", "expected"),
    [
        ("max", 0.5, None, True),
        ("max", 0.6, 0.5, True),
        ("max", 0.5, 0.5, False),
        ("max", 0.4, 0.5, False),
        ("min", 0.4, 0.5, True),
        ("min", 0.5, 0.5, False),
        ("min", 0.6, 0.5, False),
    ],
)
def test_better(direction: str, score: float, than: float | None, expected: bool) -> None:
    assert better(score, than, direction) is expected
