"""Look at an experiment, and use its best model: `python -m analysis COMMAND NAME`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from analysis import commands
from analysis.export.formats import FORMATS
from trainables.errors import BadInput

_TAKE_EXPORTS = ("predict", "generate", "forecast")


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0, 1 where a check failed, or 2 for bad input."""
    try:
        options = _parser().parse_args(arguments)
        return options.run(options) or 0
    except BadInput as error:
        print(f"analysis: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130  # as a shell reports it
    except BrokenPipeError:  # who read has read enough, such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m analysis", description=__doc__, allow_abbrev=False)
    subparsers = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    stored = _Parser(add_help=False)
    text = "where experiments are that are given by their name (%(default)s)"
    stored.add_argument("--storage", type=Path, default=Path("results"), metavar="DIR", help=text)
    made = {}
    for run, text in (
        (commands.show, "print the leaderboard, and the best beside its references"),
        (commands.watch, "show how a search stands until it ends"),
        (commands.compare, "hold two searches of one task side by side"),
        (commands.report, "write all that was found to one HTML file"),
        (commands.predict, "classify picture files with the best model"),
        (commands.generate, "write text with the best model"),
        (commands.forecast, "forecast the steps after a CSV file's end"),
        (commands.replay, "train a trial again, and hold it against its record"),
        (commands.export, "write a model in a format of your choice, proven to work"),
    ):
        name = run.__name__
        command = made[name] = subparsers.add_parser(
            name, help=text, description=text, parents=[stored]
        )
        command.set_defaults(run=run)
        if name != "compare":
            text = "an experiment's name, or its path"
            if name in _TAKE_EXPORTS:
                text += "; or the path of an exported model"
            command.add_argument("name", metavar="NAME", help=text)
        if name in (*_TAKE_EXPORTS, "replay", "export"):
            text = "import a task's own code from there, or open an archive that may hold code"
            command.add_argument("--trust", action="store_true", help=text)
    text = "write there instead of to report.html in the experiment"
    made["report"].add_argument("--out", type=Path, metavar="FILE.html", help=text)
    add = made["watch"].add_argument
    text = "seconds from one look at its directory to the next (%(default)g)"
    add("--interval", type=float, default=2.0, metavar="S", help=text)
    add("--once", action="store_true", help="show it once, as it stands")
    made["predict"].add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    _add_generation(made["generate"])
    made["replay"].add_argument("trial", metavar="TRIAL", help="a trial's id, such as t0007")
    text = "put the weights of its best epoch where the trial's were"
    made["replay"].add_argument("--keep", action="store_true", help=text)
    add = made["forecast"].add_argument
    add("--input", type=Path, required=True, metavar="FILE.csv", help="the series up to now")
    add("--out", type=Path, metavar="FILE.csv", help="write there instead of on the screen")
    text = "an experiment's name, path or URL; NAME,NAME: several that differ in their seed"
    made["compare"].add_argument("a", metavar="A", help=text)
    made["compare"].add_argument("b", metavar="B", help="the other, likewise")
    _add_export(made["export"])
    return parser


def _add_export(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--trial", metavar="ID", help="a trial or re-run, such as t0007 (the one in best/)")
    add("--format", required=True, choices=list(FORMATS), help="of the file that holds the model")
    text = "write it there (the experiment's exports/<ID>-<FORMAT>/)"
    add("--out", type=Path, metavar="DIR", help=text)


def _add_generation(command: argparse.ArgumentParser) -> None:
    add = command.add_argument
    add("--prompt", default="", metavar="TEXT", help="what the text goes on from")
    add("--length", type=int, default=500, metavar="N", help="characters (%(default)s)")
    add("--temperature", type=float, metavar="T", help="0: always the likeliest (0.8)")
    add("--top-k", type=int, metavar="K", help="draw among the K likeliest (all)")
    add("--top-p", type=float, metavar="P", help="draw among the likeliest that reach P (1)")
    add("--beam", type=int, metavar="B", help="no drawing: a beam search of this width")
    add("--seed", type=int, default=0, metavar="S", help="the same seed, the same text (0)")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise BadInput(message.removeprefix("argument "))


if __name__ == "__main__":
    sys.exit(main())
