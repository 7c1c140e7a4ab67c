"""A finished model in a directory of its own: weights, configuration, what its inputs mean.

best/
  model.pt       state dict, loads with `weights_only`
  space.py       the user's own file, where the task is defined in one
  config.json    task, hyperparameters, what its inputs mean (classes, symbols, scale), provenance
  metrics.json   val, test, baseline, references, and which trial and seed it is
  *              what the task adds: pictures, the interval of a forecast
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from search_spaces.find import find_space
from trainables.errors import BadInput
from trainables.files import read_json, sha256
from trainables.task import Task, find_task
from trainables.trainer import load_tensors
from tuning.experiment import CONFIG, MODEL, SPACE_FILE


@dataclass(frozen=True)
class Bundle:
    """A model loaded from its directory, on the CPU, in evaluation mode."""

    task: Task
    network: Any
    meta: Any
    provenance: dict[str, Any]


def load_bundle(
    directory: Path, *, trust: bool = False, of: type | None = None, command: str = ""
) -> Bundle:
    """Load an exported model.

    Args:
        trust: whether code that lies in the directory may be imported; only a task of the user's
            own needs that.
        of: what its inputs must be described by (`ImageMeta` for pictures) for `command`.

    Raises:
        BadInput: the directory holds no export, or its weights do not fit its configuration, or
            its task's code is not trusted or not what the search had.
    """
    try:
        config = read_json(directory / CONFIG)
        weights = load_tensors(directory / MODEL)
        code, task_name, parameters = config["code_sha256"], config["task"], config["parameters"]
        described, provenance = config["meta"], config["provenance"]
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise BadInput(f"{directory}: no exported model ({reason})") from None
    task = find_task(task_name) if code is None else own_task(directory, code, trust=trust)
    if of not in (None, task.scoring.meta):
        raise BadInput(f"{command}: not for {task.name}, whose model is of {task.scoring.examples}")
    meta = task.scoring.meta.from_json(described)
    network = build_network(task, parameters, meta, weights)
    return Bundle(task, network, meta, provenance)


def own_task(directory: Path, expected: str, *, trust: bool) -> Task:
    """The task in the copy of a user's file in an experiment or an export.

    Raises:
        BadInput: not trusted, gone, or not the file that the search ran with.
    """
    file = directory / SPACE_FILE
    if not trust:
        raise BadInput(f"{file}: is code that came with the model; read it, then give --trust")
    try:
        found = sha256(file.read_bytes())
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror})") from None
    if found != expected:
        raise BadInput(f"{file}: is not the file that the search ran with (SHA-256 differs)")
    return find_space(str(file)).task


def build_network(
    task: Task, parameters: dict[str, Any], meta: Any, weights: dict[str, Any]
) -> nn.Module:
    """The task's network with these hyperparameters and weights, in evaluation mode."""
    network = task.network(task.Config(**parameters), meta)
    network.load_state_dict(weights)
    return network.eval()
