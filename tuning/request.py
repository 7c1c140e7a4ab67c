"""From what the user typed to a SearchPlan: spaces found, settings applied, defaults filled in."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from search_spaces.enqueue import enqueue
from search_spaces.find import check_space_name, find_space
from search_spaces.override import override
from search_spaces.points import points
from search_spaces.space import SearchSpace
from trainables.data.request import DataRequest
from trainables.errors import BadInput
from trainables.files import replacing
from trainables.parts.kernels import choose_kernels, gpu_count, pick_device
from tuning.address import cluster_resources
from tuning.budget import Budget
from tuning.constraints import parse_constraints
from tuning.finalists import SHARE, Finals
from tuning.logged import Logged
from tuning.objectives import aimed, parse_objectives
from tuning.perturbed import find_perturbed
from tuning.plan import SearchPlan, cpu_count, gpu_slots
from tuning.warm_start import find_experience
from tuning.weights import find_weights

HERE = "local"  # the address that starts Ray here, as for Ray itself
GPU_SHARE = 0.25  # of a GPU for a trial, where there is one: these networks leave most of it idle


def make_plan(
    space: str,
    *,
    storage: Path,
    name: str | None = None,
    settings: list[str] | None = None,
    enqueued: Path | None = None,
    trials: int | None = None,
    max_epochs: int | None = None,
    objectives: str | None = None,
    constraints: list[str] | None = None,
    warm_start: str | None = None,
    perturb: str | None = None,
    sampler: str = "tpe",
    scheduler: str = "promote",
    time_budget: float | None = None,
    epoch_budget: int | None = None,
    target_score: float | None = None,
    plateau: int | None = None,
    finalists: int | None = None,
    repeats: int | None = None,
    prefer: str = "best",
    retrain_on_all: bool = False,
    patience: int | None = None,
    concurrency: int | None = None,
    cpus_per_trial: int = 1,
    gpus_per_trial: float | None = None,
    data: DataRequest | None = None,
    weights: str | None = None,
    seed: int = 0,
    address: str | None = None,
    tensorboard: str | None = None,
    tensorboard_every: int | None = None,
) -> SearchPlan:
    """Resolve a search; None means the default of the space or of the machine.

    Raises:
        BadInput: anything that cannot be done, found without reading data or starting Ray here.
    """
    check_space_name(space)
    code = Path(space).read_bytes() if space.endswith(".py") else None
    found = override(lengths(find_space(space), trials, max_epochs), settings or [])
    aims = parse_objectives(objectives, found) if objectives is not None else ()
    found = aimed(found, aims)
    if enqueued is not None:
        found = enqueue(found, enqueued)
    if sampler == "grid" and trials is None:
        found = replace(found, trials=int(min(found.trials, points(found))))
    if time_budget is None and trials is None and max_epochs is None:
        time_budget = found.time_budget  # it goes with the space's own lengths
    finals = Finals(
        found.finalists if finalists is None else finalists,
        found.repeats if repeats is None else repeats,
        prefer,
        retrain_on_all,
    )
    if epoch_budget is not None and finalists is None and repeats is None:
        try:
            finals = finals.within(int(SHARE * epoch_budget // found.epochs))
        except BadInput as error:  # they are needed
            raise BadInput(f"--epoch-budget {epoch_budget}: no finalists fit; {error}") from None
    data = data or DataRequest()
    if found.task.sized_by:
        data = replace(data, side=found.largest(found.task.sized_by))
    if weights is not None:
        data = replace(data, weights=find_weights(weights, found.task, storage))
    plan = SearchPlan(
        name=name if name is not None else f"{Path(space).stem}-{time.strftime('%Y%m%d-%H%M%S')}",
        storage=storage.absolute(),
        space_name=space if code is None else str(Path(space).absolute()),
        space_code=code,
        space=found,
        settings=tuple(settings or ()),
        sampler=sampler,
        scheduler=scheduler,
        budget=Budget(time_budget, epoch_budget, target_score, plateau),
        finals=finals,
        patience=patience,
        concurrency=1 if concurrency is None else concurrency,
        cpus_per_trial=cpus_per_trial,
        gpus_per_trial=0.0 if gpus_per_trial is None else gpus_per_trial,
        data=data,
        seed=seed,
        address=None if address == HERE else address,
        kernels=choose_kernels("cpu"),
        objectives=aims,
        constraints=parse_constraints(constraints or (), found),
        warm_start=find_experience(warm_start, found, aims, storage),
        perturbed=find_perturbed(perturb, found, scheduler),
        logged=Logged.given({}, tensorboard, tensorboard_every),
    )
    check_data_directory(plan.data.directory)
    return placed(plan, concurrency, gpus_per_trial)


def placed(
    plan: SearchPlan,
    concurrency: int | None,
    gpus_per_trial: float | None,
    most: int | None = None,
) -> SearchPlan:
    """The plan, with what is left to where it will run filled in from what there is.

    Args:
        concurrency: None: as many trials at a time as fit, but `most` where that is given.
        gpus_per_trial: None: a share of a GPU where there is one.

    Raises:
        BadInput: it does not fit there, or the cluster at the plan's address does not answer.
    """
    nodes, where = [(float(cpu_count()), float(gpu_count()))], "this machine"
    if plan.address is not None:
        nodes, where = cluster_resources(plan.address), "the cluster"
    cpus, gpus = (sum(have) for have in zip(*nodes, strict=True))
    if gpus_per_trial is None:
        gpus_per_trial = GPU_SHARE if gpus else 0.0
    fit = sum(slots_of(node, plan.cpus_per_trial, gpus_per_trial) for node in nodes)
    if concurrency is None:
        concurrency = max(1, fit if most is None else min(fit, most))
    # Of this machine: workers of a cluster choose by their own processor.
    kernels = choose_kernels(pick_device(gpus_per_trial if gpu_count() else 0))
    plan = replace(plan, concurrency=concurrency, gpus_per_trial=gpus_per_trial, kernels=kernels)
    plan.check_resources(cpus, gpus, where)
    if concurrency > fit:  # what there is lies scattered
        raise BadInput(
            f"--concurrency {concurrency}: trials of {plan.cpus_per_trial} CPUs and "
            f"{gpus_per_trial:g} GPUs each fit {fit} times on the single nodes of {where}"
        )
    return plan


def slots_of(node: tuple[float, float], cpus_per_trial: int, gpus_per_trial: float) -> int:
    """Trials that fit on one machine of so many (CPUs, GPUs) at a time."""
    cpus, gpus = node
    by_cpu = int(cpus // cpus_per_trial)
    by_gpu = gpu_slots(gpus, gpus_per_trial)
    return by_cpu if by_gpu is None else min(by_cpu, by_gpu)


def check_storage(plan: SearchPlan) -> None:
    """Raise BadInput unless the experiment's directory can be made and is not there yet."""
    try:
        if plan.storage.exists() and not plan.storage.is_dir():
            raise BadInput(f"--storage {plan.storage}: is a file, not a directory")
        if plan.root.exists():
            raise BadInput(f"--name {plan.name}: already used in {plan.storage}; choose another")
        plan.storage.mkdir(parents=True, exist_ok=True)
        with replacing(plan.storage / f".{plan.name}.probe") as probe:
            probe.touch()
        (plan.storage / f".{plan.name}.probe").unlink()
    except OSError as error:
        raise BadInput(f"--storage {plan.storage}: cannot be written ({error.strerror})") from error


def lengths(space: SearchSpace, trials: int | None, max_epochs: int | None) -> SearchSpace:
    """The space with another number of trials and another full length; None keeps its own.

    Raises:
        BadInput: the task does not train that long.
    """
    if trials is not None:
        space = replace(space, trials=trials)
    if max_epochs is not None:
        try:
            space.parameters["epochs"].check(max_epochs)
        except ValueError as error:
            raise BadInput(f"--max-epochs {max_epochs}: {error}") from None
        grace = min(space.grace_period, max_epochs)
        space = replace(space, epochs=max_epochs, grace_period=grace)
    return space


def check_data_directory(directory: Path | None) -> None:
    """Raise BadInput where a user's data is not there."""
    try:
        if directory is not None and not directory.exists():
            raise BadInput(f"--data-dir {directory}: does not exist")
    except OSError as error:
        raise BadInput(f"--data-dir {directory}: cannot be read ({error.strerror})") from error
