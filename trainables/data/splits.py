"""The arrays of a task: train, val, a test that stays closed, and where they came from."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from trainables.data.pretrained import Pretrained


@dataclass(frozen=True)
class Provenance:
    """What the data really was.

    Attributes:
        kind: `real`, `own` (the user's files) or `stand-in` (built in).
        name: what a reader calls it, such as `MNIST`.
        note: anything to know before believing a score; may be empty.
        weights: what training started from; empty where that is nothing.
    """

    kind: str
    name: str
    note: str = ""
    weights: str = ""

    def __str__(self) -> str:
        text = f"{self.kind}: {self.name}"
        return f"{text}; from weights {self.weights}" if self.weights else text


@dataclass(frozen=True)
class Split:
    """One part of the data.

    Attributes:
        inputs: images: uint8 [n, height, width, channels]; read-only, maybe memory-mapped.
        targets: int64 [n], class numbers.
    """

    inputs: np.ndarray
    targets: np.ndarray

    def __post_init__(self) -> None:
        if len(self.inputs) != len(self.targets):
            raise ValueError(f"{len(self.inputs)} inputs but {len(self.targets)} targets")

    def __len__(self) -> int:
        return len(self.targets)

    @property
    def nbytes(self) -> int:
        return int(self.inputs.nbytes + self.targets.nbytes)

    def head(self, count: int) -> Split:
        """The first `count` examples."""
        return Split(self.inputs[:count], self.targets[:count])

    def joined(self, after: Split) -> Split:
        """These examples and then those."""
        inputs, targets = (self.inputs, after.inputs), (self.targets, after.targets)
        return Split(np.concatenate(inputs), np.concatenate(targets))


@dataclass(frozen=True)
class Splits:
    """Train, val and test.

    Attributes:
        train, val: parts of one kind that the task knows: `Split` for pictures. Each has a length
            (its examples), `nbytes`, `head(count)`, its first examples, and, train alone,
            `joined(val)`, both in one part.
        meta: what a network and a reader of the export must know (an `ImageMeta` for images).
        digest: SHA-256 of all arrays, hexadecimal: the same digest is the same data and split.
        entry: the cache entry these arrays are mapped from, if any: another process of the node
            opens the same pages there.
        weights: what a fine-tuned network starts from; None: nothing.
    """

    train: Any
    val: Any
    meta: Any
    provenance: Provenance
    digest: str
    sealed_test: Any = None
    entry: Path | None = None
    weights: Pretrained | None = None

    @property
    def test(self) -> Any:
        """The test split.

        Raises:
            PermissionError: these splits were closed for a search, which must not see test.
        """
        if self.sealed_test is None:
            raise PermissionError("the test split is closed until the search is over")
        return self.sealed_test

    def closed(self) -> Splits:
        """The same splits without test: all that a search's workers ever get."""
        return replace(self, sealed_test=None)

    def all_for_training(self) -> Splits:
        """Closed, with train and val together as train; val stays, and says nothing any more."""
        digest = hashlib.sha256(f"{self.digest} train and val".encode()).hexdigest()
        return replace(self.closed(), train=self.train.joined(self.val), digest=digest, entry=None)

    @property
    def nbytes(self) -> int:
        """Bytes of the arrays that a trial reads (train and val)."""
        return int(self.train.nbytes + self.val.nbytes)


@dataclass(frozen=True)
class ImageMeta:
    """What the numbers in an image array mean.

    Attributes:
        height, width: pixels.
        channels: 1 (grey) or 3 (RGB).
        classes: names, by class number.
        mean, std: of the train split, by channel, in units of 0..255.
    """

    height: int
    width: int
    channels: int
    classes: tuple[str, ...]
    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> ImageMeta:
        """From what `dataclasses.asdict` and JSON made of one."""
        fields: dict[str, Any] = {
            name: tuple(v) if isinstance(v, list) else v for name, v in value.items()
        }
        return cls(**fields)
