"""A space whose task trains nothing: nine parameters, a network that stays as it is.

What is left of a search's time is the search itself. For `overhead.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from optuna.distributions import FloatDistribution
from torch import Tensor, nn

from search_spaces.space import SearchSpace
from trainables.data.images import cut_and_cached
from trainables.data.request import DataRequest
from trainables.data.source import ImageSource, RawImages, file_fingerprint
from trainables.data.splits import Provenance, Split, Splits
from trainables.hyperparameters import check, number
from trainables.parts import fields
from trainables.parts.classifier import classify
from trainables.task import Task
from trainables.trainer import Trainer


def unit() -> Any:
    """A parameter that changes nothing."""
    return number(0.5, low=0.0, high=1.0, help="nothing")


@dataclass(frozen=True)
class Config:
    """Nine parameters."""

    lr: float = fields.lr(1e-3)
    a: float = unit()
    b: float = unit()
    c: float = unit()
    d: float = unit()
    e: float = unit()
    f: float = unit()
    g: float = unit()
    h: float = unit()
    epochs: int = fields.epochs(3)

    def __post_init__(self) -> None:
        check(self)


def network(config: Any, meta: Any) -> nn.Module:
    """One linear layer, never trained: which trial is best depends on its seed alone."""
    return nn.Sequential(
        nn.Flatten(), nn.Linear(meta.height * meta.width * meta.channels, len(meta.classes))
    )


def build(config: Any, splits: Splits, device: str) -> Trainer:
    """A Trainer whose epoch is one empty step."""
    net = network(config, splits.meta)
    targets = torch.from_numpy(np.array(splits.val.targets))

    def batches(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        yield targets, targets

    def loss(module: Any, inputs: Tensor, targets: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        return module[1].bias.sum() * 0, {}

    def evaluate(module: nn.Module, split: str) -> dict[str, float]:
        logits = classify(module, splits.val.inputs, splits.meta, device)
        return {"accuracy": float((logits.argmax(1) == splits.val.targets).mean())}

    return Trainer(
        net,
        torch.optim.SGD(net.parameters(), lr=config.lr),
        None,
        epochs=config.epochs,
        batches=batches,
        loss=loss,
        evaluate=evaluate,
        device=device,
        autocast=False,
        about={"task": "nothing", "config": asdict(config)},
    )


def load(request: DataRequest) -> Splits:
    """A few grey pictures of 4x4."""

    def draw() -> RawImages:
        rng = np.random.default_rng(0)
        pictures = rng.integers(0, 256, (300, 4, 4, 1), dtype=np.uint8)
        return RawImages(Split(pictures, np.arange(300) % 3), ("a", "b", "c"))

    source = ImageSource(
        Provenance("own", "noise"), file_fingerprint("nothing", [Path(__file__)]), draw
    )
    return cut_and_cached(source, request.split_seed)


SPACE = SearchSpace(
    task=Task("nothing", Config, network, build, load),
    distributions={"lr": FloatDistribution(1e-4, 1e-1, log=True)}
    | {name: FloatDistribution(0.0, 1.0) for name in "abcdefgh"},
    epochs=3,
    trials=200,
    finalists=0,
)
