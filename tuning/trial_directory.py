"""One trial's directory: every file in it, once. No Ray, no torch, no Optuna."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from trainables.files import append_line, read_json, read_lines, write_json
from trainables.leg import Leg
from tuning.status import TrialStatus

CONFIG, STATUS, RESULTS = "config.json", "status.json", "result.jsonl"


@dataclass(frozen=True)
class TrialDirectory:
    """One trial's directory."""

    root: Path

    @property
    def id(self) -> str:
        return self.root.name

    @property
    def lock(self) -> Path:
        """Locked by whoever writes here, while it writes."""
        return self.root / "write.lock"

    @property
    def has_status(self) -> bool:
        return (self.root / STATUS).is_file()

    @property
    def last(self) -> Path:
        """The checkpoint to go on from: weights, optimizer, schedule, random states."""
        return self.root / "last.pt"

    @property
    def best(self) -> Path:
        """The weights of the best epoch, a state dict."""
        return self.root / "best.pt"

    @property
    def milestone(self) -> Path:
        """In a population: the checkpoint it last waited with, which another may go on from."""
        return self.root / "milestone.pt"

    @property
    def inherited(self) -> Path:
        """In a population: the checkpoint of another that it began with."""
        return self.root / "inherited.pt"

    @property
    def error(self) -> Path:
        return self.root / "error.txt"

    @property
    def results(self) -> Path:
        return self.root / RESULTS

    def write_config(self, config: dict[str, Any]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        write_json(self.root / CONFIG, config)

    def read_config(self) -> dict[str, Any]:
        config: dict[str, Any] = read_json(self.root / CONFIG)
        return config

    def write_course(self, legs: Sequence[Leg]) -> None:
        """Keep how its weights come to be, where config and status do not say it all."""
        write_json(self._course, [asdict(leg) for leg in legs])

    def read_course(self) -> tuple[Leg, ...]:
        """The configurations that its weights go through; of an ordinary trial one."""
        if self._course.is_file():
            return tuple(Leg(**leg) for leg in read_json(self._course))
        return (Leg(0, self.read_status().seed, self.read_config()),)

    @property
    def _course(self) -> Path:
        return self.root / "course.json"

    def write_status(self, status: TrialStatus) -> None:
        write_json(self.root / STATUS, asdict(status))

    def read_status(self) -> TrialStatus:
        return TrialStatus(**read_json(self.root / STATUS))

    def write_error(self, error: Exception) -> None:
        """Keep a failure: its cause in the first line, then the traceback."""
        self.root.mkdir(parents=True, exist_ok=True)
        text = "".join(traceback.format_exception(error))
        self.error.write_text(f"{cause_of(error)}\n\n{text}", "utf-8", "backslashreplace")

    def append_result(self, result: dict[str, Any]) -> None:
        append_line(self.results, result)

    def read_results(self) -> list[dict[str, Any]]:
        """The lines of `result.jsonl`, an epoch each; a torn last line is left out."""
        return list(read_lines(self.results))

    def events(self) -> list[Path]:
        """Its TensorBoard event files; not those that were emptied, to be written anew."""
        return sorted(p for p in self.root.glob("events.out.tfevents.*") if p.stat().st_size)

    def figure(self, name: str) -> Path:
        """The values of a figure of what the best epoch's weights make; JSON."""
        return self.root / f"{name}.figure.json"

    def picture(self, name: str) -> Path:
        """The picture of a figure, once it is drawn."""
        return self.root / f"{name}.png"

    def drop_weights(self) -> None:
        """Remove the checkpoints; the records stay."""
        for path in (self.last, self.best):
            path.unlink(missing_ok=True)
        self.drop_passed_on()

    def drop_passed_on(self) -> None:
        """Remove what no other trial of a population will go on from."""
        for path in (self.milestone, self.inherited):
            path.unlink(missing_ok=True)


def cause_of(error: Exception) -> str:
    """An exception's type and the first line of its message, in one line that can be encoded."""
    kind = type(error)
    local = kind.__module__ in ("builtins", "__main__")
    name = kind.__qualname__ if local else f"{kind.__module__}.{kind.__qualname__}"
    try:
        lines = str(error).splitlines()
    except Exception:  # a user's own, which may raise again
        lines = []
    said = next((line.strip() for line in lines if line.strip()), "")
    cause = f"{name}: {said}" if said else name
    return cause.encode("utf-8", "backslashreplace").decode()
