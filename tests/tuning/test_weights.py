"""`--weights`: a keyword, then a file, then an experiment; and what lies beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from trainables.data.pretrained import TrainedOn, WeightsFile
from trainables.errors import BadInput
from trainables.files import write_json
from trainables.mnist_cnn import TASK as MNIST
from trainables.resnet18_finetune import TASK
from tuning.weights import find_weights

META = {
    "mean": [1.0, 2.0, 3.0], "std": [4.0, 5.0, 6.0], "classes": ["a", "b"], "height": 32,
    "width": 40,
}  # fmt: skip
DATA = {"provenance": {"name": "cats"}, "directory": None, "digest": "12ab", "split_seed": 7}


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """With an experiment, `first`, that has an exported model."""
    best = tmp_path / "results" / "first" / "best"
    best.mkdir(parents=True)
    (best / "model.pt").touch()
    write_json(best / "config.json", {"meta": META})
    write_json(best.parent / "plan.json", {"data": DATA})
    return tmp_path / "results"


@pytest.mark.parametrize("keyword", ["auto", "imagenet", "none"])
def test_a_keyword_comes_first(
    keyword: str, storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / keyword).touch()
    assert find_weights(keyword, TASK, storage) == keyword
    found = find_weights(f"./{keyword}", TASK, storage)
    assert isinstance(found, WeightsFile) and found.path == tmp_path / keyword


def test_a_file_comes_before_an_experiment(
    storage: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "first").touch()
    found = find_weights("first", TASK, storage)
    assert found == WeightsFile("first", tmp_path / "first", "of first")


@pytest.mark.parametrize("by_path", [False, True])
def test_an_experiments_best_model(by_path: bool, storage: Path) -> None:
    asked = str(storage / "first") if by_path else "first"
    found = find_weights(asked, TASK, storage)
    assert found == WeightsFile(
        asked,
        storage / "first" / "best" / "model.pt",
        "of the best model of first",
        mean=(1.0, 2.0, 3.0),
        std=(4.0, 5.0, 6.0),
        classes=("a", "b"),
        trained_on=TrainedOn("cats", (32, 40), "12ab", 7),
    )


@pytest.mark.parametrize(("trained_on", "seen"), [("train", False), ("train and val", True)])
def test_a_winner_that_was_trained_on_val_too_is_known(
    trained_on: str, seen: bool, storage: Path
) -> None:
    write_json(storage / "first" / "best" / "metrics.json", {"trained_on": trained_on})
    found = find_weights("first", TASK, storage)
    assert isinstance(found, WeightsFile) and found.trained_on is not None
    assert found.trained_on.val_too is seen
    assert WeightsFile.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_what_was_found_comes_back_from_json(storage: Path) -> None:
    bare = WeightsFile("mine.pt", Path("/mine.pt"), "of mine.pt")
    for file in (bare, find_weights("first", TASK, storage)):
        assert isinstance(file, WeightsFile)
        assert WeightsFile.from_json(json.loads(json.dumps(file.to_json()))) == file


def test_an_exported_file_by_its_path_knows_what_it_was_fed(storage: Path) -> None:
    found = find_weights(str(storage / "first" / "best" / "model.pt"), TASK, storage)
    assert isinstance(found, WeightsFile)
    assert (found.mean, found.classes) == ((1.0, 2.0, 3.0), ("a", "b"))
    assert found.trained_on == TrainedOn("cats", (32, 40), "12ab", 7)


def test_a_folder_of_pictures_is_known_by_its_path(storage: Path, tmp_path: Path) -> None:
    elsewhere = DATA | {"directory": str(tmp_path / "a" / ".." / "pictures")}
    write_json(storage / "first" / "plan.json", {"data": elsewhere})
    found = find_weights("first", TASK, storage)
    assert isinstance(found, WeightsFile) and found.trained_on is not None
    assert found.trained_on.data == str(tmp_path / "pictures")


def test_a_model_of_grey_pictures_saw_them_as_rgb(storage: Path) -> None:
    meta = META | {"mean": [9.0], "std": [8.0]}
    write_json(storage / "first" / "best" / "config.json", {"meta": meta})
    found = find_weights("first", TASK, storage)
    assert isinstance(found, WeightsFile) and (found.mean, found.std) == ((9.0,) * 3, (8.0,) * 3)


def test_refusals(storage: Path, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--weights imagnet: no file.*did you mean 'imagenet'"):
        find_weights("imagnet", TASK, storage)
    with pytest.raises(BadInput, match=r"cannot be read \(File name too long"):
        find_weights("n" * 300, TASK, storage)
    write_json(storage / "first" / "best" / "config.json", {"task": "char_rnn", "meta": {}})
    with pytest.raises(BadInput, match=r"--weights first: a model of char_rnn, not of pictures"):
        find_weights("first", TASK, storage)
    with pytest.raises(BadInput, match=r"--weights auto: mnist_cnn is not fine-tuned"):
        find_weights("auto", MNIST, storage)
    (storage / "first" / "best" / "config.json").write_text("{")
    with pytest.raises(BadInput, match=r"--weights first: .*first is damaged"):
        find_weights("first", TASK, storage)
    (storage / "first" / "best" / "model.pt").unlink()
    with pytest.raises(BadInput, match=r"--weights first: .* has no exported model"):
        find_weights("first", TASK, storage)
