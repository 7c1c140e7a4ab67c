"""What the user asked for in the way of data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from platformdirs import user_cache_path

from trainables.data.pretrained import WeightsFile
from trainables.errors import BadInput

DATA_KINDS = ("auto", "real", "embedded")


def cache_directory() -> Path:
    """Downloads and decoded arrays live here, in the user's cache (`XDG_CACHE_HOME` on Linux)."""
    return user_cache_path("run-search", appauthor=False)


@dataclass(frozen=True)
class DataRequest:
    """Which data, from where, and how it is split.

    Attributes:
        kind: `auto` (real, else the stand-in, said loudly), `real` (never fall back) or `embedded`.
        directory: the user's own data; its type is found by looking. None: the task's own set.
        split_seed: cuts val (and a missing test part) from train; >= 0.
        weights: what a fine-tuned network starts from: `auto`, `imagenet`, `none`, `built-in`, or a
            file.
        side: pixels a side of the largest pictures that will be trained on; None: the task's own.
        say: where progress and warnings go, a line at a time.
        found: called once it is clear what will be read, before the long work of reading it.
    """

    kind: str = "auto"
    directory: Path | None = None
    split_seed: int = 0
    weights: str | WeightsFile = "auto"
    side: int | None = None
    say: Callable[[str], None] = field(default=lambda line: None, compare=False)
    found: Callable[[], None] = field(default=lambda: None, compare=False)

    def __post_init__(self) -> None:
        if self.kind not in DATA_KINDS:
            raise BadInput(f"--data {self.kind}: must be one of {', '.join(DATA_KINDS)}")
        if self.kind == "embedded" and self.directory is not None:
            raise BadInput("--data embedded: leave out --data-dir, or use --data real")
        if not 0 <= self.split_seed < 2**32:
            raise BadInput(f"--split-seed {self.split_seed}: must be from 0 to {2**32 - 1}")

    def to_json(self) -> dict[str, Any]:
        """What `plan.json` keeps of a request."""
        weights = self.weights
        asked, file = (weights, None) if isinstance(weights, str) else (weights.asked, weights)
        return {
            "kind": self.kind,
            "directory": str(self.directory.absolute()) if self.directory else None,
            "split_seed": self.split_seed,
            "side": self.side,
            "weights": {"asked": asked, "file": file.to_json() if file else None},
        }

    def again(self, record: dict[str, Any]) -> DataRequest:
        """The request on record, this one's directory in place of its own where it has one.

        What `auto` found then is asked for by its name, and not what it would find now.

        Args:
            record: what `to_json` gave, with the `provenance` of what was found.
        """
        directory = self.directory or (Path(record["directory"]) if record["directory"] else None)
        kind, weights = record["kind"], record["weights"]
        if kind == "auto" and directory is None:
            kind = "embedded" if record["provenance"]["kind"] == "stand-in" else "real"
        return replace(
            self,
            kind=kind,
            directory=directory,
            split_seed=record["split_seed"],
            side=record["side"],
            weights=WeightsFile.from_json(weights["file"])
            if weights["file"]
            else weights.get("found", weights["asked"]),
        )
