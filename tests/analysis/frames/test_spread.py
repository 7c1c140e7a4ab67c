"""Where an axis of scores ends."""

from __future__ import annotations

import numpy as np
import pytest

from analysis.frames.spread import view

SCORES = np.array([0.9, 0.91, 0.92, 0.93, 0.94, 0.95, 0.1])


def test_one_that_diverged_presses_no_others() -> None:
    seen = view(SCORES, "max")
    assert seen is not None
    # The worse quartile is 0.905, by 0.045 from the best: the fence is three times that further.
    assert seen == pytest.approx((0.9 - 0.06 * 0.05, 0.95 + 0.06 * 0.05))
    assert view(np.append(SCORES, 0.78), "max") == pytest.approx((0.78 - 0.0102, 0.95 + 0.0102))


def test_of_losses_the_large_ones_are_the_poor_ones() -> None:
    seen, mirrored = view(-SCORES, "min"), view(SCORES, "max")
    assert seen is not None and mirrored is not None
    assert seen == (-mirrored[1], -mirrored[0])


@pytest.mark.parametrize(
    "values",
    [SCORES[:6], [0.1, 0.9, 0.9], [0.5] * 9, [0.5] * 9 + [0.1], [], [np.nan, np.inf] * 3],
)
def test_all_fit(values: list[float]) -> None:
    assert view(np.array(values), "max") is None


def test_what_is_not_finite_does_not_count() -> None:
    assert view(np.append(SCORES, [np.nan, np.inf]), "max") == view(SCORES, "max")
