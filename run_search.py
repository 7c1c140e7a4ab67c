"""Search a model's hyperparameters: `python run_search.py --space cifar10`."""

from __future__ import annotations

import argparse
import difflib
import json
import re
import shlex
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from trainables.data.request import DATA_KINDS, DataRequest
from trainables.errors import BadInput
from trainables.files import relative
from tuning.options import SAMPLERS, SCHEDULERS
from tuning.signals import heed_sigterm

if TYPE_CHECKING:
    from rich.console import Console

    from tuning.plan import SearchPlan

# Ray, torch, Optuna and pandas are imported where they are needed, not here: `--help`, the list of
# spaces and a misspelt name answer at once.


INTERRUPTED = 130  # as a shell reports SIGINT


def main(arguments: list[str] | None = None) -> int:
    """Run the command line.

    Returns:
        0 done or budget spent, 1 no trial succeeded, 2 bad input, 130 interrupted.
    """
    started = time.monotonic()
    heed_sigterm()
    try:
        options = _parser().parse_args(arguments)
        if options.list is not None:
            return _list(options.list)
        if options.space is None:
            raise BadInput("--space is missing: a built-in space (--list names them) or a FILE.py")
        return _search(options, started)
    except BadInput as error:
        print(f"run_search: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return INTERRUPTED


def _list(name: str) -> int:
    from search_spaces.find import check_space_name, find_space, space_names

    if not name:
        print("\n".join(space_names()))
        return 0
    check_space_name(name, option="--list")
    from search_spaces.describe import describe

    print(describe(name, find_space(name)))
    return 0


def _search(options: argparse.Namespace, started: float) -> int:
    from search_spaces.find import check_space_name

    check_space_name(options.space)  # before torch is imported
    from analysis.console import wide_console
    from tuning.request import check_storage, make_plan

    console = wide_console()
    plan = make_plan(
        options.space,
        storage=options.storage,
        name=options.name,
        settings=options.set,
        enqueued=options.enqueue,
        trials=options.trials,
        max_epochs=options.max_epochs,
        sampler=options.sampler,
        scheduler=options.scheduler,
        time_budget=options.time_budget,
        patience=options.patience,
        concurrency=options.concurrency,
        cpus_per_trial=options.cpus_per_trial,
        gpus_per_trial=options.gpus_per_trial,
        data=DataRequest(options.data, options.data_dir, options.split_seed, console.print),
        seed=options.seed,
        address=options.address,
    )
    if options.dry_run:
        print(json.dumps(plan.to_json(), indent=2))
        return 0
    check_storage(plan)
    return _run(plan, console, options.quiet, started)


def _run(plan: SearchPlan, console: Console, quiet: bool, started: float) -> int:
    from tuning.quiet import quiet_ray

    quiet_ray()  # before Ray is imported
    from tuning.cluster import ray_session

    with ray_session(plan) as session:
        splits = plan.space.task.load(replace(plan.data, found=session.start))
        sizes = f"{len(splits.train):,} train, {len(splits.val):,} val"
        console.print(f"Data: {splits.provenance}, {sizes}")
        if splits.provenance.note:
            console.print(f"Note: {splits.provenance.note}")
        console.print(f"Watch: tensorboard --logdir {shlex.quote(relative(plan.root))}")
        from tuning.session import search

        experiment, ended = search(plan, splits, console, session, quiet=quiet, started=started)
    from analysis.handover import NotProvenError, hand_over
    from analysis.summary import print_summary

    try:
        won = hand_over(experiment, splits, open_test=ended)
    except NotProvenError as error:
        print(f"run_search: error: not exported: {error}", file=sys.stderr)
        won = False
    print_summary(experiment, console, interrupted=not ended)
    if not ended:
        return INTERRUPTED
    return 0 if won else 1


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="run_search.py", description=__doc__, allow_abbrev=False, add_help=True)
    add = parser.add_argument
    add("--space", metavar="NAME|FILE.py", help="what to search; --list names the built-in spaces")
    add("--list", nargs="?", const="", metavar="NAME", help="list the spaces, or one's parameters")
    add("--trials", type=_positive, metavar="N", help="how many configurations to try")
    add("--max-epochs", type=_positive, metavar="N", help="full length of a trial")
    add(
        "--set",
        action="append",
        default=[],
        metavar="P=...",
        help="fix (P=V) or re-range (P=LO..HI[:log], P=a,b,c) a hyperparameter; repeatable",
    )
    add("--enqueue", type=Path, metavar="FILE", help="configurations to try first: JSON or YAML")
    add("--sampler", choices=SAMPLERS, default="tpe", help="who proposes (default: tpe)")
    add("--scheduler", choices=SCHEDULERS, default="asha", help="who stops (default: asha)")
    add("--time-budget", type=_duration, metavar="10m", help="end the search after 90s, 10m, 2h")
    add("--patience", type=_positive, metavar="N", help="end a trial N epochs after its best")
    add("--concurrency", type=_positive, metavar="N", help="trials at a time (default: all cores)")
    add("--cpus-per-trial", type=_positive, default=1, metavar="N", help="threads a trial")
    add("--gpus-per-trial", type=float, metavar="X", help="GPUs a trial, fractions too")
    add("--data", choices=DATA_KINDS, default="auto", help="which data")
    add("--data-dir", type=Path, metavar="DIR", help="your own data; never written to")
    add("--split-seed", type=int, default=0, metavar="N", help="cuts val from train (default: 0)")
    add("--seed", type=int, default=0, metavar="N", help="of the sampler and all trials")
    add("--name", metavar="NAME", help="of the experiment (default: <space>-<date>-<time>)")
    add("--storage", type=Path, default=Path("results"), metavar="DIR", help="default: results")
    add("--address", metavar="HOST:PORT", help="an existing Ray cluster")
    add("--quiet", action="store_true", help="a plain line an event instead of the live table")
    add("--dry-run", action="store_true", help="print the resolved plan as JSON, and stop")
    return parser


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and names the nearest option to a misspelt one."""

    def error(self, message: str) -> NoReturn:
        if unknown := re.match(r"unrecognized arguments: (--[\w-]+)", message):
            close = difflib.get_close_matches(unknown[1], self._option_string_actions, n=1)
            message += f"; did you mean {close[0]}?" if close else "; see --help"
        raise BadInput(message.removeprefix("argument "))


def _positive(text: str) -> int:
    try:
        value = int(text)
    except ValueError:
        value = 0
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text}: must be a whole number of 1 or more")
    return value


def _duration(text: str) -> float:
    """Seconds from `90`, `90s`, `10m` or `2h`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    seconds = float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0
    if seconds <= 0:
        raise argparse.ArgumentTypeError(f"{text}: must be a time such as 90s, 10m or 2h")
    return seconds


if __name__ == "__main__":
    sys.exit(main())
