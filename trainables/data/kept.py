"""Large arrays that can be made again, kept on disk: bounded, shared by the processes of a node."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock

from trainables.data.request import cache_directory
from trainables.files import replacing

GIGABYTE = 2**30


@dataclass(frozen=True)
class Kept:
    """A directory of arrays; when it is full those unused for longest go.

    Attributes:
        root: the directory; made when it is needed.
        most: bytes that all of it may take.
        spare: bytes of the disk that are left free.
    """

    root: Path
    most: int = 4 * GIGABYTE
    spare: int = GIGABYTE

    def array(
        self, key: str, shape: tuple[int, ...], make: Callable[[], Iterator[np.ndarray]]
    ) -> np.ndarray | None:
        """The float32 array of that key, memory-mapped: processes that open it share its pages.

        Made by one process at a time, the others wait for it. What is mapped stays readable when
        it goes from the disk.

        Args:
            key: a plain name, the same for the same content.
            make: gives the array in pieces, along its first axis.

        Returns:
            read-only; None where there is no room for it: too large, or the disk too full.
        """
        size = int(np.prod(shape, dtype=np.int64)) * 4
        path = self.root / f"{key}.npy"
        if (found := self._open(path)) is not None:
            return found
        if size > self.most:
            return None
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self.root / f".{key}.lock"):
                if (found := self._open(path)) is not None:
                    return found
                self._make_room(size)
                if shutil.disk_usage(self.root).free < size + self.spare:
                    return None
                with replacing(path) as temporary:
                    _write(temporary, shape, make())
                return self._open(path)
        except OSError:  # a full disk, or one that cannot be written: nothing is lost but time
            return None

    def _open(self, path: Path) -> np.ndarray | None:
        try:
            os.utime(path)  # used now
            # A plain ndarray over the map: np.memmap itself would be copied when it is pickled.
            return np.asarray(np.load(path, mmap_mode="r"))
        except (FileNotFoundError, ValueError, EOFError):  # the last two: it was damaged
            return None

    def _make_room(self, size: int) -> None:
        """Remove what was unused for longest, halves of killed processes too, until it fits."""
        files = []
        for path in self.root.iterdir():
            if path.suffix in (".npy", ".tmp"):
                try:
                    files.append((path.stat(), path))
                except FileNotFoundError:  # another process was first
                    continue
        total = sum(stat.st_size for stat, _ in files)
        for stat, path in sorted(files, key=lambda file: file[0].st_mtime):
            if total + size <= self.most:
                return
            path.unlink(missing_ok=True)
            total -= stat.st_size


def _write(path: Path, shape: tuple[int, ...], pieces: Iterator[np.ndarray]) -> None:
    """An `.npy` file, piece by piece: unlike a map's, a full disk is an OSError here."""
    with path.open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for piece in pieces:
            file.write(np.ascontiguousarray(piece, "<f4").data)


def frozen_outputs() -> Kept:
    """What frozen stages have made of pictures, in the user's cache directory."""
    return Kept(cache_directory() / "frozen")
