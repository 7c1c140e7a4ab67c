"""An experiment on disk: every file and column name, once. No Ray, no torch, no Optuna.

results/<name>/
  plan.json             the request, resolved
  space.py              the user's own space file, where --space named one
  study.journal         the Optuna study
  trials/<id>/          config.json, status.json, result.jsonl, error.txt, events, checkpoints;
                        course.json where other settings have trained the weights before;
                        views/, projector_config.pbtxt: its network for TensorBoard (view_files.py)
  finalists/<id>/       re-runs of the best trials under fresh seeds, as trials are
  finalists.csv         the finalists ranked by the mean of their re-runs
  leaderboard.csv       trials ranked by score
  test_openings.jsonl   every opening of the test split
  best/                 the exported model
  front/<id>/           of several aims: the exported models that no other beats in all
  exports/<id>-<format>/  models exported in other formats
  report.html           all of it on one page
  ray.log               what Ray and its workers had to say
  owner.lock, run.json  which process may write here (see ownership.py)
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from trainables.errors import BadInput
from tuning.trial_directory import TrialDirectory

SPACE_FILE = "space.py"  # the user's own, in an experiment as in an export that needs it
MODEL, CONFIG, METRICS = "model.pt", "config.json", "metrics.json"  # of an export
CARD, VERSIONS, SUMS = "MODEL_CARD.md", "versions.json", "SHA256SUMS"  # of an export, too
TRIALS, RERUNS = "trials", "finalists"  # directories of what was trained
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

    @classmethod
    def of(cls, trial: TrialDirectory) -> Experiment:
        """The one that a trial or re-run belongs to."""
        return cls(trial.root.parent.parent)

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
    def report(self) -> Path:
        return self.root / "report.html"

    @property
    def exports(self) -> Path:
        """Models in other formats, one directory a trial and format."""
        return self.root / "exports"

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
        folder = TRIALS if trial == trial_of(trial) else RERUNS
        return TrialDirectory(self.root / folder / trial)

    def trial_directories(self) -> list[TrialDirectory]:
        """Every directory of a trial or re-run, in the order of their ids."""
        folders = [self.root / name for name in (TRIALS, RERUNS)]
        roots = [r for folder in folders if folder.is_dir() for r in sorted(folder.iterdir())]
        return [TrialDirectory(root) for root in roots if root.is_dir()]

    def trials(self) -> list[TrialDirectory]:
        """All trials of the search that have a status, in the order of their ids."""
        return [d for d in self.trial_directories() if d.has_status and d.id == trial_of(d.id)]

    def reruns(self) -> list[TrialDirectory]:
        """All re-runs of finalists that have a status, in the order of their ids."""
        return [d for d in self.trial_directories() if d.has_status and d.id != trial_of(d.id)]
