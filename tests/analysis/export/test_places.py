"""An export takes its place whole, in place of an earlier one, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.export.places import check_place, whole
from analysis.export.sums import write_sums
from trainables.errors import BadInput
from tuning.experiment import Experiment


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    return search(tmp_path / "search")


def search(root: Path) -> Experiment:
    root.mkdir()
    (root / "plan.json").touch()
    return Experiment(root)


def export(place: Path, text: str) -> None:
    with whole(place) as directory:
        (directory / "config.json").write_text(text)
        write_sums(directory)


def test_the_default_place_is_the_experiments(experiment: Experiment) -> None:
    place = check_place(experiment, None, "t0001-onnx")
    assert place == experiment.root / "exports" / "t0001-onnx"
    export(place, "one")
    assert check_place(experiment, None, "t0001-onnx") == place


def test_an_earlier_export_is_replaced_whole(experiment: Experiment, tmp_path: Path) -> None:
    place = check_place(experiment, tmp_path / "out", "")
    export(place, "one")
    (place / "old").touch()
    write_sums(place)
    assert check_place(experiment, place, "") == place
    export(place, "two")
    assert {path.name: path.read_text() for path in place.iterdir()}["config.json"] == "two"
    assert not (place / "old").exists() and sorted(p.name for p in tmp_path.iterdir()) == [
        "out",
        "search",
    ]
    (place / "mine.txt").touch()
    with pytest.raises(BadInput, match=r"out: holds 'mine\.txt'"):
        check_place(experiment, place, "")


def test_what_fails_leaves_what_was(experiment: Experiment, tmp_path: Path) -> None:
    place = tmp_path / "a" / "b" / "out"
    with pytest.raises(RuntimeError), whole(place) as directory:
        (directory / "half").touch()
        raise RuntimeError
    assert not (tmp_path / "a").exists()
    export(place, "one")
    with pytest.raises(BadInput, match=r"b/out: cannot be .*written .*quota"), whole(place):
        raise OSError(122, "quota")
    with pytest.raises(BadInput, match=r"^/data/val\.npy: cannot be read .*denied"), whole(place):
        raise OSError(13, "denied", "/data/val.npy")
    assert (place / "config.json").read_text() == "one"
    assert [path.name for path in place.parent.iterdir()] == ["out"]


def test_a_place_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(BadInput, match="file/out: cannot be written"), whole(tmp_path / "file/out"):
        raise AssertionError


@pytest.mark.parametrize("place", [".", "best", "best/deeper", "trials/t0000", "exports"])
@pytest.mark.parametrize("name", ["search", "other"])
def test_what_is_a_searchs_own_is_never_replaced(
    experiment: Experiment, tmp_path: Path, name: str, place: str
) -> None:
    search(tmp_path / "other")
    export(tmp_path / name / "best", "a best/ looks like any export")
    (tmp_path / "link").symlink_to(tmp_path / name)
    for out in (tmp_path / name / place, tmp_path / "link" / place):
        with pytest.raises(BadInput, match="is the search's own"):
            check_place(experiment, out, "")
    assert check_place(experiment, tmp_path / name / "exports" / "one", "")


def test_an_empty_directory_will_do(experiment: Experiment, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    place = check_place(experiment, tmp_path / "out", "")
    export(place, "one")
    assert (tmp_path / "out" / "config.json").is_file()
