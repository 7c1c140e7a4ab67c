"""Panels: plots side by side, that have room for their titles and do not lie over each other."""

from __future__ import annotations

from itertools import combinations

import pytest

from analysis.figures.panels import axes, axis, panels
from analysis.figures.theme import log_ticks


@pytest.mark.parametrize("count", [1, 2, 3, 4, 13])
def test_no_two_overlap(count: int) -> None:
    plot = panels(count)
    boxes = [
        (plot.layout[axis("x", place)].domain, plot.layout[axis("y", place)].domain)
        for place in range(count)
    ]
    for (x, y), (u, v) in combinations(boxes, 2):
        assert x[1] <= u[0] or u[1] <= x[0] or y[1] <= v[0] or v[1] <= y[0]
    assert all(0 <= low < high <= 1 for box in boxes for low, high in box)
    assert plot.layout.meta["panels"] == count
    assert axes(0) == {"xaxis": "x", "yaxis": "y"} and axes(2) == {"xaxis": "x3", "yaxis": "y3"}


@pytest.mark.parametrize(
    ("ends", "ticks"),
    [
        ((1e-4, 1e-1), [1e-4, 1e-3, 1e-2, 1e-1]),
        ((5e-4, 2e-2), [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02]),
        ((1.1, 1.9), [1.1, 1.9]),
    ],
)
def test_ticks_of_a_logarithmic_axis(ends: tuple[float, float], ticks: list[float]) -> None:
    found = log_ticks(*ends)
    assert found == pytest.approx(ticks) if len(ticks) <= 5 else len(found) <= 5
    assert all(ends[0] * 0.99 <= tick <= ends[1] * 1.01 for tick in found)
    assert len(log_ticks(1e-12, 1e12)) <= 5
