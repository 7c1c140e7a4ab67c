"""The records of an experiment as they lie there, on a local disk or a remote one. No pandas."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, get_origin, get_type_hints

import fsspec

from trainables.data.splits import Provenance
from trainables.errors import BadInput
from tuning.experiment import METRICS, RERUNS, TRIALS, Experiment, trial_id
from tuning.plan_record import check_layout
from tuning.status import TrialStatus
from tuning.trial_directory import CONFIG, RESULTS, STATUS

_IN_IT = Experiment(Path())  # paths relative to the experiment
_KEYS = (  # of `plan.json`, that an analysis reads
    *("name", "trials", "epochs", "space_sha256"),
    *("metric", "direction", "data", "search_space", "baseline_in_study", "objectives"),
    *("constraints", "warm_start", "prefer", "concurrency", "cpus_per_trial", "gpus_per_trial"),
    *("resumed", "ended"),
)


@dataclass(frozen=True)
class TrialRecord:
    """One trial, or a re-run.

    Attributes:
        lines: of `result.jsonl`, an epoch each.
        torn: whether a last line was torn; it is none of `lines`.
    """

    status: TrialStatus
    config: dict[str, Any]
    lines: list[dict[str, Any]]
    torn: bool


@dataclass(frozen=True)
class Records:
    """What an experiment holds.

    Attributes:
        best: the metrics of what was handed over; empty where nothing was.
        notes: what is missing or damaged and was left out, a line each.
    """

    plan: dict[str, Any]
    trials: list[TrialRecord]
    reruns: list[TrialRecord]
    best: dict[str, Any]
    notes: tuple[str, ...]


@contextmanager
def readable(path: str | Path) -> Iterator[None]:
    """Turn what a damaged record of an experiment raises into BadInput."""
    try:
        yield
    except (BadInput, BrokenPipeError):
        raise
    except (AttributeError, LookupError, OSError, TypeError, ValueError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise BadInput(f"{path}: a record is damaged ({reason})") from error


def read_records(path: str | Path) -> Records:
    """Read an experiment: its plan, and of each trial and re-run three small files.

    Args:
        path: a directory, or a URL that fsspec knows, such as `s3://bucket/results/x`.

    Raises:
        BadInput: no experiment, one of another version, or a record that is damaged.
    """
    place = _Place(path)
    files = [_IN_IT.plan, _IN_IT.best / METRICS, _IN_IT.test_openings]
    raw, of_best, opened = place.read(files)
    if raw is None:
        raise BadInput(f"{path}: no experiment (it has no {_IN_IT.plan})")
    plan = place.parsed(_IN_IT.plan, raw)
    if not isinstance(plan, dict) or "layout" not in plan:
        raise BadInput(f"{path}: no experiment ({_IN_IT.plan} is none of ours)")
    check_layout(plan["layout"], str(path))
    if lacking := [key for key in _KEYS if key not in plan]:
        raise BadInput(f"{path}: {_IN_IT.plan} is damaged (it has no {', '.join(lacking)})")
    try:
        Provenance(**plan["data"]["provenance"])
    except (LookupError, TypeError) as error:
        raise place.damaged(_IN_IT.plan, f"data: {error}") from None
    trials, notes = _trials(place, TRIALS)
    reruns, of_reruns = _trials(place, RERUNS)
    notes += of_reruns + _missing(place, plan, {record.status.trial for record in trials})
    if opened and not opened.endswith(b"\n"):
        notes.append(f"the last line of {_IN_IT.test_openings} is torn, and left out")
    best = {} if of_best is None else place.json_object(_IN_IT.best / METRICS, of_best)
    return Records(plan, trials, reruns, best, tuple(notes))


def _kind(hint: Any) -> Any:
    """What a value of that annotation is an instance of, as JSON gives it."""
    if get_origin(hint) is dict:
        return dict
    return hint | int if hint in (float, float | None) else hint


_OF_STATUS = {name: _kind(hint) for name, hint in get_type_hints(TrialStatus).items()}


class _Place:
    """A directory that is only read.

    Raises:
        BadInput: there is no such kind of place, or a file in it cannot be read.
    """

    def __init__(self, path: str | Path) -> None:
        self._path = str(path)
        try:
            if "://" in self._path:
                self._files, root = fsspec.url_to_fs(self._path)
            else:  # and no name of a local directory is taken for more than a name
                self._files, root = fsspec.filesystem("file"), Path(path).absolute().as_posix()
        except (ImportError, ValueError) as error:
            raise BadInput(f"{path}: cannot be read ({error})") from None
        self._root = root.rstrip("/")
        self._files.invalidate_cache()  # of listings, in which a search that runs has no new trials

    def directories(self, folder: str) -> list[str]:
        """The names of what is in one of its directories, sorted; none where that is missing."""
        try:
            paths = self._files.ls(f"{self._root}/{folder}", detail=False)
        except FileNotFoundError:
            return []
        except Exception as error:  # whatever a remote one's client raises
            raise self._unreadable(folder, error) from None
        return sorted(PurePosixPath(path).name for path in paths)

    def read(self, names: Iterable[str | Path]) -> list[bytes | None]:
        """The contents of files, None where one is missing; remote ones all at a time."""
        paths = [f"{self._root}/{name}" for name in names]
        contents = self._files.cat_ranges(paths, None, None, on_error="return")
        for path, content in zip(paths, contents, strict=True):
            lacking = isinstance(content, FileNotFoundError | NotADirectoryError)
            if isinstance(content, Exception) and not lacking:
                raise self._unreadable(path.removeprefix(f"{self._root}/"), content) from None
        return [content if isinstance(content, bytes) else None for content in contents]

    def parsed(self, name: str | Path, raw: bytes) -> Any:
        """The value of a JSON file of its."""
        try:
            return json.loads(raw)
        except ValueError as error:
            raise self.damaged(name, error) from None

    def json_object(self, name: str | Path, raw: bytes) -> dict[str, Any]:
        """The same of a file that holds a JSON object."""
        return self._as_object(name, self.parsed(name, raw))

    def status(self, name: str, raw: bytes) -> TrialStatus:
        """The same of a `status.json`."""
        try:
            status = TrialStatus(**self.json_object(name, raw))
        except TypeError as error:
            raise self.damaged(name, error) from None
        for key, value in vars(status).items():
            if not isinstance(value, _OF_STATUS[key]):
                raise self.damaged(name, f"{key}: {value!r}")
        return status

    def lines(self, name: str, raw: bytes) -> tuple[list[dict[str, Any]], bool]:
        """The values of a file of JSON lines, and whether it ends in half a one."""
        whole, _, torn = raw.rpartition(b"\n")
        try:  # at once, which is quicker
            values = json.loads(b"[%b]" % whole.replace(b"\n", b","))
        except ValueError:
            for number, line in enumerate(whole.split(b"\n"), 1):
                self.parsed(f"line {number} of {name}", line)
            raise
        for number, value in enumerate(values, 1):
            self._as_object(f"line {number} of {name}", value)
        return values, bool(torn)

    def _as_object(self, name: str | Path, value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self.damaged(name, "no JSON object")
        return value

    def damaged(self, name: str | Path, why: object) -> BadInput:
        """What to raise where a file does not hold what it should."""
        return BadInput(f"{self._path}: {name} is damaged ({why})")

    def _unreadable(self, name: str, error: Exception) -> BadInput:
        reason = getattr(error, "strerror", None) or f"{type(error).__name__}: {error}"
        return BadInput(f"{self._path}: {name} cannot be read ({' '.join(reason.split())})")


def _trials(place: _Place, folder: str) -> tuple[list[TrialRecord], list[str]]:
    """The trials in one of the two folders that have a status, in the order of their ids."""
    names = place.directories(folder)
    files = (STATUS, CONFIG, RESULTS)
    contents = iter(place.read(f"{folder}/{name}/{file}" for name in names for file in files))
    found, notes = [], []
    for name in names:
        status, config, results = next(contents), next(contents), next(contents)
        if status is None:  # begun at this moment, or no trial's directory
            continue
        if config is None:
            notes.append(f"{name}: {CONFIG} is missing; it is left out")
            continue
        where = f"{folder}/{name}"
        record = TrialRecord(
            place.status(f"{where}/{STATUS}", status),
            place.json_object(f"{where}/{CONFIG}", config),
            *place.lines(f"{where}/{RESULTS}", results or b""),
        )
        found.append(record)
        if record.torn:
            notes.append(f"{name}: the last line of {RESULTS} is torn, and left out")
        if len(record.lines) < record.status.trained:
            notes.append(
                f"{name}: {RESULTS} has {len(record.lines)} epochs, where {STATUS} says that "
                f"{record.status.trained} were trained"
            )
    return found, notes


def _missing(place: _Place, plan: dict[str, Any], found: set[str]) -> list[str]:
    """A line a trial that must have been there: on the leaderboard, or between two others."""
    (raw,) = place.read([_IN_IT.leaderboard])
    rows = csv.DictReader(io.StringIO((raw or b"").decode(errors="replace"), newline=""))
    ranked = {row["trial"] for row in rows if row.get("trial")}  # none: it is another's table
    known = dict.fromkeys(sorted(ranked - found), "on the leaderboard")
    if not plan["constraints"] and not plan["warm_start"]:  # else numbers are taken by no trial
        numbers = {int(trial[1:]) for trial in found if trial[1:].isdigit()}
        between = {trial_id(n) for n in range(max(numbers, default=0))} - found - known.keys()
        known |= dict.fromkeys(sorted(between), "begun before others")
    return [f"{trial}: {how}, but its directory is missing" for trial, how in known.items()]
