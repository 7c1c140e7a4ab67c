"""Look at an experiment, and use its best model: `python -m analysis COMMAND NAME`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NoReturn

from trainables.errors import BadInput
from tuning.experiment import Experiment

SHOWN_CLASSES = 3


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns 0, 1 where a check failed, or 2 for bad input."""
    try:
        options = _parser().parse_args(arguments)
        experiment = Experiment.find(options.name, options.storage)
        return options.run(experiment, options) or 0
    except BadInput as error:
        print(f"analysis: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130  # as a shell reports it
    except BrokenPipeError:  # who read has read enough, such as `| head`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _show(experiment: Experiment, options: argparse.Namespace) -> None:
    from analysis.console import wide_console
    from analysis.load import load
    from analysis.tables import (
        compared_table,
        finalists_table,
        front_table,
        leaderboard_table,
        scores_of,
    )

    try:
        results = load(experiment.root)
        console = wide_console()
        console.print(f"{experiment.name}  {results.provenance}")
        console.print(leaderboard_table(results, running=experiment.is_owned))
        if unbeaten := front_table(results):
            console.print(unbeaten)
        if len(results.finalists):
            console.print(finalists_table(results))
        if scores := scores_of(experiment):
            console.print(scores)
        if by_value := compared_table(results):
            console.print(by_value)
    except (OSError, KeyError, ValueError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise BadInput(f"{experiment.root}: a record is damaged ({reason})") from error


def _predict(experiment: Experiment, options: argparse.Namespace) -> None:
    from analysis.predict import predict

    predicted = predict(experiment.best, options.images, trust=options.trust)
    for image, shares in zip(options.images, predicted, strict=True):
        top = list(shares.items())[:SHOWN_CLASSES]
        print(f"{image}: " + ", ".join(f"{name} {share:.1%}" for name, share in top))


def _generate(experiment: Experiment, options: argparse.Namespace) -> None:
    from analysis.generate import Order, generate, sampling_of

    how = sampling_of(options.temperature, options.top_k, options.top_p, options.beam)
    beam = 1 if options.beam is None else options.beam
    order = Order(options.prompt, options.length, how, beam, options.seed)
    unknown, written = generate(experiment.best, order, trust=options.trust)
    if unknown:
        print(f"The model does not know: {' '.join(map(repr, unknown))}", file=sys.stderr)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    print(options.prompt, end="", flush=True)
    for character in written:
        print(character, end="", flush=True)
    print()


def _forecast(experiment: Experiment, options: argparse.Namespace) -> None:
    from analysis.forecast import forecast, interval_share
    from trainables.files import replacing

    frame = forecast(experiment.best, options.input, trust=options.trust)
    if options.out is None:
        print(frame.to_csv(index=False), end="")
        return
    try:
        with replacing(options.out) as temporary:
            frame.to_csv(temporary, index=False)
    except OSError as error:
        raise BadInput(f"--out {options.out}: cannot be written ({error.strerror})") from error
    share = interval_share(experiment.best)
    print(f"{len(frame)} steps in {options.out}; {share:.0%} of val's values were in the interval")


def _replay(experiment: Experiment, options: argparse.Namespace) -> int:
    from analysis.replay import TOLERANCE, Replay

    replay = Replay(experiment, options.trial, trust=options.trust)
    differing = 0
    for epoch in replay.epochs(keep=options.keep):
        differing += not epoch.same
        verdict = "the same" if epoch.same else "DIFFERENT"
        print(
            f"epoch {epoch.epoch}: {replay.metric} {epoch.found:.6f}, recorded "
            f"{epoch.recorded:.6f}: {verdict}",
            flush=True,
        )
    how = "to the last bit" if replay.exact else f"within {TOLERANCE:g}"
    if differing:
        print(f"{options.trial}: {differing} of {epoch.epoch} epochs are not the same {how}")
        return 1
    print(f"{options.trial}: every epoch is the same {how}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m analysis", description=__doc__, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    made = {}
    for name, run, text in (
        ("show", _show, "print the leaderboard, and the best beside its references"),
        ("predict", _predict, "classify picture files with the best model"),
        ("generate", _generate, "write text with the best model"),
        ("forecast", _forecast, "forecast the steps after a CSV file's end with the best model"),
        ("replay", _replay, "train a trial again, and hold every epoch against its record"),
    ):
        command = made[name] = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        command.add_argument("name", metavar="NAME", help="an experiment's name, or its path")
        command.add_argument("--storage", type=Path, default=Path("results"), metavar="DIR")
        if name != "show":
            text = "import the task's code from the experiment, where it is the user's own"
            command.add_argument("--trust", action="store_true", help=text)
    made["predict"].add_argument("images", nargs="+", type=Path, metavar="IMAGE")
    _add_generation(made["generate"])
    made["replay"].add_argument("trial", metavar="TRIAL", help="a trial's id, such as t0007")
    text = "put the weights of its best epoch where the trial's were"
    made["replay"].add_argument("--keep", action="store_true", help=text)
    add = made["forecast"].add_argument
    add("--input", type=Path, required=True, metavar="FILE.csv", help="the series up to now")
    add("--out", type=Path, metavar="FILE.csv", help="write there instead of on the screen")
    return parser


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
        raise BadInput(message)


if __name__ == "__main__":
    sys.exit(main())
