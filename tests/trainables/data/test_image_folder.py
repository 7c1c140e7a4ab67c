from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from trainables.data.images import load_images
from trainables.data.request import DataRequest
from trainables.data.splits import Split, Splits
from trainables.data.stand_ins import drawn_source
from trainables.errors import BadInput

Say = Callable[[str], None]

pytestmark = pytest.mark.usefixtures("fresh_cache")


def save(path: Path, array: np.ndarray, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(array).save(path, **options)


def tree(
    root: Path,
    part: str = "train",
    classes: tuple[str, ...] = ("cat", "dog"),
    count: int = 6,
    **shape: int,
) -> Path:
    """A tree of pictures in which every one is of a colour of its own."""
    height, width, channels = (shape.get(k, d) for k, d in (("h", 20), ("w", 20), ("c", 3)))
    for number, name in enumerate(classes):
        for index in range(count):
            colour = (100 * number + 10 * index + (len(part) if part != "train" else 0), 50, 200)
            array = np.full((height, width, 3), colour, np.uint8)
            save(root / part / name / f"{index}.png", array[..., 0] if channels == 1 else array)
    return root


def load(directory: Path, *, seed: int = 0, size: int = 32, say: Say = lambda line: None) -> Splits:
    request = DataRequest(directory=directory, split_seed=seed, say=say)
    return load_images(request, published="CIFAR10", size=size, stand_in=drawn_source)


def pictures(split: Split) -> set[tuple[bytes, int]]:
    return {(p.tobytes(), int(t)) for p, t in zip(split.inputs, split.targets, strict=True)}


def test_every_picture_arrives_once_with_its_class(tmp_path):
    splits = load(tree(tree(tmp_path, count=10), "test", count=3))
    assert splits.meta.classes == ("cat", "dog")
    assert (len(splits.train), len(splits.val), len(splits.test)) == (16, 4, 6)
    assert (splits.meta.height, splits.meta.width, splits.meta.channels) == (20, 20, 3)
    assert splits.train.inputs.dtype == np.uint8 and splits.train.targets.dtype == np.int64
    for number in range(2):
        seen = sorted(
            int(picture[0, 0, 0])
            for part in (splits.train, splits.val)
            for picture in part.inputs[part.targets == number]
        )
        assert seen == [100 * number + 10 * index for index in range(10)]
    assert sorted(splits.test.inputs[:, 0, 0, 0].tolist()) == [4, 14, 24, 104, 114, 124]
    assert str(splits.provenance) == f"own: pictures in {tmp_path}"


def test_a_folder_of_classes_alone_is_train(tmp_path):
    tree(tmp_path, count=10)
    splits = load(tmp_path / "train")
    assert len(splits.train) + len(splits.val) + len(splits.test) == 20
    assert splits.meta.classes == ("cat", "dog")


def test_a_val_folder_is_val(tmp_path):
    splits = load(tree(tree(tree(tmp_path), "val", count=2), "test", count=3))
    assert (len(splits.train), len(splits.val), len(splits.test)) == (12, 4, 6)
    assert sorted(splits.val.inputs[:, 0, 0, 0].tolist()) == [3, 13, 103, 113]


def test_missing_parts_are_cut_by_the_split_seed_without_overlap_or_loss(tmp_path):
    tree(tmp_path, count=20)
    first = load(tmp_path, seed=1)
    parts = [first.train, first.val, first.test]
    assert [len(part) for part in parts] == [26, 6, 8]
    seen = [pictures(part) for part in parts]
    assert sum(map(len, seen)) == len(set.union(*seen)) == 40
    for part in parts:
        assert set(part.targets) == {0, 1}
    again = load(tmp_path, seed=1)
    assert again.digest == first.digest
    other = load(tmp_path, seed=2)
    assert other.digest != first.digest
    assert pictures(other.test) != pictures(first.test)
    assert set.union(*(pictures(p) for p in (other.train, other.val, other.test))) == set.union(
        *seen
    )


def test_pictures_of_mixed_size_are_brought_to_one(tmp_path):
    tree(tmp_path)
    save(tmp_path / "train" / "cat" / "wide.png", np.full((10, 60, 3), 77, np.uint8))
    lines: list[str] = []
    splits = load(tmp_path, size=24, say=lines.append)
    assert splits.train.inputs.shape[1:] == (24, 24, 3)
    assert any("brought to 24x24" in line for line in lines)


def test_a_wide_picture_is_cut_about_its_middle_not_squeezed(tmp_path):
    tree(tmp_path)
    wide = np.zeros((20, 60, 3), np.uint8)
    wide[:, 20:40] = 255  # all that is left of it
    save(tmp_path / "train" / "cat" / "wide.png", wide)
    splits = load(tmp_path, size=20)
    everything = np.concatenate([splits.train.inputs, splits.val.inputs, splits.test.inputs])
    assert (everything == 255).all((1, 2, 3)).sum() == 1


def test_large_pictures_are_brought_to_the_tasks_size(tmp_path):
    assert load(tree(tmp_path, h=129, w=40), size=32).train.inputs.shape[1:] == (32, 32, 3)


def test_pictures_of_one_size_keep_it_though_not_square(tmp_path):
    splits = load(tree(tmp_path, h=18, w=40))
    assert (splits.meta.height, splits.meta.width) == (18, 40)


def test_grey_pictures_stay_grey(tmp_path):
    splits = load(tree(tmp_path, c=1))
    assert splits.train.inputs.shape[1:] == (20, 20, 1)
    assert splits.meta.channels == 1


def test_one_coloured_picture_makes_all_of_them_rgb(tmp_path):
    tree(tmp_path, c=1)
    save(tmp_path / "train" / "cat" / "red.png", np.full((20, 20, 3), (250, 0, 0), np.uint8))
    splits = load(tmp_path)
    assert splits.meta.channels == 3
    everything = np.concatenate([splits.train.inputs, splits.val.inputs, splits.test.inputs])
    assert (everything[..., 0] == everything[..., 1]).all((1, 2)).sum() == 12


@pytest.mark.parametrize(
    ("classes", "message"),
    [
        ((), "no class folder with pictures; two or more are needed"),
        (("cat",), r"one class \(cat\); two or more are needed"),
    ],
)
def test_one_class_is_too_few(tmp_path, classes, message):
    (tmp_path / "train").mkdir()
    with pytest.raises(BadInput, match=f"--data-dir .*{message}"):
        load(tree(tmp_path, classes=classes))


def test_a_file_in_place_of_class_folders_is_no_class(tmp_path):
    save(tmp_path / "one.png", np.zeros((20, 20, 3), np.uint8))
    with pytest.raises(BadInput, match="no class folder with pictures"):
        load(tmp_path)


@pytest.mark.parametrize("part", ["train", "val", "test"])
def test_an_empty_class_is_named(tmp_path, part):
    for name in ("train", part):
        tree(tmp_path, name)
    if part == "train":
        (tmp_path / part / "emu").mkdir()
        (tmp_path / part / "emu" / "notes.txt").write_text("no picture")
    else:
        for path in (tmp_path / part / "dog").iterdir():
            path.unlink()
    name = "emu" if part == "train" else "dog"
    with pytest.raises(BadInput, match=f"{part}/{name} holds no picture"):
        load(tmp_path)


@pytest.mark.parametrize("part", ["val", "test"])
def test_an_empty_part_is_named(tmp_path, part):
    tree(tmp_path)
    (tmp_path / part).mkdir()
    with pytest.raises(BadInput, match=f"{part}/?.* no "):
        load(tmp_path)


@pytest.mark.parametrize("part", ["val", "test"])
def test_a_class_that_train_lacks_is_named(tmp_path, part):
    tree(tree(tmp_path), part, classes=("cat", "emu"))
    with pytest.raises(BadInput, match=f"{part}/emu is no class of train/"):
        load(tmp_path)


def test_too_few_pictures_to_cut_from_are_refused(tmp_path):
    with pytest.raises(BadInput, match="class 'cat' has fewer than 3 training pictures"):
        load(tree(tmp_path, count=2))


def test_a_tree_without_train_is_refused(tmp_path):
    with pytest.raises(BadInput, match="there is no train/ beside test/"):
        load(tree(tmp_path, "test"))


@pytest.mark.parametrize(
    "data", [b"", b"not a picture", None], ids=["empty", "other bytes", "truncated"]
)
@pytest.mark.parametrize("part", ["train", "test"])
def test_a_corrupt_picture_is_named(tmp_path, part, data):
    tree(tree(tmp_path), "test")
    path = tmp_path / part / "dog" / "broken.jpg"
    noise = np.random.default_rng(0).integers(0, 256, (20, 20, 3), np.uint8)
    save(path, noise)
    path.write_bytes(path.read_bytes()[:700] if data is None else data)
    with pytest.raises(BadInput, match=r"dog/broken\.jpg: (not a readable|corrupt) picture"):
        load(tmp_path)


def test_hidden_files_are_passed_over(tmp_path):
    root = tree(tmp_path, count=10)
    (root / "train" / "cat" / "._0.png").write_bytes(b"left by another system, no picture")
    assert len(load(root).train) + len(load(root).val) + len(load(root).test) == 20


def test_what_will_be_read_is_announced_before_it_is_read(tmp_path):
    seen = []
    request = DataRequest(
        directory=tree(tmp_path, count=10),
        say=lambda line: seen.append("read"),
        found=lambda: seen.append("found"),
    )
    load_images(request, published="CIFAR10", size=32, stand_in=drawn_source)
    assert seen[0] == "found" and "read" in seen
    seen.clear()
    (tmp_path / "empty").mkdir()
    with pytest.raises(BadInput):
        load_images(
            replace(request, directory=tmp_path / "empty"),
            published="CIFAR10",
            size=32,
            stand_in=drawn_source,
        )
    assert seen == []


def test_odd_names_of_files_and_classes(tmp_path):
    root = tree(tmp_path, count=10)
    picture = root / "train" / "cat" / "0.png"
    picture.rename(picture.with_name(os.fsdecode(b"caf\xe9.png")))
    splits = load(root)
    assert len(splits.train) + len(splits.val) + len(splits.test) == 20
    (root / "train" / "cat").rename(root / "train" / os.fsdecode(b"caf\xe9"))
    with pytest.raises(BadInput, match="unprintable name"):
        load(root)


def test_hidden_folders_and_other_files_are_passed_over(tmp_path):
    tree(tmp_path)
    (tmp_path / "train" / ".cache").mkdir()
    (tmp_path / "train" / "cat" / "Thumbs.db").write_bytes(b"junk")
    assert load(tmp_path).meta.classes == ("cat", "dog")


def test_the_data_directory_is_never_written_to(tmp_path):
    root = tree(tmp_path / "data")
    before = {path: path.stat().st_mtime_ns for path in [root, *root.rglob("*")]}
    load(root)
    assert {path: path.stat().st_mtime_ns for path in [root, *root.rglob("*")]} == before


def test_a_changed_picture_is_decoded_again(tmp_path):
    tree(tmp_path)
    before = load(tmp_path)
    path = tmp_path / "train" / "cat" / "0.png"
    save(path, np.full((20, 20, 3), 3, np.uint8))
    os.utime(path, (1, 1))
    assert load(tmp_path).digest != before.digest


def test_a_tree_large_enough_for_several_processes_is_read_the_same(tmp_path):
    for index in range(1_100):  # each tells its class and its number by its colour
        number = index % 2
        colour = (100 * number, index // 256, index % 256)
        save(tmp_path / "train" / "ab"[number] / f"{index}.bmp", np.full((2, 2, 3), colour, "u1"))
    splits = load(tmp_path)
    everything = [splits.train, splits.val, splits.test]
    pixels = np.concatenate([part.inputs for part in everything])[:, 0, 0].astype(int)
    targets = np.concatenate([part.targets for part in everything])
    assert np.array_equal(pixels[:, 0], 100 * targets)
    assert sorted(256 * pixels[:, 1] + pixels[:, 2]) == list(range(1_100))

    (tmp_path / "train" / "b" / "777.bmp").write_bytes(b"BM nothing more")
    with pytest.raises(BadInput, match=r"b/777\.bmp: not a readable picture"):
        load(tmp_path)
