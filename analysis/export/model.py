"""Export one model of an experiment in one format: proven, described, whole or not at all."""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from analysis.export.bundle import load_bundle
from analysis.export.convert import convert
from analysis.export.described import describe
from analysis.export.formats import FORMATS, Format, check_installed
from analysis.export.judge import Judge, NotProvenError
from analysis.export.parity import Parity
from analysis.export.places import check_place, whole
from analysis.export.recorded import find_trial, recorded_splits, recorded_task
from analysis.export.rescore import FreshProcess
from analysis.export.written import replay_command, trial_metrics, write_model
from analysis.frames.load import Results, load
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import read_json, write_json
from tuning.experiment import METRICS, Experiment


@dataclass(frozen=True)
class Exported:
    """What came of it.

    Attributes:
        size: bytes of all files.
        seconds: that it took.
    """

    directory: Path
    trial: str
    made: Format
    size: int
    parity: Parity
    seconds: float


def export(
    experiment: Experiment, trial: str | None, name: str, out: Path | None, *, trust: bool
) -> Exported:
    """Write a model into a directory of its own, once a fresh process has proven it there.

    The experiment is only read, so its search may be running.

    Args:
        trial: of the search, or a re-run; None: the one in `best/`.
        name: of the format.
        out: where to; None: the experiment's `exports/`.
        trust: whether the user's own file in the experiment may be imported.

    Raises:
        BadInput: there is no such model, or no way to this format, or no place for it there.
        NotProvenError: what was written does not say what the trained model does. It is gone then.
    """
    start, made = time.perf_counter(), FORMATS[name]
    check_installed(made.needs, f"--format {name}")
    best, results = _best(experiment), _load(experiment)
    if trial is None and best is None:
        raise BadInput(
            f"export {experiment.name}: it has no best/: its search has not ended, or no trial may "
            "win; give --trial ID"
        )
    chosen = trial or str(best)
    if chosen != best:
        _check_trial(experiment, results.plan, chosen)
    place = check_place(experiment, out, f"{chosen}-{name}")
    task = recorded_task(experiment, results.plan, trust=trust)
    with FreshProcess() as fresh, whole(place) as directory:
        splits = recorded_splits(task, results.plan, f"export {chosen}")
        if chosen == best:
            shutil.copytree(experiment.best, directory, dirs_exist_ok=True)
        else:
            judge = Judge(experiment, splits, results, trust=trust)
            _write_trial(experiment, results, judge, splits, chosen, directory)
        parity = convert(directory, made, splits, fresh)
        if not parity.holds:
            raise NotProvenError(f"the export is not what was trained: {parity}")
        metrics = read_json(directory / METRICS) | {"export": parity.to_json(made)}
        write_json(directory / METRICS, metrics)
        describe(experiment, directory)
        size = sum(path.stat().st_size for path in directory.iterdir())
    return Exported(place, chosen, made, size, parity, time.perf_counter() - start)


def _best(experiment: Experiment) -> str | None:
    """The trial in `best/`; None: there is nothing."""
    try:
        return str(read_json(experiment.best / METRICS)["trial"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{experiment.best / METRICS}: is damaged ({error})") from None


def _load(experiment: Experiment) -> Results:
    """Its records, with all that an export asks of its plan."""
    try:
        results = load(experiment.root)
        for key in ("search_space", "data", "versions", "code", "machine", "resumed"):
            results.plan[key]
    except BadInput:
        raise
    except (OSError, KeyError, TypeError, ValueError) as error:
        raise BadInput(
            f"{experiment.root}: a record is damaged, or of another version of run_search "
            f"({type(error).__name__}: {error})"
        ) from None
    return results


def _check_trial(experiment: Experiment, plan: dict[str, Any], trial: str) -> None:
    """Raise BadInput unless a trial has ended and its weights were kept."""
    directory = find_trial(experiment, trial, "--trial")
    status = directory.read_status()
    if status.state == "RUNNING":
        how = "is still being trained" if experiment.is_owned else "has not ended"
        raise BadInput(f"--trial {trial}: {how}; choose one that has")
    if status.score is None:
        how = "failed" if status.state == "FAIL" else "was stopped before its first epoch ended"
        raise BadInput(f"--trial {trial}: {how}, and has no model ({status.cause})")
    if not directory.best.is_file():
        raise _not_kept(experiment, trial, own=plan["search_space"]["own_task"])


def _not_kept(experiment: Experiment, trial: str, *, own: bool) -> BadInput:
    again = replay_command(experiment, trial, own=own, keep=True)
    return BadInput(f"--trial {trial}: its weights were not kept; train it again with: {again}")


def _write_trial(
    experiment: Experiment,
    results: Results,
    judge: Judge,
    splits: Splits,
    trial: str,
    directory: Path,
) -> None:
    """Write what `best/` would hold of a trial; its test stays closed.

    Raises:
        NotProvenError: its weights do not score what it recorded.
    """
    try:
        write_model(experiment, judge, splits, trial, directory)
    except FileNotFoundError:  # its search is running, and has just found five better ones
        raise _not_kept(experiment, trial, own=judge.code is not None) from None
    network = load_bundle(directory, trust=True).network  # its own code has been imported already
    outputs = judge.task.scoring.outputs(network, splits.val, splits.meta, judge.device)
    report = judge.report(trial, splits.val, outputs)
    status = experiment.trial(trial).read_status()
    assert status.score is not None
    judge.prove_score(report, status.score, len(outputs))
    metrics = trial_metrics(status, report, splits, judge, results)
    replay = replay_command(experiment, trial, own=judge.code is not None)
    write_json(directory / METRICS, metrics | {"replay": replay})
    for name, value in judge.extras(trial, outputs).items():
        write_json(directory / name, value)
