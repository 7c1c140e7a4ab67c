"""From an experiment on disk back to its SearchPlan: `--resume`, and `--trials +N` with it."""

from __future__ import annotations

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from search_spaces.find import find_space
from search_spaces.override import override
from search_spaces.space import SearchSpace
from trainables.data.request import DataRequest
from trainables.errors import BadInput
from trainables.files import sha256
from trainables.parts.kernels import choose_kernels
from tuning.budget import NAMES, Budget
from tuning.constraints import parse_constraints
from tuning.experiment import Experiment
from tuning.finalists import Finals
from tuning.logged import Logged
from tuning.objectives import aimed, parse_objectives
from tuning.plan import SearchPlan
from tuning.plan_record import read_plan
from tuning.request import HERE, check_data_directory, lengths, placed

_FINALS = tuple(field.name for field in fields(Finals))
_KEYS = (
    *("settings", "resumed", "search_space", "data", "space", "space_sha256", "metric"),
    *("direction", "grace_period", "trials", "epochs", "sampler", "scheduler", *NAMES.values()),
    *_FINALS,
    *("patience", "concurrency", "cpus_per_trial", "gpus_per_trial", "seed", "address"),
    *("objectives", "constraints", "warm_start", "perturbed"),
)
_PARTS = {
    "distributions": "",
    "conditions": "the condition of ",
    "fixed": "the fixed ",
    "baseline": "the baseline's ",
}


def resume_plan(
    experiment: Experiment,
    *,
    more: int = 0,
    space: str | None = None,
    trust: bool = False,
    time_budget: float | None = None,
    epoch_budget: int | None = None,
    target_score: float | None = None,
    plateau: int | None = None,
    concurrency: int | None = None,
    data: DataRequest | None = None,
    address: str | None = None,
    tensorboard: str | None = None,
    tensorboard_every: int | None = None,
) -> SearchPlan:
    """The plan of an experiment, to go on with; None means as it was.

    Args:
        more: trials to add to those asked for.
        space: where the experiment's own space file lies now; else a check that it is this space.
        trust: run the experiment's own copy of its space file.
        time_budget: seconds, from now. epoch_budget: of all runs of the search together.
        plateau: trials of this run.
        data: only its directory and where to say things; the rest is as it was.

    Raises:
        BadInput: the record is damaged; the space or its file is another one now; this machine
            cannot run it.
    """
    record = read_plan(experiment, f"--resume {experiment.name}", _KEYS)
    name, code = _space_file(experiment, record, space, trust)
    found = _applied(name, record)
    given = record["objectives"]
    aims = parse_objectives(",".join(given), found) if given else ()
    found = aimed(found, aims)
    if changed := _difference(found, record):
        raise BadInput(f"--resume {experiment.name}: the space {name} has changed since: {changed}")
    starts = tuple(record["search_space"]["starts"])
    found = replace(found, trials=record["trials"] + more, starts=starts)
    last = [record, *record["resumed"]][-1]
    address = address if address is not None else last["address"]
    plan = SearchPlan(
        name=experiment.name,
        storage=experiment.root.parent,
        space_name=name,
        space_code=code,
        space=found,
        settings=tuple(record["settings"]),
        sampler=record["sampler"],
        scheduler=record["scheduler"],
        budget=Budget.from_json(
            record, time=time_budget, epochs=epoch_budget, target=target_score, plateau=plateau
        ),
        finals=Finals(*(record[key] for key in _FINALS)),
        patience=record["patience"],
        concurrency=concurrency if concurrency is not None else record["concurrency"],
        cpus_per_trial=record["cpus_per_trial"],
        gpus_per_trial=record["gpus_per_trial"],
        data=(data or DataRequest()).again(record["data"]),
        seed=record["seed"],
        address=None if address == HERE else address,
        kernels=choose_kernels("cpu"),
        objectives=aims,
        constraints=parse_constraints(record["constraints"], found),
        warm_start=tuple(map(Path, record["warm_start"])),
        perturbed=tuple(record["perturbed"]),
        logged=Logged.given(record, tensorboard, tensorboard_every),
    )
    check_data_directory(plan.data.directory)
    return placed(plan, concurrency, plan.gpus_per_trial, most=record["concurrency"])


def _space_file(
    experiment: Experiment, record: dict[str, Any], space: str | None, trust: bool
) -> tuple[str, bytes | None]:
    """The name to find the space by, and the code of a user's own file."""
    option, began_with = f"--resume {experiment.name}", record["space"]
    if record["space_sha256"] is None:
        if space not in (None, began_with):
            raise BadInput(f"{option}: it searches {began_with}, not --space {space}")
        return began_with, None
    if trust:
        path, hint = experiment.space_file, ""
    else:
        path = Path(space or began_with)
        if space is None and path.resolve().is_relative_to(experiment.root.resolve()):
            raise BadInput(
                f"{option}: its space file is the experiment's own copy; --trust runs that, "
                "--space FILE yours"
            )
        hint = "; --trust runs the experiment's own copy of the file as it was"
    try:
        code = path.read_bytes()
    except OSError as error:
        raise BadInput(
            f"{option}: its space file {path} cannot be read ({error.strerror}); say with --space "
            f"where it is now{hint}"
        ) from None
    if sha256(code) != record["space_sha256"]:
        if trust:  # to say what changed is to run it
            raise BadInput(f"{option}: {path} is not the file that the search ran with")
        what = _difference(_applied(str(path), record), record) or "its code, not its space"
        raise BadInput(f"{option}: {path} has changed since the search began: {what}{hint}")
    return str(path), code


def _applied(name: str, record: dict[str, Any]) -> SearchSpace:
    space = lengths(find_space(name), record["trials"], record["epochs"])
    return override(space, record["settings"])


def _difference(space: SearchSpace, record: dict[str, Any]) -> str:
    """The first thing in which a space differs from the one on record; empty: in none."""
    now, then = space.to_json(), record["search_space"]
    for key in ("metric", "direction", "grace_period"):
        if getattr(space, key) != record[key]:
            return f"{key} was {record[key]}, is {getattr(space, key)}"
    if now["task"] != then["task"]:
        return f"the task was {then['task']}, is {now['task']}"
    for part in ("distributions", "conditions", "fixed", "baseline"):
        for name in {**then[part], **now[part]}:
            was, is_now = then[part].get(name, "missing"), now[part].get(name, "missing")
            if was != is_now:
                return f"{_PARTS[part]}{name} was {was}, is {is_now}"
    return ""
