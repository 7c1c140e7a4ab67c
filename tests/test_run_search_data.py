"""Data that cannot be used stops the search before anything starts, in one line, with code 2."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import Refused


def _pictures(folder: Path, count: int = 5, side: int = 28) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        pixels = rng.integers(0, 255, (side, side, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def _idx(path: Path, array: np.ndarray, cut: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    data = header + array.tobytes()
    path.write_bytes(data[: len(data) - cut])


def _missing(root: Path) -> None: ...


def _empty(root: Path) -> None:
    root.mkdir()


def _file(root: Path) -> None:
    root.write_text("not a directory")


def _only_text(root: Path) -> None:
    root.mkdir()
    (root / "notes.txt").write_text("nothing here")


def _one_class(root: Path) -> None:
    _pictures(root / "train" / "cat")


def _empty_class(root: Path) -> None:
    _pictures(root / "train" / "cat")
    _pictures(root / "train" / "dog")
    (root / "train" / "emu").mkdir()


def _test_without_train(root: Path) -> None:
    _pictures(root / "test" / "cat")
    _pictures(root / "test" / "dog")


def _strange_test_class(root: Path) -> None:
    for part, name in (("train", "cat"), ("train", "dog"), ("test", "emu")):
        _pictures(root / part / name)


def _corrupt(root: Path) -> None:
    _pictures(root / "train" / "cat")
    _pictures(root / "train" / "dog")
    whole = (root / "train" / "dog" / "3.png").read_bytes()
    (root / "train" / "dog" / "broken.png").write_bytes(whole[: len(whole) // 2])


def _no_picture_at_all(root: Path) -> None:
    _pictures(root / "train" / "cat")
    _pictures(root / "train" / "dog")
    (root / "train" / "dog" / "zero.png").write_bytes(b"")


def _tiny(root: Path) -> None:
    _pictures(root / "train" / "cat", side=3)
    _pictures(root / "train" / "dog", side=3)


def _truncated_idx(root: Path) -> None:
    _idx(root / "train-images-idx3-ubyte", np.zeros((20, 28, 28), np.uint8), cut=100)
    _idx(root / "train-labels-idx1-ubyte", (np.arange(20) % 2).astype(np.uint8))


def _truncated_gz(root: Path) -> None:
    _idx(root / "train-images-idx3-ubyte", np.zeros((20, 28, 28), np.uint8))
    _idx(root / "train-labels-idx1-ubyte", (np.arange(20) % 2).astype(np.uint8))
    plain = root / "train-images-idx3-ubyte"
    packed = gzip.compress(plain.read_bytes())
    (root / "train-images-idx3-ubyte.gz").write_bytes(packed[: len(packed) // 2])
    plain.unlink()


def _labels_missing(root: Path) -> None:
    _idx(root / "train-images-idx3-ubyte", np.zeros((20, 28, 28), np.uint8))


def _empty_idx(root: Path) -> None:
    _idx(root / "train-images-idx3-ubyte", np.zeros((0, 28, 28), np.uint8))
    _idx(root / "train-labels-idx1-ubyte", np.zeros(0, np.uint8))


def _one_class_idx(root: Path) -> None:
    _idx(root / "train-images-idx3-ubyte", np.zeros((20, 28, 28), np.uint8))
    _idx(root / "train-labels-idx1-ubyte", np.zeros(20, np.uint8))


def _broken_batches(root: Path) -> None:
    (root / "cifar-10-batches-py").mkdir(parents=True)
    (root / "cifar-10-batches-py" / "data_batch_1").write_bytes(b"no batch")


CASES: list[tuple[Callable[[Path], None], str]] = [
    (_missing, "does not exist"),
    (_empty, "empty"),
    (_file, "is a file"),
    (_only_text, "no class folder"),
    (_one_class, "one class (cat)"),
    (_empty_class, "train/emu"),
    (_test_without_train, "no train/"),
    (_strange_test_class, "test/emu"),
    (_corrupt, "broken.png"),
    (_no_picture_at_all, "zero.png"),
    (_tiny, "3x3"),
    (_truncated_idx, "train-images-idx3-ubyte"),
    (_truncated_gz, "train-images-idx3-ubyte.gz"),
    (_labels_missing, "train-labels-idx1-ubyte"),
    (_empty_idx, "train-labels-idx1-ubyte"),
    (_one_class_idx, "fewer than two classes"),
    (_broken_batches, "cifar-10-batches-py"),
]


@pytest.mark.parametrize(("make", "said"), CASES, ids=[make.__name__[1:] for make, _ in CASES])
def test_bad_data_is_refused(
    make: Callable[[Path], None],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: Refused,
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    root, storage = tmp_path / "mine", tmp_path / "results"
    make(root)
    before = sorted(tmp_path.rglob("mine/**/*"))
    options = ["--space", "mnist", "--trials", "1", "--max-epochs", "1", "--finalists", "0"]
    error = refused(*options, "--data-dir", str(root), "--storage", str(storage), "--name", "x")
    assert str(root) in error and said in error, error
    assert not storage.exists() or not list(storage.iterdir())
    assert sorted(tmp_path.rglob("mine/**/*")) == before  # a user's directory is never written to
