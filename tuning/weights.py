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
from tuning.experiment import CONFIG, MODEL, Experiment


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
    if path.is_file():
        return _described(WeightsFile(asked, path.absolute(), f"of {path.name}"), path.parent)
    if not (path / "plan.json").is_file():
        path = storage / asked
    experiment = Experiment(path)
    if not experiment.plan.is_file():
        raise BadInput(
            f"{option}: no file, and no experiment in {storage}; {nearest(asked, WEIGHTS)}"
        )
    if not (experiment.best / MODEL).is_file():
        raise BadInput(f"{option}: {experiment.root} has no exported model")
    found = WeightsFile(
        asked, (experiment.best / MODEL).absolute(), f"of the best model of {experiment.name}"
    )
    return _described(found, experiment.best, experiment)


def _described(
    file: WeightsFile, beside: Path, experiment: Experiment | None = None
) -> WeightsFile:
    """With what the export's own description, beside the file, says of it."""
    try:
        meta = read_json(beside / CONFIG)["meta"]
        about: dict[str, Any] = {
            "mean": tuple(meta["mean"]), "std": tuple(meta["std"]),
            "classes": tuple(meta["classes"]),
        }  # fmt: skip
        if len(about["mean"]) == 1:  # of grey pictures, shown as RGB
            about |= {"mean": about["mean"] * 3, "std": about["std"] * 3}
        if experiment is not None:
            data = read_json(experiment.plan)["data"]
            kind, name = (data["provenance"][key] for key in ("kind", "name"))
            about["trained_on"] = TrainedOn((kind, name), data["digest"], data["split_seed"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        if experiment is None:
            return file  # a file alone says nothing of itself
        raise BadInput(f"--weights {file.asked}: {experiment.root} is damaged ({error})") from error
    return replace(file, **about)
