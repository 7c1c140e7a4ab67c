"""The commands of `python -m analysis`: each takes what was given, and prints.

A command that returns a number ends with it as its exit code.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from analysis.export.formats import FORMATS, find_bundle
from analysis.frames.records import readable
from trainables.errors import BadInput
from tuning.experiment import Experiment

SHOWN_CLASSES = 3


def show(options: argparse.Namespace) -> None:
    """Print the leaderboard, and the best beside its references."""
    from analysis.console import wide_console
    from analysis.frames.load import load
    from analysis.tables import (
        compared_table,
        finalists_table,
        front_table,
        leaderboard_table,
        scores_of,
    )
    from analysis.watch import standing
    from trainables.files import relative

    experiment = _experiment(options)
    with readable(experiment.root):
        results = load(experiment.root)
        console = wide_console()
        console.print(f"{experiment.name}  {results.provenance}")
        running = experiment.is_owned
        console.print(standing(results, running))
        for note in results.notes:
            console.print(f"Note: {note}")
        console.print(leaderboard_table(results, running=running))
        if unbeaten := front_table(results):
            console.print(unbeaten)
        if len(results.finalists):
            console.print(finalists_table(results))
        if scores := scores_of(experiment):
            console.print(scores)
        if by_value := compared_table(results):
            console.print(by_value)
        if experiment.report.is_file():
            console.print(f"Report: {relative(experiment.report)}")


def watch(options: argparse.Namespace) -> None:
    """Show how a search stands until it ends."""
    from analysis.console import wide_console
    from analysis.watch import drawn, look, watch

    experiment = _experiment(options)
    if not 0.1 <= options.interval <= 3600:
        raise BadInput(f"--interval {options.interval:g}: must be from 0.1 to 3600 seconds")
    console = wide_console()
    with readable(experiment.root):
        if options.once:
            console.print(drawn(*look(experiment)))
        else:
            watch(experiment, console, options.interval)


def compare(options: argparse.Namespace) -> int:
    """Print two searches side by side."""
    from analysis.comparison_table import comparison_lines
    from analysis.console import wide_console
    from analysis.frames.compare import compare

    def paths(names: str) -> list[str | Path]:
        where = options.storage
        return [n if "://" in n else Experiment.find(n, where).root for n in names.split(",")]

    console = wide_console()
    with readable(f"{options.a} or {options.b}"):
        for line in comparison_lines(compare(paths(options.a), paths(options.b))):
            console.print(line)
    return 0


def predict(options: argparse.Namespace) -> None:
    """Classify picture files."""
    from analysis.predict import predict

    bundle = find_bundle(options.name, options.storage)
    predicted = predict(bundle, options.images, trust=options.trust)
    for image, shares in zip(options.images, predicted, strict=True):
        top = list(shares.items())[:SHOWN_CLASSES]
        print(f"{image}: " + ", ".join(f"{name} {share:.1%}" for name, share in top))


def generate(options: argparse.Namespace) -> None:
    """Write text, as it is made."""
    from analysis.generate import Order, generate, sampling_of

    bundle = find_bundle(options.name, options.storage)
    how = sampling_of(options.temperature, options.top_k, options.top_p, options.beam)
    beam = 1 if options.beam is None else options.beam
    order = Order(options.prompt, options.length, how, beam, options.seed)
    unknown, written = generate(bundle, order, trust=options.trust)
    if unknown:
        print(f"The model does not know: {' '.join(map(repr, unknown))}", file=sys.stderr)
    sys.stdout.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    print(options.prompt, end="", flush=True)
    for character in written:
        print(character, end="", flush=True)
    print()


def forecast(options: argparse.Namespace) -> None:
    """Write the steps after a CSV file's end."""
    from analysis.forecast import forecast, interval_share
    from trainables.files import replacing

    bundle = find_bundle(options.name, options.storage)
    frame = forecast(bundle, options.input, trust=options.trust)
    if options.out is None:
        print(frame.to_csv(index=False), end="")
        return
    try:
        with replacing(options.out) as temporary:
            frame.to_csv(temporary, index=False)
    except OSError as error:
        raise BadInput(f"--out {options.out}: cannot be written ({error.strerror})") from error
    share = interval_share(bundle)
    print(f"{len(frame)} steps in {options.out}; {share:.0%} of val's values were in the interval")


def report(options: argparse.Namespace) -> None:
    """Write all that was found to one HTML file."""
    from analysis.report import Record, report, write_page
    from trainables.files import relative

    experiment = _experiment(options)
    with readable(experiment.root):
        page = report(Record.of(experiment, running=experiment.is_owned))
    path = options.out or experiment.report
    try:
        write_page(page, path)
    except OSError as error:
        where = f"--out {path}" if options.out else str(path)
        raise BadInput(f"{where}: cannot be written ({error.strerror})") from error
    print(relative(path))


def replay(options: argparse.Namespace) -> int:
    """Train a trial again, and hold it against its record; 1 where it differs."""
    from analysis.replay import TOLERANCE, Replay

    experiment = _experiment(options)
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


def export(options: argparse.Namespace) -> int:
    """Write a model in another format; 1 where that does not do what was trained."""
    from analysis.export.judge import NotProvenError
    from analysis.export.model import export
    from trainables.files import relative

    experiment = _experiment(options)
    if note := FORMATS[options.format].note:
        print(f"Note: {note}", file=sys.stderr)
    try:
        made = export(experiment, options.trial, options.format, options.out, trust=options.trust)
    except NotProvenError as error:
        print(f"NOT exported: {error}", file=sys.stderr)
        return 1
    print(
        f"Exported {made.trial} to {relative(made.directory)}: {made.made.name}, "
        f"{made.size / 1e6:,.2f} MB; loaded in a fresh process, its outputs for {made.parity}; "
        f"{made.seconds:.1f} s"
    )
    return 0


def _experiment(options: argparse.Namespace) -> Experiment:
    return Experiment.find(options.name, options.storage)
