"""Data that does not suit what a search may try is found before the first trial."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.errors import BadInput
from tuning.check_data import check_data
from tuning.plan import SearchPlan
from tuning.request import make_plan


def plan(tmp_path: Path, space: str, *settings: str) -> SearchPlan:
    given: dict[str, Any] = {"data": DataRequest("embedded"), "gpus_per_trial": 0.0}
    return make_plan(space, storage=tmp_path, settings=list(settings), concurrency=1, **given)


def loaded(plan: SearchPlan) -> Splits:
    return plan.space.task.load(plan.data)


@pytest.mark.parametrize("space", ["char_rnn", "forecast_rnn"])
def test_the_stand_ins_suit_their_spaces(tmp_path: Path, space: str) -> None:
    made = plan(tmp_path, space)
    check_data(made, loaded(made))


@pytest.mark.parametrize(
    ("space", "setting", "message"),
    [
        ("forecast_rnn", "targets=lod", "targets=lod: no column 'lod'; did you mean 'load'?"),
        ("forecast_rnn", "targets=load+load", "a column is named twice"),
        ("forecast_rnn", "frequency=15min", "frequency=15min: the data has a row every 1h"),
        ("forecast_rnn", "window=96..4000", "window=4000, horizon=24: the series is too short"),
        ("forecast_rnn", "window=96,192,3999", "window=3999, horizon=24: the series is too short"),
        ("forecast_rnn", "horizon=1300", "horizon=1300: the series is too short: val"),
        ("char_rnn", "window=50..9999", "are too few for batch_size=50 x window=9999"),
    ],
)
def test_it_looks_at_the_ends_of_every_range(
    tmp_path: Path, space: str, setting: str, message: str
) -> None:
    made = plan(tmp_path, space, setting)
    with pytest.raises(BadInput) as error:
        check_data(made, loaded(made))
    assert message in str(error.value)
    assert str(error.value).startswith(("three generated series: ", "Python's own help texts: "))
