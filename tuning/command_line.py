"""The options of a search, and which of them go together. No torch and no Ray in it."""

from __future__ import annotations

import argparse
import difflib
import re
from pathlib import Path
from typing import Any, NoReturn

from trainables.data.request import DATA_KINDS
from trainables.errors import BadInput
from tuning.options import PREFERENCES, SAMPLERS, SCHEDULERS, TENSORBOARD

_RESUME_TAKES = {
    "space", "trust", "trials", "time_budget", "epoch_budget", "target_score",
    "plateau", "concurrency", "directory", "storage", "address",
    "tensorboard", "tensorboard_every", "quiet", "dry_run", "list",
}  # fmt: skip
_OPTIONS = {
    "settings": "--set", "constraints": "--constraint", "enqueued": "--enqueue",
    "kind": "--data", "directory": "--data-dir",
}  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The command line of `run_search.py`; it holds no default, what is not given is left out."""
    made = _Parser(
        prog="run_search.py",
        description="Search a model's hyperparameters: `python run_search.py --space cifar10`.",
        allow_abbrev=False,
        argument_default=argparse.SUPPRESS,  # what is not given has its default elsewhere, once
    )
    add = made.add_argument
    add("--space", metavar="NAME|FILE.py", help="what to search; --list names the built-in spaces")
    add(
        "--list",
        nargs="?",
        const="",
        metavar="NAME",
        help="list the spaces, or one's parameters",
    )
    add("--resume", metavar="NAME", help="go on with a search that was stopped, killed or is done")
    add("--trust", action="store_true", help="with --resume: run the space file kept in it")
    add("--trials", type=_trials, metavar="[+]N", help="configurations to try; +N: that many more")
    add("--max-epochs", type=_positive, metavar="N", help="full length of a trial")
    add(
        "--set",
        action="append",
        dest="settings",
        metavar="P=...",
        help="fix (P=V) or re-range (P=LO..HI[:log], P=a,b,c) a hyperparameter; repeatable",
    )
    add(
        "--enqueue",
        type=Path,
        dest="enqueued",
        metavar="FILE",
        help="configurations to try first: JSON or YAML",
    )
    add(
        "--objectives",
        metavar="M:max,M:min",
        help="several aims, the first a score of val: val_accuracy:max,parameters:min",
    )
    add(
        "--constraint",
        action="append",
        dest="constraints",
        metavar="M<=X",
        help="what must be kept: parameters, bytes to be tried; val_loss (any score of val), "
        "latency_ms, epoch_seconds to be ranked; repeatable",
    )
    add(
        "--warm-start",
        metavar="NAME[,NAME]",
        help="earlier experiments on the same data, whose trials the sampler learns from",
    )
    add("--sampler", choices=SAMPLERS, help="who proposes (default: tpe)")
    add("--scheduler", choices=SCHEDULERS, help="who stops (default: promote)")
    add(
        "--perturb",
        metavar="P[,P]",
        help="what --scheduler pbt changes on the way (default: all that is searched and can)",
    )
    add("--time-budget", type=_duration, metavar="10m", help="end the search after 90s, 10m, 2h")
    add("--epoch-budget", type=_positive, metavar="N", help="end it after N epochs of all trials")
    add("--target-score", type=float, metavar="X", help="end it once a trial is that good")
    add("--plateau", type=_positive, metavar="N", help="end it after N trials without a better one")
    add(
        "--finalists",
        type=int,
        metavar="K",
        help="train the best K again, and the baseline, to find which is really the best; 0: none",
    )
    add("--repeats", type=_positive, metavar="R", help="how often, each under a fresh seed")
    add("--prefer", choices=PREFERENCES, help="among finalists that tie (default: best)")
    add(
        "--retrain-on-all",
        action="store_true",
        help="train the winner on train and val together before it is exported",
    )
    add("--patience", type=_positive, metavar="N", help="end a trial N epochs after its best")
    add("--concurrency", type=_positive, metavar="N", help="trials at a time (default: all cores)")
    add("--cpus-per-trial", type=_positive, metavar="N", help="threads a trial (default: 1)")
    add("--gpus-per-trial", type=float, metavar="X", help="GPUs a trial, fractions too")
    add("--data", choices=DATA_KINDS, dest="kind", help="which data (default: auto)")
    add(
        "--data-dir",
        type=Path,
        dest="directory",
        metavar="PATH",
        help="your own data: a folder of pictures, a text, a CSV file; never written to",
    )
    add(
        "--weights",
        metavar="auto|imagenet|none|FILE|NAME",
        help="what fine-tuning starts from; NAME: the best model of an earlier experiment",
    )
    add("--split-seed", type=int, metavar="N", help="cuts val from train (default: 0)")
    add("--seed", type=int, metavar="N", help="of the sampler and all trials (default: 0)")
    add("--name", metavar="NAME", help="of the experiment (default: <space>-<date>-<time>)")
    add("--storage", type=Path, metavar="DIR", help="default: results")
    add("--address", metavar="HOST:PORT", help="an existing Ray cluster")
    add(
        "--tensorboard",
        choices=TENSORBOARD,
        help="what TensorBoard is given; full: the baseline's, finalists' and some trials' networks"
        " too (default: scalars)",
    )
    add(
        "--tensorboard-every",
        type=_positive,
        metavar="K",
        help="with --tensorboard full: of every K-th trial (default: 10)",
    )
    add(
        "--quiet",
        action="store_true",
        help="a plain line an event instead of the live table",
    )
    add(
        "--dry-run",
        action="store_true",
        help="print the resolved plan as JSON, and stop",
    )
    return made


class _More(int):
    """A number of trials to add: `+10`."""


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, and names the nearest option to a misspelt one."""

    def error(self, message: str) -> NoReturn:
        if unknown := re.match(r"unrecognized arguments: (--[\w-]+)", message):
            close = difflib.get_close_matches(unknown[1], self._option_string_actions, n=1)
            message += f"; did you mean {close[0]}?" if close else "; see --help"
        raise BadInput(message.removeprefix("argument "))


def _trials(text: str) -> int:
    """`20`, or `+10` for ten more."""
    if text.startswith("+"):
        try:
            return _More(_positive(text[1:]))
        except argparse.ArgumentTypeError as error:
            raise argparse.ArgumentTypeError(f"+{error}") from None
    return _positive(text)


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


def what_to_resume(given: dict[str, Any]) -> tuple[str | None, int]:
    """Take `--resume` and `--trials +N` out of what was given, once all goes together.

    Returns:
        the name of the experiment to resume, or None, and how many trials to add to it.

    Raises:
        BadInput: an option that a resumed search, or a new one, does not take.
    """
    resumed: str | None = given.pop("resume", None)
    if resumed is None:
        if "space" not in given:
            raise BadInput("--space is missing: a built-in space (--list names them) or a FILE.py")
        if given.pop("trust", False):
            raise BadInput(
                "--trust: only with --resume; a FILE.py given to --space is yours anyway"
            )
        if isinstance(given.get("trials"), _More):
            raise BadInput(f"--trials +{given['trials']}: only with --resume; leave out the plus")
        return None, 0
    for name, value in given.items():
        if name not in _RESUME_TAKES:
            option = _OPTIONS.get(name, f"--{name.replace('_', '-')}")
            shown = " ".join(value) if isinstance(value, list) else value
            said = option if value is True else f"{option} {shown}"
            raise BadInput(f"{said}: cannot change with --resume; a new search can")
    more = given.pop("trials", _More(0))
    if not isinstance(more, _More):
        raise BadInput(f"--trials {more}: with --resume, say how many to add: --trials +{more}")
    return resumed, more
