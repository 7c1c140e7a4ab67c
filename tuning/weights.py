"""`--weights`: a keyword, a file, or the best model of an earlier experiment, in that order."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from trainables.data.pretrained import WEIGHTS, TrainedOn, WeightsFile
from trainables.errors import BadInput
from trainables.files import read_json
from trainables.hyperparameters import nearest
from trainables.task import Task
from tuning.experiment import CONFIG, METRICS, MODEL, TRAIN_AND_VAL, Experiment


def find_weights(asked: str, task: Task, storage: Path) -> str | WeightsFile:
    """What training is to start from.

    Raises:
        BadInput: the task trains from nothing; no such keyword, file or experiment.
    """
    option = f"--weights {asked}"
    if not task.pretrained:
        raise BadInput(f"{option}: {task.name} is not fine-tuned, it trains from nothing")
    if asked in WEIGHTS:
        return asked
    path = Path(asked)
    try:
        if path.is_file():
            around = Experiment(path.absolute().parent.parent)
            inside = around.plan.is_file() and path.absolute().parent == around.best
            file = WeightsFile(asked, path.absolute(), f"of {path.name}")
            return _described(file, path.parent, around if inside else None)
        experiment = Experiment(path if (path / "plan.json").is_file() else storage / asked)
        if not experiment.plan.is_file():
            raise BadInput(
                f"{option}: no file, and no experiment in {storage}; {nearest(asked, WEIGHTS)}"
            )
    except OSError as error:
        raise BadInput(f"{option}: cannot be read ({error.strerror})") from error
    if not (experiment.best / MODEL).is_file():
        raise BadInput(f"{option}: {experiment.root} has no exported model")
    found = WeightsFile(
        asked, (experiment.best / MODEL).absolute(), f"of the best model of {experiment.name}"
    )
    return _described(found, experiment.best, experiment)


def _described(file: WeightsFile, beside: Path, experiment: Experiment | None) -> WeightsFile:
    """With what the export's own description, beside the file, says of it."""
    try:
        config = read_json(beside / CONFIG)
        meta = config["meta"]
        if "height" not in meta:
            raise BadInput(f"--weights {file.asked}: a model of {config['task']}, not of pictures")
        about: dict[str, Any] = {
            "mean": tuple(meta["mean"]), "std": tuple(meta["std"]),
            "classes": tuple(meta["classes"]),
        }  # fmt: skip
        if len(about["mean"]) == 1:  # of grey pictures, shown as RGB
            about |= {"mean": about["mean"] * 3, "std": about["std"] * 3}
        if experiment is not None:
            data = read_json(experiment.plan)["data"]
            name = data["directory"] and str(Path(data["directory"]).resolve())
            about["trained_on"] = TrainedOn(
                name or data["provenance"]["name"],
                (meta["height"], meta["width"]),
                data["digest"],
                data["split_seed"],
                val_too=(beside / METRICS).is_file()
                and read_json(beside / METRICS).get("trained_on") == TRAIN_AND_VAL,
            )
    except (OSError, ValueError, KeyError, TypeError) as error:
        if experiment is None:
            return file  # a file alone says nothing of itself
        raise BadInput(f"--weights {file.asked}: {experiment.root} is damaged ({error})") from error
    return replace(file, **about)
