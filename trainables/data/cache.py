"""Decoded splits on disk: decoded once, opened by memory map, written whole or not at all."""

from __future__ import annotations

import dataclasses
import hashlib
import os
import shutil
import uuid
from pathlib import Path

import numpy as np
from filelock import FileLock

from trainables.data.request import cache_directory
from trainables.data.splits import ImageMeta, Provenance, Split, Splits
from trainables.files import read_json, write_json

_PARTS = ("train", "val", "test")
_LAYOUT = 1  # raise it when decoding changes, so that old entries are not taken for new ones


def entry_path(fingerprint: str) -> Path:
    """Where splits with this fingerprint (everything that decides their bytes) are kept."""
    described = f"{_LAYOUT}\n{fingerprint}".encode(errors="surrogateescape")  # odd file names
    key = hashlib.sha256(described).hexdigest()[:16]
    return cache_directory() / "arrays" / key


def write_splits(
    entry: Path,
    parts: dict[str, Split],
    classes: tuple[str, ...],
    provenance: Provenance,
) -> None:
    """Write image splits to `entry`, with the train split's mean and deviation by channel.

    Args:
        parts: `train`, `val` and `test`, each uint8 [n, height, width, channels].
    """
    entry.parent.mkdir(parents=True, exist_ok=True)
    temporary = entry.with_name(f".{entry.name}.{uuid.uuid4().hex[:8]}.tmp")
    temporary.mkdir()
    try:
        digest = hashlib.sha256()
        for name in _PARTS:
            for kind, array in (("inputs", parts[name].inputs), ("targets", parts[name].targets)):
                contiguous = np.ascontiguousarray(array)
                digest.update(contiguous.data)
                np.save(temporary / f"{name}_{kind}.npy", contiguous)
        _, height, width, channels = parts["train"].inputs.shape
        mean, std = channel_statistics(parts["train"].inputs)
        meta = ImageMeta(height, width, channels, classes, mean, std)
        about = {
            "meta": dataclasses.asdict(meta),
            "provenance": dataclasses.asdict(provenance),
            "digest": digest.hexdigest(),
        }
        write_json(temporary / "about.json", about)
        try:
            os.replace(temporary, entry)
        except OSError:
            if not entry.is_dir():  # else another process was first, with the same bytes
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def open_splits(entry: Path) -> Splits:
    """Open an entry; the arrays are read-only memory maps, so processes of a node share them.

    Raises:
        FileNotFoundError: there is no such entry.
    """
    about = read_json(entry / "about.json")
    train, val, test = (Split(*(_map(entry, p, k) for k in ("inputs", "targets"))) for p in _PARTS)
    return Splits(
        train=train,
        val=val,
        meta=ImageMeta.from_json(about["meta"]),
        provenance=Provenance(**about["provenance"]),
        digest=about["digest"],
        sealed_test=test,
        entry=entry,
    )


def open_copied(source: Path) -> Splits:
    """Open an entry, from this machine's own cache.

    Args:
        source: the entry, or a copy of it that this machine sees: where its cache lacks the entry,
            that is copied into it first, whole, by one process at a time. Where it has another of
            that name, as other versions of libraries may decode it, the source itself is read.
    """
    entry = cache_directory() / "arrays" / source.name
    if not entry.is_dir():
        entry.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(entry.with_name(f".{entry.name}.lock")):
            copy_entry(source, entry)
    digests = [read_json(place / "about.json")["digest"] for place in (source, entry)]
    return open_splits(entry if digests[0] == digests[1] else source)


def copy_entry(source: Path, target: Path) -> None:
    """Copy an entry, whole or not at all; one that is there already stays.

    By one process at a time: what a killed one left half copied goes.
    """
    if target.is_dir():
        return
    temporary = target.with_name(f".{target.name}.copy.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        shutil.copytree(source, temporary)
        os.replace(temporary, target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def channel_statistics(images: np.ndarray) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation by channel of uint8 [n, height, width, channels], in 0..255.

    From a histogram: exact, and needs no float copy of the images. A channel that never varies
    gets deviation 1, so that it normalises to 0.
    """
    levels = np.arange(256, dtype=np.float64)
    mean, std = [], []
    for channel in range(images.shape[-1]):
        share = np.bincount(images[..., channel].ravel(), minlength=256) / images[..., channel].size
        centre = float(share @ levels)
        spread = float(np.sqrt(share @ (levels - centre) ** 2))
        mean.append(centre)
        std.append(spread or 1.0)
    return tuple(mean), tuple(std)


def _map(entry: Path, part: str, kind: str) -> np.ndarray:
    # A plain ndarray over the map: np.memmap itself would be copied when it is pickled.
    return np.asarray(np.load(entry / f"{part}_{kind}.npy", mmap_mode="r"))
