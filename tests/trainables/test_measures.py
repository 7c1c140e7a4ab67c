from __future__ import annotations

from torch import nn

from trainables.measures import MEASURES, measured


def test_numbers_and_bytes_of_a_network() -> None:
    found = measured(nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)))
    assert tuple(found) == MEASURES
    assert found["parameters"] == 3 * 4 + 4 + 2 * 4
    assert found["bytes"] == 4 * (found["parameters"] + 2 * 4) + 8  # means, variances, a counter
