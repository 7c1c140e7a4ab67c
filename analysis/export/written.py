"""A trial's model, put into a directory of its own with what its inputs mean."""

from __future__ import annotations

import shlex
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from analysis.export.bundle import build_network
from analysis.export.judge import Judge
from analysis.frames.load import Results
from trainables.data.splits import Splits
from trainables.files import read_json, relative, write_json
from trainables.portable import Portable
from trainables.trainer import load_tensors, save_tensors
from tuning.drawing import NotDrawn, draw
from tuning.experiment import CONFIG, MODEL, SPACE_FILE, Experiment
from tuning.status import TrialStatus


def write_model(
    experiment: Experiment, judge: Judge, splits: Splits, trial: str, bundle: Path
) -> None:
    """Put a trial's best weights there, its configuration, and what the task draws of it.

    Raises:
        FileNotFoundError: its weights were not kept.
    """
    directory = experiment.trial(trial)
    weights, parameters = load_tensors(directory.best), directory.read_config()
    save_tensors(weights, bundle / MODEL)
    undrawn = {}
    for name, drawing in judge.task.drawings.items():
        if directory.figure(name).is_file():
            try:
                png = draw(drawing, read_json(directory.figure(name)))
            except NotDrawn as why:
                undrawn[name] = str(why)
            else:
                (bundle / f"{name}.png").write_bytes(png)
    if judge.code is not None:
        shutil.copyfile(experiment.space_file, bundle / SPACE_FILE)
    config = {
        "task": judge.task.name,
        "code_sha256": judge.code,
        "trial": trial,
        "parameters": parameters,
        "course": [asdict(leg) for leg in directory.read_course()],
        "meta": asdict(splits.meta),
        "provenance": asdict(splits.provenance),
    }
    if undrawn:
        config["undrawn"] = undrawn
    if judge.task.scoring.portable is not None:
        network = build_network(judge.task, parameters, splits.meta, weights)
        config |= described(judge.task.scoring.portable(network, splits.meta))
    write_json(bundle / CONFIG, config)


def described(made: Portable) -> dict[str, Any]:
    """What `config.json` says of what goes in and comes out."""
    return {
        "inputs": [asdict(port) for port in made.inputs],
        "outputs": [asdict(port) for port in made.outputs],
        "preprocessing": made.preprocessing,
    }


def trial_metrics(
    status: TrialStatus, report: dict[str, Any], splits: Splits, judge: Judge, results: Results
) -> dict[str, Any]:
    """What `metrics.json` says of a trial that is exported as one of several; test stays closed.

    Args:
        report: its scores on val.
    """
    row = results.baseline
    scored = len(row) > 0 and not np.isnan(row["score"])
    of_baseline = {"trial": row["trial"], "val": {judge.metric: row["score"]}, "test": None}
    return {
        "trial": status.trial,
        "seed": status.seed,
        "epoch": status.best_epoch,
        "trained_on": "train",
        "metric": judge.metric,
        "examples": judge.task.scoring.examples,
        "val": report,
        "test": None,
        "baseline": of_baseline if scored else None,
        "provenance": asdict(splits.provenance),
    }


def replay_command(experiment: Experiment, trial: str, *, own: bool, keep: bool = False) -> str:
    """The command that trains a trial again.

    Args:
        own: whether its task is the user's own.
        keep: put its weights where they were.
    """
    here = shlex.quote(relative(experiment.root))
    options = [option for option, given in (("--keep", keep), ("--trust", own)) if given]
    return " ".join(["python -m analysis replay", here, trial, *options])
