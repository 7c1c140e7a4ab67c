"""Weights that training starts from, and what is known of a file that holds some."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np  # not for `--help`

WEIGHTS = ("auto", "imagenet", "none")  # what a user may say instead of a file
BUILT_IN = "built-in"  # what `auto` may find


@dataclass(frozen=True)
class TrainedOn:
    """The data and the split that weights were trained on.

    Attributes:
        data: the folder of the user's pictures, else what `Provenance` calls them.
        size: pixels, height and width, that they were decoded at.
        digest, split_seed: of the splits.
        val_too: on val as well as on train.
    """

    data: str
    size: tuple[int, int]
    digest: str
    split_seed: int
    val_too: bool = False


@dataclass(frozen=True)
class WeightsFile:
    """A file that holds a state dict, and what lies beside it.

    Attributes:
        asked: what the user called it.
        name: what a reader calls it.
        mean, std: by channel, in 0..255, of what the network was fed; None: not known.
        classes: names of its outputs; None: not known.
        trained_on: None: not known.
    """

    asked: str
    path: Path
    name: str
    mean: tuple[float, ...] | None = None
    std: tuple[float, ...] | None = None
    classes: tuple[str, ...] | None = None
    trained_on: TrainedOn | None = None

    def to_json(self) -> dict[str, Any]:
        """What `plan.json` keeps of it."""
        return asdict(self) | {"path": str(self.path)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> WeightsFile:
        """From what `to_json` and JSON made of one."""
        before = value["trained_on"]
        known = {n: tuple(value[n]) if value[n] else None for n in ("mean", "std", "classes")}
        return cls(
            value["asked"],
            Path(value["path"]),
            value["name"],
            **known,
            trained_on=before and TrainedOn(**before | {"size": tuple(before["size"])}),
        )


@dataclass(frozen=True)
class Pretrained:
    """A state dict, as arrays that processes can share.

    Attributes:
        found: what it came from: `imagenet`, `built-in`, or a file as the user called it.
        name: what a reader calls it.
        arrays: by name of the parameter or buffer.
        mean, std: by channel, in 0..255, of what the network was fed.
        classes: names of its outputs; None: not known.
        digest: SHA-256 of the arrays, hexadecimal.
    """

    found: str
    name: str
    arrays: Mapping[str, np.ndarray]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    classes: tuple[str, ...] | None
    digest: str
