"""A trial and its data, found again by what an experiment has on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from analysis.export.bundle import own_task
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.task import Task, find_task
from tuning.experiment import Experiment
from tuning.trial_directory import TrialDirectory


def find_trial(experiment: Experiment, trial: str, option: str) -> TrialDirectory:
    """The directory of a trial or re-run.

    Raises:
        BadInput: there is none of that id.
    """
    known = {d.id: d for d in (*experiment.trials(), *experiment.reruns())}
    if trial not in known:
        ids = sorted(known)
        shown = f"{ids[0]} to {ids[-1]}" if ids else "none"
        raise BadInput(f"{option} {trial}: no such trial in {experiment.root} (it has {shown})")
    return known[trial]


def recorded_task(experiment: Experiment, plan: dict[str, Any], *, trust: bool) -> Task:
    """The task of a search.

    Raises:
        BadInput: it is the user's own, and not trusted or not what the search had.
    """
    space = plan["search_space"]
    if space["own_task"]:
        return own_task(experiment.root, plan["space_sha256"], trust=trust)
    return find_task(space["task"])


def recorded_splits(task: Task, plan: dict[str, Any], option: str) -> Splits:
    """The very data of a search, closed.

    Raises:
        BadInput: it is not there, or it or the weights to start from are others now.
    """
    record = plan["data"]
    request = DataRequest().again(record)
    if request.directory is not None and not Path(request.directory).exists():
        raise BadInput(f"{option}: its data, {request.directory}, is not there")
    splits = task.load(request).closed()
    found = {"data": splits.digest, "weights": splits.weights.digest if splits.weights else None}
    for what, was in (("data", record["digest"]), ("weights", record["weights"].get("digest"))):
        if was != found[what]:
            raise BadInput(
                f"{option}: the {what} changed: SHA-256 was {str(was)[:12]}, is "
                f"{str(found[what])[:12]}"
            )
    return splits
