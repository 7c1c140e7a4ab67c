"""`python -m analysis show NAME` and `python -m analysis predict NAME IMAGE...`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import NoReturn

from trainables.errors import BadInput
from tuning.experiment import Experiment

SHOWN_CLASSES = 3


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0, or 2 for bad input."""
    try:
        options = _parser().parse_args(arguments)
        experiment = Experiment.find(options.name, options.storage)
        if options.command == "show":
            try:
                return _show(experiment)
            except (OSError, KeyError, ValueError) as error:
                reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
                raise BadInput(f"{experiment.root}: a record is damaged ({reason})") from error
        return _predict(experiment, options.images, options.trust)
    except BadInput as error:
        print(f"analysis: error: {error}", file=sys.stderr)
        return 2


def _show(experiment: Experiment) -> int:
    from analysis.console import wide_console
    from analysis.load import load
    from analysis.summary import leaderboard_table

    results = load(experiment.root)
    console = wide_console()
    console.print(f"{experiment.name}  {results.provenance}")
    console.print(leaderboard_table(results, running=experiment.is_owned))
    return 0


def _predict(experiment: Experiment, images: list[Path], trust: bool) -> int:
    from analysis.predict import predict

    for image, shares in zip(images, predict(experiment.best, images, trust=trust), strict=True):
        top = list(shares.items())[:SHOWN_CLASSES]
        print(f"{image}: " + ", ".join(f"{name} {share:.1%}" for name, share in top))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m analysis", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, text in (
        ("show", "print the leaderboard"),
        ("predict", "classify picture files with the best model"),
    ):
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("name", metavar="NAME", help="an experiment's name, or its path")
        command.add_argument("--storage", type=Path, default=Path("results"), metavar="DIR")
        if name == "predict":
            text = "import the task's code from the experiment, where it is the user's own"
            command.add_argument("--trust", action="store_true", help=text)
            command.add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    return parser


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(message)


if __name__ == "__main__":
    sys.exit(main())
