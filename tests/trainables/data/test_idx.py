from __future__ import annotations

import gzip
import struct
from pathlib import Path

import numpy as np
import pytest

from trainables.data.idx import idx_source, read_idx
from trainables.data.images import load_images
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.data.stand_ins import digits_source
from trainables.errors import BadInput

TRAIN, LABELS = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
TEST, TEST_LABELS = "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"


def idx(array: np.ndarray) -> bytes:
    header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
    return header + array.astype(np.uint8).tobytes()


def arrays(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.integers(0, 256, (count, 9, 7), np.uint8), np.arange(count) % 5


def write_set(folder: Path, *, zipped: bool = False, test: bool = True) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    files = dict(zip((TRAIN, LABELS), arrays(60), strict=True))
    if test:
        files |= dict(zip((TEST, TEST_LABELS), arrays(20, seed=1), strict=True))
    for name, array in files.items():
        if zipped:
            (folder / f"{name}.gz").write_bytes(gzip.compress(idx(array)))
        else:
            (folder / name).write_bytes(idx(array))


def load(directory: Path, seed: int = 0) -> Splits:
    request = DataRequest(directory=directory, split_seed=seed)
    return load_images(request, published="MNIST", size=28, stand_in=digits_source)


@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gz"])
@pytest.mark.parametrize("inside", [".", "raw", "MNIST/raw"])
def test_idx_files_are_found_and_read(tmp_path, zipped, inside):
    write_set(tmp_path / inside, zipped=zipped)
    splits = load(tmp_path)
    images, labels = arrays(60)
    test_images, test_labels = arrays(20, seed=1)
    assert np.array_equal(splits.test.inputs, test_images[..., None])
    assert np.array_equal(splits.test.targets, test_labels)
    assert splits.test.targets.dtype == np.int64
    assert (len(splits.train), len(splits.val)) == (50, 10)  # 2 of each 12
    together = np.concatenate([splits.train.inputs, splits.val.inputs])
    rows = {picture.tobytes(): label for picture, label in zip(images, labels, strict=True)}
    targets = np.concatenate([splits.train.targets, splits.val.targets])
    assert {p.tobytes(): t for p, t in zip(together, targets, strict=True)} == rows
    assert (splits.meta.height, splits.meta.width, splits.meta.channels) == (9, 7, 1)
    assert splits.meta.classes == ("0", "1", "2", "3", "4")
    assert splits.provenance.kind == "own"


def test_a_missing_test_part_is_cut_from_train(tmp_path):
    write_set(tmp_path, test=False)
    splits = load(tmp_path)
    assert len(splits.train) + len(splits.val) + len(splits.test) == 60
    assert set(splits.test.targets) == set(range(5))


def whole() -> bytes:
    return idx(arrays(30)[0])


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (b"", "not an idx file"),
        (b"PK\3\4 something else", "not an idx file"),
        (b"\0\0\x0d\3" + whole()[4:], "not an idx file of unsigned bytes"),
        (whole()[:3], "not an idx file"),
        (whole()[:10], r"truncated idx file \(its header is cut\)"),
        (whole()[:-1], r"truncated idx file \(1889 bytes of data, 1890 declared\)"),
        (whole()[:16], r"truncated idx file \(0 bytes of data, 1890 declared\)"),
        (whole() + b"x", r".*1891 bytes of data, 1890 declared"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True], ids=["plain", "gz"])
def test_a_damaged_file_is_named(tmp_path, damaged, message, zipped):
    path = tmp_path / (TRAIN + ".gz" * zipped)
    path.write_bytes(gzip.compress(damaged) if zipped else damaged)
    with pytest.raises(BadInput, match=f"{path.name}: {message}"):
        read_idx(path)


def damage_gz(data: bytes, how: str) -> bytes:
    if how == "cut":
        return data[: len(data) // 2]
    if how == "flipped":
        middle = len(data) // 2
        return data[:middle] + bytes(b ^ 0xFF for b in data[middle : middle + 40]) + data[middle:]
    return b"not gzip at all"


@pytest.mark.parametrize("how", ["cut", "flipped", "other"])
@pytest.mark.parametrize("name", [TRAIN, LABELS, TEST, TEST_LABELS])
def test_a_damaged_gz_is_named(tmp_path, name, how):
    write_set(tmp_path, zipped=True)
    path = tmp_path / f"{name}.gz"
    path.write_bytes(damage_gz(path.read_bytes(), how))
    with pytest.raises(BadInput, match=f"{path.name}: truncated or damaged idx file"):
        load(tmp_path)


@pytest.mark.parametrize("name", [TRAIN, LABELS])
def test_a_missing_train_file_is_named(tmp_path, name):
    write_set(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BadInput, match=f"{name} is missing"):
        load(tmp_path)


def test_labels_that_do_not_fit_their_pictures_are_refused(tmp_path):
    write_set(tmp_path)
    (tmp_path / LABELS).write_bytes(idx(np.zeros(59)))
    with pytest.raises(BadInput, match=rf"{TRAIN}: \(60, 9, 7\) does not fit labels of \(59,\)"):
        load(tmp_path)


def test_files_without_a_picture_are_refused(tmp_path):
    write_set(tmp_path)
    (tmp_path / TRAIN).write_bytes(idx(np.zeros((0, 9, 7))))
    (tmp_path / LABELS).write_bytes(idx(np.zeros(0)))
    with pytest.raises(BadInput, match=str(tmp_path)):
        load(tmp_path)


@pytest.mark.parametrize("name", [TEST, TEST_LABELS])
def test_half_a_test_part_is_refused(tmp_path, name):
    write_set(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(BadInput, match=f"{name} is missing"):
        load(tmp_path)


def test_test_pictures_of_another_size_are_refused(tmp_path):
    write_set(tmp_path)
    (tmp_path / TEST).write_bytes(idx(np.zeros((20, 8, 7))))
    with pytest.raises(BadInput, match=rf"{TEST}: pictures of \(8, 7\), in train .*\(9, 7\)"):
        load(tmp_path)


def test_too_few_pictures_for_three_parts_are_refused(tmp_path):
    (tmp_path / TRAIN).write_bytes(idx(np.zeros((2, 9, 7))))
    (tmp_path / LABELS).write_bytes(idx(np.arange(2)))
    with pytest.raises(BadInput, match="too few pictures, val would be empty"):
        load(tmp_path)


def test_one_class_is_refused(tmp_path):
    write_set(tmp_path)
    (tmp_path / LABELS).write_bytes(idx(np.zeros(60)))
    (tmp_path / TEST_LABELS).write_bytes(idx(np.zeros(20)))
    with pytest.raises(BadInput, match="class"):
        load(tmp_path)


def test_a_directory_without_idx_files_is_none_of_ours(tmp_path):
    assert idx_source(tmp_path) is None


def test_the_shared_mnist_is_recognised_as_the_real_one(shared_data):
    source = idx_source(shared_data)
    assert source is not None
    assert str(source.provenance) == "real: MNIST"
