"""What can be decoded: a place that pictures come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
