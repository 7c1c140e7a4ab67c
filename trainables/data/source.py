"""What can be decoded: a place that pictures come from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from trainables.data.splits import Provenance, Split


@dataclass(frozen=True)
class RawImages:
    """Decoded pictures before any part that is missing has been cut."""

    train: Split
    classes: tuple[str, ...]
    val: Split | None = None
    test: Split | None = None


@dataclass(frozen=True)
class ImageSource:
    """Pictures found but not yet decoded.

    Attributes:
        fingerprint: everything that decides the decoded bytes (names, sizes, times of files).
        read: decode them all; raises BadInput naming a file that cannot be decoded.
    """

    provenance: Provenance
    fingerprint: str
    read: Callable[[], RawImages]


def file_fingerprint(kind: str, files: Iterable[Path]) -> str:
    """Names, sizes and times of files: it changes when one of them does."""
    stats = ((path, path.stat()) for path in files)
    return "\n".join([kind, *(f"{p} {s.st_size} {s.st_mtime_ns}" for p, s in stats)])
