"""Data and searches for the tests of `tuning`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.tuning.rehearsal import Rehearsal, cheap_plan
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.mnist_cnn import TASK


@pytest.fixture(scope="session")
def digits() -> Splits:
    """scikit-learn's digits, as `--data embedded` has them."""
    return TASK.load(DataRequest("embedded"))


@pytest.fixture
def rehearse(tmp_path: Path) -> Callable[..., Rehearsal]:
    """(*settings, **options) -> a search without Ray in a fresh directory."""

    def make(*settings: str, **options: Any) -> Rehearsal:
        return Rehearsal(cheap_plan(tmp_path, *settings, **options))

    return make
