"""Types by what the space declares, other places than a local disk, several experiments at once."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import fsspec
import pandas as pd
import pytest

import analysis
from analysis.frames.columns import parameter_types
from tests.tuning.rehearsal import cheap_plan
from trainables.errors import BadInput
from tuning.experiment import Experiment

TYPES = {
    "config/lr": "float64", "config/batch_size": "Int64", "config/optimizer": "string",
    "config/nesterov": "boolean", "config/momentum": "float64", "config/weight_decay": "float64",
}  # fmt: skip


@pytest.fixture
def in_memory(finished: Experiment) -> Iterator[str]:
    """The experiment where no path of a disk leads to, with weights that nobody may read."""
    files = fsspec.filesystem("memory")
    for path in finished.root.rglob("*"):
        if path.is_file() and path.suffix != ".pt":
            files.pipe(f"/bucket/finished/{path.relative_to(finished.root)}", path.read_bytes())
    yield "memory://bucket/finished"
    files.rm("/bucket", recursive=True)


def test_parameters_have_the_types_of_the_space(copy: Callable[[], Experiment]) -> None:
    experiment = copy()
    loaded = analysis.load(experiment.root).trials
    assert {name: str(loaded[name].dtype) for name in TYPES} == TYPES
    shutil.rmtree(experiment.root / "trials")
    empty = analysis.load(experiment.root)
    assert list(empty.trials.columns) == list(loaded.columns)
    assert (empty.trials.dtypes == loaded.dtypes).all()
    assert {"train_loss", "val_accuracy", "wall_time"} <= set(empty.epochs)
    assert str(empty.epochs["val_accuracy"].dtype) == "float64"


def test_types_of_all_kinds_of_parameters(tmp_path: Path) -> None:
    settings = ("dropout=0.1", "batch_size=64,128", "lr=1e-3..1e-1:log", "hidden=16..64")
    space = cheap_plan(tmp_path, *settings).to_json()["search_space"]
    types = parameter_types(json.loads(json.dumps(space)))
    assert types["dropout"] == types["lr"] == "float64"
    assert types["batch_size"] == types["hidden"] == "Int64"
    mixed = {"baseline": {"a": 1, "b": "x", "c": None}, "fixed": {}, "distributions": {}}
    choices = {"a": [1, 0.5], "b": ["x", 2], "c": [True]}
    for name, values in choices.items():
        mixed["distributions"][name] = json.dumps({"attributes": {"choices": values}})
    assert parameter_types(mixed) == {"a": "float64", "b": "object", "c": "boolean"}


def test_from_a_place_that_is_no_disk(in_memory: str, finished: Experiment) -> None:
    there, here = analysis.load(in_memory), analysis.load(finished.root)
    for frame in ("trials", "epochs", "reruns", "finalists", "front", "leaderboard"):
        pd.testing.assert_frame_equal(getattr(there, frame), getattr(here, frame))
    assert there.plan == here.plan and there.best == here.best and there.notes == ()


def test_no_such_place(tmp_path: Path) -> None:
    for place, says in (
        ("memory://bucket/nothing", "memory://bucket/nothing: no experiment"),
        ("nothing://bucket/x", "nothing://bucket/x: cannot be read .*nothing"),
        (tmp_path / "a::b", "a::b: no experiment"),
    ):
        with pytest.raises(BadInput, match=says):
            analysis.load(place)


def test_a_name_is_no_pattern(copy: Callable[[], Experiment]) -> None:
    root = copy().root
    odd = root.rename(root.with_name("zlib::x[1] *"))
    assert len(analysis.load(odd).trials) == 5


def test_several_at_once(finished: Experiment, copy: Callable[[], Experiment]) -> None:
    other = copy()
    several = analysis.load([finished.root, str(other.root)])
    assert list(several) == ["finished", "copy"] and several["copy"].plan == several.plans["copy"]
    trials = several.trials
    assert list(trials)[:2] == ["experiment", "trial"] and len(trials) == 10
    assert str(trials["experiment"].dtype) == "string"
    assert (trials["experiment"] == ["finished"] * 5 + ["copy"] * 5).all()
    single = several["copy"].trials
    assert (trials.drop(columns="experiment").dtypes == single.dtypes).all()
    assert len(several.epochs) == 2 * len(several["copy"].epochs)
    assert several.finalists.empty and list(several.finalists)[:2] == ["experiment", "trial"]
    (other.trial("t0003").root / "config.json").unlink()
    assert analysis.load([other.root]).notes == (
        "copy: t0003: config.json is missing; it is left out",
    )


def test_several_of_one_name(finished: Experiment, tmp_path: Path) -> None:
    other = tmp_path / finished.name
    shutil.copytree(finished.root, other)
    assert list(analysis.load([finished.root, other])) == [str(finished.root), str(other)]
    with pytest.raises(BadInput, match="given twice"):
        analysis.load([other, other])
    with pytest.raises(BadInput, match="no experiment given"):
        analysis.load([])
