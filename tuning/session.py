"""A whole search but for its last step: Ray started and stopped, its chatter kept in a file."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import ray
from rich.console import Console

from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import write_json
from trainables.parts.kernels import pick_device
from tuning.experiment import BASELINE, Experiment, trial_id
from tuning.plan import SearchPlan
from tuning.quiet import output_to
from tuning.recorder import Recorder
from tuning.screen import Screen
from tuning.search import run_trials
from tuning.searcher import StudySearch
from tuning.study import open_study
from tuning.trial_run import TrialSettings


def search(
    plan: SearchPlan, splits: Splits, console: Console, *, quiet: bool, started: float
) -> tuple[Experiment, bool]:
    """Make the experiment's directory and run its trials.

    Args:
        console: on standard output; what Ray prints there goes to `ray.log` meanwhile.
        started: `time.monotonic()` of the search's start.

    Returns:
        the experiment, and False where the search was interrupted.

    Raises:
        BadInput: the name is used, the network does not fit the data, the cluster is too small.
    """
    _check_network(plan, splits)
    try:
        plan.root.mkdir(parents=True)
    except FileExistsError:
        raise BadInput(f"--name {plan.name}: already used in {plan.storage}") from None
    experiment = Experiment(plan.root)
    write_json(experiment.plan, plan.to_json(splits))
    settings = TrialSettings(
        root=experiment.root,
        metric=plan.space.metric,
        direction=plan.space.direction,
        patience=plan.patience,
        threads=plan.cpus_per_trial,
        device=pick_device(plan.gpus_per_trial),
    )
    baseline = trial_id(0) if plan.baseline_in_study else BASELINE
    terminal, width = console.is_terminal, console.width  # asked while output still goes there
    try:
        with output_to(experiment.ray_log) as real:
            real_console = Console(
                file=real, force_terminal=terminal, width=width, highlight=False, markup=False
            )
            with Screen(plan, real_console, baseline, quiet) as screen:
                recorder = Recorder(experiment, plan.space, settings, baseline, screen)
                with ray_session(plan):
                    searcher = StudySearch(plan, open_study(experiment, plan), recorder)
                    spent = run_trials(plan, splits, searcher, settings, started)
                searcher.close("time budget spent" if spent else None)
                return experiment, searcher.ended
    except BadInput:
        shutil.rmtree(plan.root)  # nothing was run: leave nothing behind
        raise


@contextmanager
def ray_session(plan: SearchPlan) -> Iterator[None]:
    """Ray, started here for this plan alone, or the cluster at the plan's address.

    Raises:
        BadInput: the cluster cannot be joined, or has not the resources the plan asks for.
    """
    silent: dict[str, Any] = dict(log_to_driver=False, logging_level="fatal")
    if plan.address is None:
        cpus = plan.concurrency * plan.cpus_per_trial
        ray.init(address="local", num_cpus=cpus, include_dashboard=False, **silent)
    else:
        try:
            ray.init(address=plan.address, **silent)
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = str(error).splitlines()[0]
            raise BadInput(f"--address {plan.address}: no Ray cluster there ({reason})") from error
    try:
        if plan.address is not None:
            has = ray.cluster_resources()
            plan.check_resources(has.get("CPU", 0), has.get("GPU", 0), "the cluster")
        yield
    finally:
        ray.shutdown()


def check_address(address: str, seconds: float = 5.0) -> None:
    """Raise BadInput unless something listens at a cluster's address.

    Ray itself would try for a minute. `auto` is left to Ray, which knows the local cluster.
    """
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise BadInput(f"--address {address}: must be HOST:PORT, ray://HOST:PORT or auto")
    try:
        socket.create_connection((host, int(port)), timeout=seconds).close()
    except (OSError, OverflowError) as error:
        raise BadInput(f"--address {address}: no Ray cluster answers there ({error})") from error


def _check_network(plan: SearchPlan, splits: Splits) -> None:
    """Build the baseline's network once: pictures too small for it are found here."""
    task = plan.space.task
    try:
        task.network(task.Config(**plan.space.baseline), splits.meta)
    except ValueError as error:
        raise BadInput(f"--data-dir {plan.data.directory}: {error}") from error
