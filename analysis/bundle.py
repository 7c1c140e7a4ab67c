"""A finished model in a directory of its own: weights, configuration, what its inputs mean.

best/
  model.pt       state dict, loads with `weights_only`
  config.json    task, hyperparameters, classes, picture size and normalisation, provenance
  metrics.json   val, test, baseline, and which trial and seed it is
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from trainables.data.splits import ImageMeta
from trainables.errors import BadInput
from trainables.files import read_json
from trainables.task import Task, find_task
from trainables.trainer import load_tensors

WEIGHTS, CONFIG, METRICS = "model.pt", "config.json", "metrics.json"


@dataclass(frozen=True)
class Bundle:
    """A model loaded from its directory, on the CPU, in evaluation mode."""

    task: Task
    network: nn.Module
    meta: ImageMeta
    provenance: dict[str, Any]


def load_bundle(directory: Path) -> Bundle:
    """Load an exported model.

    Raises:
        BadInput: the directory holds no export, or its weights do not fit its configuration.
    """
    try:
        config = read_json(directory / CONFIG)
        weights = load_tensors(directory / WEIGHTS)
    except (OSError, ValueError) as error:
        raise BadInput(f"{directory}: no exported model ({error})") from None
    task = find_task(config["task"])
    meta = ImageMeta.from_json(config["meta"])
    network = build_network(task, config["parameters"], meta, weights)
    return Bundle(task, network, meta, config["provenance"])


def build_network(
    task: Task, parameters: dict[str, Any], meta: Any, weights: dict[str, Any]
) -> nn.Module:
    """The task's network with these hyperparameters and weights, in evaluation mode."""
    network = task.network(task.Config(**parameters), meta)
    network.load_state_dict(weights)
    return network.eval()
