"""A whole search but for its last step: its directory, its screen, its trials."""

from __future__ import annotations

import shutil

from rich.console import Console

from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import write_json
from trainables.parts.kernels import pick_device
from tuning.cluster import RaySession
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
    plan: SearchPlan,
    splits: Splits,
    console: Console,
    ray_session: RaySession,
    *,
    quiet: bool,
    started: float,
) -> tuple[Experiment, bool]:
    """Make the experiment's directory and run its trials.

    Args:
        console: on standard output; what Ray prints there goes to `ray.log` meanwhile.
        ray_session: what the trials run in; waited for.
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
    if plan.space_code is not None:
        experiment.space_file.write_bytes(plan.space_code)
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
                ray_session.wait()
                searcher = StudySearch(plan, open_study(experiment, plan), recorder)
                spent = run_trials(plan, splits, searcher, settings, started)
                searcher.close("time budget spent" if spent else None)
                return experiment, searcher.idle if spent else searcher.ended
    except BaseException:
        if not experiment.trials():  # nothing was run: leave nothing behind, the name is free
            shutil.rmtree(plan.root)
        raise


def _check_network(plan: SearchPlan, splits: Splits) -> None:
    """Build the baseline's network once: pictures too small for it are found here."""
    task = plan.space.task
    try:
        task.network(task.Config(**plan.space.baseline), splits.meta)
    except ValueError as error:
        raise BadInput(f"--data-dir {plan.data.directory}: {error}") from error
