"""A whole search but for its last step: its directory, its screen, its trials."""

from __future__ import annotations

import shutil
import uuid

from rich.console import Console

from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import read_json, write_json
from trainables.parts.kernels import pick_device
from tuning.check_data import check_data
from tuning.cluster import RaySession
from tuning.constraints import to_measure
from tuning.experiment import SPACE_FILE, Experiment
from tuning.mend import mend
from tuning.ownership import Ownership
from tuning.phases import Phases
from tuning.plan import SearchPlan
from tuning.search import Ending
from tuning.trial_run import TrialSettings
from tuning.warm_start import check_experience


def search(
    plan: SearchPlan,
    splits: Splits,
    console: Console,
    ray_session: RaySession,
    ownership: Ownership,
    *,
    quiet: bool,
    started: float,
) -> Ending:
    """Make the experiment's directory, or go on in one that was taken, and run its trials.

    Args:
        console: on standard output; what Ray prints there goes to `ray.log` meanwhile.
        ray_session: what the trials run in; waited for.
        started: `time.monotonic()` of the search's start.

    Raises:
        BadInput: the name is used, the network does not fit the data, the data is another than
            the resumed search's, the cluster is too small.
        KeyboardInterrupt: the user wants it to stop at once.
    """
    check_data(plan, splits)
    if not ownership.experiment.plan.is_file():  # a resumed search has them in its study
        check_experience(plan.warm_start, splits)
    for note in plan.notes(splits):
        console.print(f"Note: {note}")
    experiment = ownership.experiment
    new = not experiment.plan.is_file()
    if new:
        _create(plan, splits, ownership)
    else:
        _go_on(plan, splits, experiment, console)
    settings = TrialSettings(
        root=experiment.root,
        run=ownership.run,
        metric=plan.space.metric,
        direction=plan.space.direction,
        patience=plan.patience,
        threads=plan.cpus_per_trial,
        device=pick_device(plan.gpus_per_trial),
        measured=to_measure(plan.objectives, plan.constraints),
        logged=plan.logged,
    )
    phases = Phases(plan, splits, ownership, settings, ray_session, console, quiet, started)
    try:
        return phases.run()
    except BaseException:
        if new and not experiment.trials():  # nothing was run: leave nothing, the name is free
            shutil.rmtree(plan.root)
        raise


def _create(plan: SearchPlan, splits: Splits, ownership: Ownership) -> None:
    """The experiment appears whole: a kill before leaves none of that name."""
    temporary = plan.storage / f".{plan.name}.{uuid.uuid4().hex[:8]}.tmp"
    temporary.mkdir(parents=True)
    try:
        write_json(Experiment(temporary).plan, plan.to_json(splits))
        if plan.space_code is not None:
            (temporary / SPACE_FILE).write_bytes(plan.space_code)
        ownership.create(temporary)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _go_on(plan: SearchPlan, splits: Splits, experiment: Experiment, console: Console) -> None:
    record = read_json(experiment.plan)
    if splits.digest != record["data"]["digest"]:
        raise BadInput(
            f"--resume {plan.name}: the data has changed since the search began: it is "
            f"{splits.provenance} with another content; --data-dir says where the old one is"
        )
    weights = record["data"]["weights"].get("digest")
    if weights != (splits.weights.digest if splits.weights else None):
        raise BadInput(f"--resume {plan.name}: the weights it began from are others now")
    for line in mend(experiment):
        console.print(f"Mended: {line}")
    write_json(experiment.plan, plan.resumed_json(record))
