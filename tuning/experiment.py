"""An experiment on disk: every file and column name, once. No Ray, no torch, no Optuna.

results/<name>/
  plan.json             the request, resolved
  space.py              the user's own space file, where --space named one
  study.journal         the Optuna study
  trials/<id>/          config.json, status.json, result.jsonl, error.txt, events, checkpoints;
                        course.json where other settings have trained the weights before
  finalists/<id>/       re-runs of the best trials under fresh seeds, as trials are
  finalists.csv         the finalists ranked by the mean of their re-runs
  leaderboard.csv       trials ranked by score
  test_openings.jsonl   every opening of the test split
  best/                 the exported model
  front/<id>/           of several aims: the exported models that no other beats in all
  ray.log               what Ray and its workers had to say
  owner.lock, run.json  which process may write here (see ownership.py)
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from trainables.errors import BadInput
from trainables.files import append_line, read_json, read_lines, replacing, write_json
from trainables.leg import Leg
from tuning.status import TrialStatus

SPACE_FILE = "space.py"  # the user's own, in an experiment as in an export that needs it
MODEL, CONFIG, METRICS = "model.pt", "config.json", "metrics.json"  # of an export
_TRIALS, _RERUNS = "trials", "finalists"  # directories
TRAIN_AND_VAL = "train and val"  # what METRICS says a retrained winner was trained on
BASELINE = "baseline"  # the id of a baseline that is outside the study


def trial_id(number: int) -> str:
    """The id of the study's trial `number`."""
    return f"t{number:04d}"


def rerun_id(trial: str, repeat: int) -> str:
    """The id of a finalist's re-run; `repeat` counts from 1."""
    return f"{trial}-r{repeat}"


def all_id(trial: str) -> str:
    """The id of a winner's training on train and val together."""
    return f"{trial}-all"


def trial_of(rerun: str) -> str:
    """The id of the search's trial that a re-run repeats; a trial's own id stays."""
    return re.sub(r"-(r\d+|all)$", "", rerun)


@dataclass(frozen=True)
class Experiment:
    """The directory of one search and the names in it."""

    root: Path

    @classmethod
    def find(cls, name: str, storage: Path, option: str = "") -> Experiment:
        """The experiment with this name in `storage`, or at this path.

        Args:
            option: what to begin a refusal with.

        Raises:
            BadInput: neither holds a `plan.json`.
        """
        for root in (storage / name, Path(name)):
            try:
                if (root / "plan.json").is_file():
                    return cls(root.resolve())
            except OSError as error:
                raise BadInput(f"{option}{root}: cannot be read ({error.strerror})") from error
        raise BadInput(
            f"{option}{name}: no experiment of that name in {storage}/, nor a path of one"
        )

    @property
    def name(self) -> str:
        return self.root.name

    @property
    def plan(self) -> Path:
        return self.root / "plan.json"

    @property
    def space_file(self) -> Path:
        return self.root / SPACE_FILE

    @property
    def journal(self) -> Path:
        return self.root / "study.journal"

    @property
    def leaderboard(self) -> Path:
        return self.root / "leaderboard.csv"

    @property
    def test_openings(self) -> Path:
        return self.root / "test_openings.jsonl"

    @property
    def best(self) -> Path:
        return self.root / "best"

    @property
    def front(self) -> Path:
        """The exported models of the Pareto front, one directory a trial."""
        return self.root / "front"

    @property
    def ray_log(self) -> Path:
        return self.root / "ray.log"

    @property
    def owner_lock(self) -> Path:
        """Locked by the process that runs the search; the system frees it when that dies."""
        return self.root / "owner.lock"

    @property
    def run(self) -> Path:
        """Which run's workers may write, and which process runs it."""
        return self.root / "run.json"

    @property
    def is_owned(self) -> bool:
        """Whether a living process runs the search."""
        if not self.owner_lock.is_file():
            return False
        try:
            with FileLock(self.owner_lock, blocking=False):
                return False
        except Timeout:
            return True
        except OSError:  # not ours to lock, such as a read-only copy
            return False

    @property
    def finalists(self) -> Path:
        return self.root / "finalists.csv"

    def trial(self, trial: str) -> TrialDirectory:
        """The directory of a trial, or of a re-run."""
        folder = _TRIALS if trial == trial_of(trial) else _RERUNS
        return TrialDirectory(self.root / folder / trial)

    def trial_directories(self) -> list[TrialDirectory]:
        """Every directory of a trial or re-run, in the order of their ids."""
        folders = [self.root / name for name in (_TRIALS, _RERUNS)]
        roots = [r for folder in folders if folder.is_dir() for r in sorted(folder.iterdir())]
        return [TrialDirectory(root) for root in roots if root.is_dir()]

    def trials(self) -> list[TrialDirectory]:
        """All trials of the search that have a status, in the order of their ids."""
        return [d for d in self.trial_directories() if d.has_status and d.id == trial_of(d.id)]

    def reruns(self) -> list[TrialDirectory]:
        """All re-runs of finalists that have a status, in the order of their ids."""
        return [d for d in self.trial_directories() if d.has_status and d.id != trial_of(d.id)]


@dataclass(frozen=True)
class TrialDirectory:
    """One trial's directory."""

    root: Path

    @property
    def id(self) -> str:
        return self.root.name

    @property
    def experiment(self) -> Experiment:
        return Experiment(self.root.parent.parent)

    @property
    def lock(self) -> Path:
        """Locked by whoever writes here, while it writes."""
        return self.root / "write.lock"

    @property
    def has_status(self) -> bool:
        return (self.root / "status.json").is_file()

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
        return self.root / "result.jsonl"

    def write_config(self, config: dict[str, Any]) -> None:
        self.root.mkdir(parents=True, exist_ok=True)
        write_json(self.root / "config.json", config)

    def read_config(self) -> dict[str, Any]:
        config: dict[str, Any] = read_json(self.root / "config.json")
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
        write_json(self.root / "status.json", asdict(status))

    def read_status(self) -> TrialStatus:
        return TrialStatus(**read_json(self.root / "status.json"))

    def write_error(self, error: Exception) -> None:
        """Keep a failure: its cause in the first line, then the traceback."""
        self.root.mkdir(parents=True, exist_ok=True)
        text = "".join(traceback.format_exception(error))
        self.error.write_text(f"{cause_of(error)}\n\n{text}", "utf-8")

    def append_result(self, result: dict[str, Any]) -> None:
        append_line(self.results, result)

    def read_results(self) -> list[dict[str, Any]]:
        """The lines of `result.jsonl`, an epoch each; a torn last line is left out."""
        return list(read_lines(self.results))

    def events(self) -> list[Path]:
        """Its TensorBoard event files."""
        return sorted(self.root.glob("events.out.tfevents.*"))

    def figure(self, name: str) -> Path:
        """The values of a figure of what the best epoch's weights make; JSON."""
        return self.root / f"{name}.figure.json"

    def write_picture(self, name: str, png: bytes) -> Path:
        """Keep the picture of a figure."""
        path = self.root / f"{name}.png"
        with replacing(path) as temporary:
            temporary.write_bytes(png)
        return path

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
    """An exception's type and message, in one line."""
    return "".join(traceback.format_exception_only(error)).splitlines()[0]
