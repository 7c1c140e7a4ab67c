"""MNIST's own format: idx files, plain or gzipped (http://yann.lecun.com/exdb/mnist/).

torchvision reads only its own plain files, and checks archives against the published `.gz`; a
re-compressed copy holds the same pictures, so we read both forms and check the unpacked bytes.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import struct
import zlib
from pathlib import Path

import numpy as np

from trainables.data.source import ImageSource, RawImages, file_fingerprint
from trainables.data.splits import Provenance, Split
from trainables.errors import BadInput

_NAMES = {
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
}
_MNIST_MD5 = {  # of the unpacked files
    "train-images-idx3-ubyte": "6bbc9ace898e44ae57da46a324031adb",
    "train-labels-idx1-ubyte": "a25bea736e30d166cdddb491f175f624",
    "t10k-images-idx3-ubyte": "2646ac647ad5339dbf082846283269ea",
    "t10k-labels-idx1-ubyte": "27ae3e4e09519cfbb04c329615203637",
}


def idx_source(directory: Path) -> ImageSource | None:
    """The idx files in `directory`, its `raw/` or its `MNIST/raw/`; None where there are none."""
    for folder in (directory, directory / "raw", directory / "MNIST" / "raw"):
        found = {
            name: path
            for names in _NAMES.values()
            for name in names
            if (path := _plain_or_gzipped(folder / name)) is not None
        }
        if found:
            break
    else:
        return None
    tests = set(_NAMES["test"]) & set(found)
    for name in [*_NAMES["train"], *(_NAMES["test"] if tests else ())]:
        if name not in found:
            raise BadInput(f"--data-dir {directory}: {name} is missing in {folder}")
    is_mnist = all(_md5(found[name]) == md5 for name, md5 in _MNIST_MD5.items() if name in found)
    provenance = Provenance(*(("real", "MNIST") if is_mnist else ("own", f"idx files in {folder}")))
    return ImageSource(provenance, file_fingerprint("idx", found.values()), lambda: _read(found))


def read_idx(path: Path) -> np.ndarray:
    """Read one idx file of unsigned bytes, plain or `.gz`, as uint8 of the shape it declares.

    Raises:
        BadInput: truncated, damaged, or not idx; the line names the file.
    """
    data = _unpack(path)
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] != 8:
        raise BadInput(f"{path}: not an idx file of unsigned bytes")
    dimensions = data[3]
    header = 4 + 4 * dimensions
    if len(data) < header:
        raise BadInput(f"{path}: truncated idx file (its header is cut)")
    shape = struct.unpack(f">{dimensions}I", data[4:header])
    expected = math.prod(shape)
    if len(data) - header != expected:
        raise BadInput(
            f"{path}: {'truncated' if len(data) - header < expected else 'overlong'} idx file "
            f"({len(data) - header} bytes of data, {expected} declared)"
        )
    return np.frombuffer(data, np.uint8, offset=header).reshape(shape)


def _read(found: dict[str, Path]) -> RawImages:
    parts = {}
    for part, (images_name, labels_name) in _NAMES.items():
        if images_name not in found and labels_name not in found:
            continue
        images, labels = read_idx(found[images_name]), read_idx(found[labels_name])
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            raise BadInput(
                f"{found[images_name]}: {images.shape} does not fit labels of {labels.shape}"
            )
        parts[part] = Split(images[..., None], labels.astype(np.int64))
    shapes = {part: split.inputs.shape[1:3] for part, split in parts.items()}
    if len(set(shapes.values())) > 1:
        raise BadInput(
            f"{found[_NAMES['test'][0]]}: pictures of {shapes['test']}, in train they are of "
            f"{shapes['train']}"
        )
    if len(np.unique(parts["train"].targets)) < 2:
        raise BadInput(
            f"{found[_NAMES['train'][1]]}: {len(parts['train'])} pictures of fewer than two classes"
        )
    count = 1 + max(int(split.targets.max(initial=0)) for split in parts.values())
    classes = tuple(str(label) for label in range(count))
    return RawImages(parts["train"], classes, test=parts.get("test"))


def _md5(path: Path) -> str:
    return hashlib.md5(_unpack(path), usedforsecurity=False).hexdigest()


def _plain_or_gzipped(path: Path) -> Path | None:
    gzipped = path.with_name(path.name + ".gz")
    return next((p for p in (path, gzipped) if p.is_file()), None)


def _unpack(path: Path) -> bytes:
    try:
        return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path}: truncated or damaged idx file ({error})") from error
