"""Series: cut in the order of time, standardised by train alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from trainables.data.request import DataRequest
from trainables.data.series import SeriesMeta, load_series
from trainables.data.splits import Splits
from trainables.errors import BadInput


def write(path: Path, values: np.ndarray, names: str = "a,b", step: int = 3_600) -> Splits:
    stamps = np.datetime64("2020-01-01T00:00:00") + np.arange(len(values)) * np.timedelta64(
        step, "s"
    )
    rows = [",".join([str(s), *map(str, row)]) for s, row in zip(stamps, values, strict=True)]
    path.write_text("\n".join([f"date,{names}", *rows]) + "\n")
    return load_series(DataRequest(directory=path))


def test_it_is_cut_60_20_20_and_each_part_can_look_back(tmp_path):
    values = np.random.default_rng(0).normal(size=(100, 2)) * [3, 5] + [10, -7]
    splits = write(tmp_path / "x.csv", values)
    parts = (splits.train, splits.val, splits.test)
    assert [(part.first, len(part), len(part.values)) for part in parts] == [
        (0, 60, 60), (60, 20, 80), (80, 20, 100),
    ]  # fmt: skip
    for part in parts:
        own = part.values * splits.meta.std + splits.meta.mean
        np.testing.assert_allclose(own, values[: len(own)], rtol=1e-5)
    np.testing.assert_allclose(splits.train.values.mean(0), 0, atol=1e-6)
    np.testing.assert_allclose(splits.train.values.std(0), 1, rtol=1e-5)
    assert (splits.meta.frequency, splits.meta.season, splits.meta.time) == ("1h", 24, "date")
    assert splits.meta == SeriesMeta.from_json(
        {"names": ["a", "b"], "time": "date", "frequency": "1h", "season": 24,
         "mean": list(splits.meta.mean), "std": list(splits.meta.std)}
    )  # fmt: skip
    assert len(splits.val.head(5)) == 5 and splits.val.head(5).first == 60


def test_train_and_val_can_be_one_part_for_training(tmp_path):
    splits = write(tmp_path / "x.csv", np.random.default_rng(0).normal(size=(100, 2)))
    both = splits.all_for_training()
    assert (both.train.first, len(both.train)) == (0, 80) and both.meta == splits.meta
    assert np.array_equal(both.train.values, splits.val.values)


def test_ett_is_cut_in_its_own_way_where_it_is_long_enough(tmp_path):
    names = "HUFL,HULL,MUFL,MULL,LUFL,LULL,OT"
    values = np.random.default_rng(0).normal(size=(14_500, 7)).round(3)
    cuts = lambda s: [(p.first, len(p.values)) for p in (s.train, s.val, s.test)]  # noqa: E731
    ett = [(0, 8_640), (8_640, 11_520), (11_520, 14_400)]
    assert cuts(write(tmp_path / "ett.csv", values, names)) == ett
    assert cuts(write(tmp_path / "short.csv", values[:14_000], names)) != ett
    assert cuts(write(tmp_path / "minutes.csv", values, names, step=900)) != ett
    assert cuts(write(tmp_path / "other.csv", values, names.replace("OT", "oil"))) != ett


def test_a_constant_column_is_refused(tmp_path):
    values = np.random.default_rng(0).normal(size=(100, 2))
    values[:60, 1] = 0.1
    with pytest.raises(BadInput, match=r"column b is constant over the train part \(the first 60"):
        write(tmp_path / "x.csv", values)


def test_the_stand_in_says_what_it_is():
    splits = load_series(DataRequest("embedded"))
    assert splits.provenance.kind == "stand-in" and len(splits.meta.names) == 3
    assert len(splits.test.values) == 6_000
    assert splits.digest == load_series(DataRequest("embedded")).digest


def test_the_published_series_is_known_by_its_content(shared_data):
    file = shared_data / "ETTh1.csv"
    splits = load_series(DataRequest(directory=file))
    assert str(splits.provenance) == "real: ETTh1"
    assert splits.meta.names == ("HUFL", "HULL", "MUFL", "MULL", "LUFL", "LULL", "OT")
    assert len(splits.test.values) == 14_400


def test_columns_of_very_different_size_are_not_taken_for_constant(tmp_path):
    values = np.random.default_rng(0).normal(size=(100, 3)) * [1e12, 1, 1e-13]
    assert write(tmp_path / "x.csv", values, "large,usual,small").meta.names[2] == "small"


def test_a_handful_of_rows_is_too_short_and_not_constant(tmp_path):
    with pytest.raises(BadInput, match="3 rows are too few for three parts"):
        write(tmp_path / "x.csv", np.random.default_rng(0).normal(size=(3, 2)))
