"""Search a model's hyperparameters: `python run_search.py --space cifar10`."""

from __future__ import annotations

import gc
import json
import shlex
import sys
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trainables.data.request import DataRequest
from trainables.errors import BadInput
from trainables.files import is_disk_full, relative
from tuning.command_line import parser, what_to_resume
from tuning.experiment import Experiment
from tuning.ownership import Ownership
from tuning.signals import heed_signals, stop_if_asked

if TYPE_CHECKING:
    from rich.console import Console

    from analysis.export.rescore import FreshProcess
    from trainables.data.splits import Splits
    from tuning.plan import SearchPlan
    from tuning.search import Ending

# Ray, torch, Optuna and pandas are imported where they are needed, not here: `--help`, the list of
# spaces and a misspelt name answer at once.


INTERRUPTED = 130  # as a shell reports SIGINT


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 done or budget spent, 1 no trial succeeded or the disk is full, 2 bad input,
        130 interrupted.
    """
    started = time.monotonic()
    heed_signals()
    try:
        given = vars(parser().parse_args(arguments))
        if "list" in given:
            return _list(given["list"])
        return _search(given, started)
    except BadInput as error:
        print(f"run_search: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED
    except OSError as error:
        if not is_disk_full(error):
            raise
        print(f"run_search: error: {error.filename or 'a disk'}: the disk is full", file=sys.stderr)
        return 1


def _list(name: str) -> int:
    from search_spaces.find import check_space_name, find_space, space_names

    if not name:
        print("\n".join(space_names()))
        return 0
    check_space_name(name, option="--list")
    from search_spaces.describe import describe

    print(describe(name, find_space(name)))
    return 0


def _search(given: dict[str, Any], started: float) -> int:
    from search_spaces.find import check_space_name

    resumed, more = what_to_resume(given)
    storage = given.pop("storage", Path("results"))
    quiet, dry_run = given.pop("quiet", False), given.pop("dry_run", False)
    experiment = Experiment.find(resumed, storage, option="--resume ") if resumed else None
    if "space" in given and not resumed:
        check_space_name(given["space"])  # before torch is imported
    from analysis.console import wide_console
    from tuning.request import check_storage, make_plan
    from tuning.resume import resume_plan

    console = wide_console()
    data = {name: given.pop(name) for name in ("kind", "directory", "split_seed") if name in given}
    given["data"] = DataRequest(**data, say=console.print)
    if experiment is not None:
        plan = resume_plan(experiment, more=more, **given)
    else:
        plan = make_plan(storage=storage, **given)
    if dry_run:
        print(json.dumps(plan.to_json(), indent=2))
        return 0
    if experiment is None:
        check_storage(plan)
    with Ownership(Experiment(plan.root)) as ownership:
        if experiment is not None:
            ownership.take()
        try:
            return _run(plan, ownership, console, quiet, started)
        except KeyboardInterrupt:
            if ownership.experiment.trials():
                from analysis.summary import print_summary

                _report(ownership.experiment)
                print_summary(ownership.experiment, console, interrupted=True)
            raise


def _run(
    plan: SearchPlan, ownership: Ownership, console: Console, quiet: bool, started: float
) -> int:
    from tuning.quiet import quiet_ray

    quiet_ray(local=plan.address is None)  # before Ray is imported
    from tuning.cluster import ray_session

    experiment = ownership.experiment
    with ExitStack() as after:
        with ray_session(plan) as session:
            if session.nodes:
                nodes = "1 node shares" if session.nodes == 1 else f"{session.nodes} nodes share"
                console.print(f"Cluster: {plan.address}, {nodes} {plan.storage}")
            # Beside the reading; but a resumed search may have nothing left to train.
            start = session.start if not experiment.plan.is_file() else lambda: None
            splits = plan.space.task.load(replace(plan.data, found=start))
            sizes = f"{len(splits.train):,} train, {len(splits.val):,} val"
            console.print(f"Data: {splits.provenance}, {sizes}")
            if splits.provenance.note:
                console.print(f"Note: {splits.provenance.note}")
            if plan.logged.is_on:
                here = shlex.quote(relative(experiment.root))
                console.print(f"Watch: tensorboard --logdir {here}")
            from analysis.export.rescore import FreshProcess
            from tuning.search import Ending
            from tuning.session import search

            given = (plan, splits.closed(), console, session, ownership)
            ending = search(*given, quiet=quiet, started=started)
            fresh = after.enter_context(FreshProcess())  # it imports while Ray ends
        ending, won = _hand_over(experiment, splits, fresh, ending, console)
    from analysis.summary import print_summary

    if ending is not Ending.DISK_FULL:
        _report(experiment)
    print_summary(experiment, console, interrupted=ending not in (Ending.DONE, Ending.BUDGET))
    if ending is Ending.DISK_FULL:
        print(f"run_search: error: {experiment.root}: the disk is full", file=sys.stderr)
        return 1
    if ending is Ending.INTERRUPTED:
        return INTERRUPTED
    return 0 if won else 1


def _report(experiment: Experiment) -> None:
    """Write the report; where that fails, what was found stands all the same."""
    try:
        from analysis.report import write_report

        write_report(experiment)
    except Exception as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        print(f"run_search: error: {experiment.report}: not written ({reason})", file=sys.stderr)


def _hand_over(
    experiment: Experiment,
    splits: Splits,
    fresh: FreshProcess,
    ending: Ending,
    console: Console,
) -> tuple[Ending, bool]:
    """The last step; returns how the search ended after all, and whether there is a model."""
    from analysis.export.judge import NotProvenError
    from analysis.handover import hand_over
    from tuning.search import Ending

    try:
        stop_if_asked()  # test is opened below
        to_the_end = ending in (Ending.DONE, Ending.BUDGET)
        won = hand_over(experiment, splits, fresh, open_test=to_the_end, say=console.print)
        return ending, won
    except NotProvenError as error:
        print(f"run_search: error: not exported: {error}", file=sys.stderr)
        return ending, False
    except OSError as error:
        if not is_disk_full(error):
            raise
        return Ending.DISK_FULL, False


if __name__ == "__main__":
    # What torch, Ray and pandas make when imported lives to the end: looking for garbage in it
    # costs half a second at the start, and another at the interpreter's last collection.
    gc.set_threshold(50_000)
    code = main()
    gc.freeze()
    sys.exit(code)
