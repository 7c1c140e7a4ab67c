"""What a task is: a Config, a network, data, and how they become a Trainer."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import nn

from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.parts.classifier import CLASSIFICATION
from trainables.parts.memory import keep_freed_memory
from trainables.scoring import Scoring
from trainables.trainer import Trainer


@dataclass(frozen=True)
class Task:
    """One problem and the textbook's way to train it. The last line of a task's file makes one.

    Attributes:
        name: the file's name, such as `cifar10_net`.
        Config: frozen dataclass of every hyperparameter; its defaults are the baseline.
        network: (config, splits.meta) -> untrained module, enough to load an export again.
        build: (config, splits, device) -> Trainer. All randomness comes from torch's global
            generator: call `torch.manual_seed` first.
        load: (request) -> Splits; raises BadInput where the data cannot be had.
        scoring: how a finished model is scored in detail; a classifier of pictures' where a task
            names none.
        check_data: (config, splits) -> raises ValueError where a configuration cannot be trained
            on the data; asked before the first trial for what a search may try.
        notes: (config, splits) -> lines that a user should read before the search starts; the
            config is the baseline, at the largest size.
        pretrained: whether it starts from weights (`--weights`).
        sized_by: the hyperparameter that is the side in pixels of what is trained on; empty where
            the data says that.
        drawings: by the name of a Trainer's figure, what makes a PNG of its values; where it
            raises, the search goes on without that picture.
    """

    name: str
    Config: type
    network: Callable[[Any, Any], nn.Module]
    build: Callable[[Any, Splits, str], Trainer]
    load: Callable[[DataRequest], Splits]
    scoring: Scoring = CLASSIFICATION
    check_data: Callable[[Any, Splits], None] = lambda config, splits: None
    notes: Callable[[Any, Splits], tuple[str, ...]] = lambda config, splits: ()
    pretrained: bool = False
    sized_by: str = ""
    drawings: Mapping[str, Callable[[Any], bytes]] = field(default_factory=dict, hash=False)


def begin(
    task: Task, config: Mapping[str, Any], splits: Splits, *, device: str, seed: int, threads: int
) -> Trainer:
    """Start one training from nothing but its arguments, whatever ran in this process before.

    Sets torch's seed and thread count for the process and gives cached GPU memory back; on CPU
    the process keeps the memory it frees (`parts.memory`).

    Raises:
        ValueError: `config` is not one the task's Config accepts.
    """
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    if device == "cuda":
        torch.cuda.empty_cache()
    else:
        keep_freed_memory()
    return task.build(task.Config(**config), splits, device)


def is_built_in(task: Task) -> bool:
    """Whether `find_task` gives this very task: else it comes from a user's own file."""
    try:
        return find_task(task.name) is task
    except (ModuleNotFoundError, AttributeError):
        return False


def find_task(name: str) -> Task:
    """The task in `trainables/<name>.py`.

    Raises:
        ModuleNotFoundError: there is no such file.
    """
    task = importlib.import_module(f"trainables.{name}").TASK
    assert isinstance(task, Task)
    return task
