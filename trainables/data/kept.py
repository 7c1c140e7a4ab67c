"""Large arrays that can be made again, kept on disk: bounded, shared by the processes of a node."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from filelock import FileLock, Timeout

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
        if (found := self._open(path, shape)) is not None:
            return found
        if size > self.most:
            return None
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            with FileLock(self._lock(key)):
                if (found := self._open(path, shape)) is not None:
                    return found
                with replacing(path) as temporary:
                    with FileLock(self.root / ".room.lock"):
                        if not self._make_room(size):
                            return None
                        _reserve(temporary, size)
                    _write(temporary, shape, make())
                return self._open(path, shape)
        except OSError:  # a full disk, or one that cannot be written: nothing is lost but time
            return None

    def _lock(self, key: str) -> Path:
        return self.root / f".{key}.lock"

    def _open(self, path: Path, shape: tuple[int, ...]) -> np.ndarray | None:
        try:
            # A plain ndarray over the map: np.memmap itself would be copied when it is pickled.
            found = np.asarray(np.load(path, mmap_mode="r"))
        except (OSError, ValueError, EOFError):  # the last two: it was damaged
            return None
        with suppress(OSError):  # another user's
            os.utime(path)  # used now
        return found if found.shape == shape else None

    def _make_room(self, size: int) -> bool:
        """Remove what was unused for longest until there is room; returns whether there is.

        What other processes are making stays; halves that killed ones left do not.
        """
        files = []
        for path in self.root.iterdir():
            if path.suffix == ".tmp" and self._is_being_made(path):
                continue
            if path.suffix in (".npy", ".tmp"):
                with suppress(FileNotFoundError):  # another process was first
                    files.append((path.stat().st_mtime, path))
        files.sort()
        while True:
            taken = sum(path.stat().st_size for path in self._files())
            free = shutil.disk_usage(self.root).free - self.spare
            if taken + size <= self.most and size <= free:
                return True
            if not files:
                return False
            files.pop(0)[1].unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        return [path for path in self.root.iterdir() if path.suffix in (".npy", ".tmp")]

    def _is_being_made(self, temporary: Path) -> bool:
        """Whether a living process writes this: then it has the lock of its key."""
        try:
            with FileLock(self._lock(temporary.name.split(".")[1]), blocking=False):
                return False
        except Timeout:
            return True


def _reserve(path: Path, size: int) -> None:
    """Take the room on the disk, so that others count it."""
    with path.open("wb") as file:
        if hasattr(os, "posix_fallocate"):
            os.posix_fallocate(file.fileno(), 0, size)
        else:
            file.truncate(size)


def _write(path: Path, shape: tuple[int, ...], pieces: Iterator[np.ndarray]) -> None:
    """An `.npy` file, piece by piece: unlike a map's, a full disk is an OSError here."""
    with path.open("r+b") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(file, header)
        for piece in pieces:
            file.write(np.ascontiguousarray(piece, "<f4").data)
        file.flush()
        os.fsync(file.fileno())  # a power cut must not leave zeros under a good name


def frozen_outputs() -> Kept:
    """What frozen stages have made of pictures, in the user's cache directory."""
    return Kept(cache_directory() / "frozen")
