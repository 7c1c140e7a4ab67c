"""A space whose task trains nothing, yet has learning curves, and trials that raise or diverge.

What a network gets right follows from its settings and its epochs alone; so it is known which
trial is best, and a search takes no longer than the search itself. For `states.py`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from torch import Tensor, nn

from search_spaces.space import SearchSpace, When
from trainables.data.images import cut_and_cached
from trainables.data.request import DataRequest
from trainables.data.source import ImageSource, RawImages, file_fingerprint
from trainables.data.splits import ImageMeta, Provenance, Split, Splits
from trainables.hyperparameters import check, number
from trainables.parts import fields
from trainables.parts.classifier import classify
from trainables.task import Task
from trainables.trainer import Trainer

CLASSES, PICTURES = 3, 1200
RAISES, DIVERGES = (0.3, 0.4), (0.1, 0.2)  # moods in between, in the second epoch


@dataclass(frozen=True)
class Config:
    """`mood` says how a trial fares, and what goes wrong."""

    lr: float = fields.lr(1e-3)
    mood: float = number(0.5, low=0.0, high=1.0, help="1 is best")
    optimizer: str = fields.optimizer("adam")
    momentum: float = fields.momentum(0.5)
    depth: int = number(1, low=1, high=4, help="3 is best")
    epochs: int = fields.epochs(9)

    def __post_init__(self) -> None:
        check(self)


class Moody(nn.Module):
    """[n, 1, 4, 4] -> [n, 3]: right for the part of the pictures that its settings deserve.

    A picture's first two pixels are its class and its place among all, both from 0 to 255.
    """

    def __init__(self, config: Config, meta: ImageMeta) -> None:
        super().__init__()
        self.done = nn.Parameter(torch.zeros(1))  # epochs
        sgd = 0.1 * (config.momentum - 0.6) if config.optimizer == "sgd" else 0.0
        lr = abs(math.log10(config.lr) + 2) / 4
        self._most = 0.95 - 0.3 * lr - 0.2 * (1 - config.mood) - 0.05 * abs(config.depth - 3) + sgd
        self._speed = 0.3 + config.mood
        self._mean, self._std = meta.mean[0], meta.std[0]

    @property
    def quality(self) -> float:
        """The part of the pictures that it gets right, from 0 to 1."""
        return max(0.0, self._most * (1 - math.exp(-self._speed * float(self.done))))

    def forward(self, inputs: Tensor) -> Tensor:
        pixels = inputs.flatten(1)[:, :2].float() * self._std + self._mean
        label = (pixels[:, 0] / 255 * (CLASSES - 1)).round().long()
        wrong = pixels[:, 1] / 255 >= self.quality
        return nn.functional.one_hot((label + wrong) % CLASSES, CLASSES).float()


def build(config: Config, splits: Splits, device: str) -> Trainer:
    """A Trainer whose epoch is one step that only counts."""
    net = Moody(config, splits.meta)

    def batches(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        yield torch.zeros(1), torch.zeros(1)

    def loss(module: Any, inputs: Tensor, targets: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        second = bool(module.done >= 1)
        if second and RAISES[0] <= config.mood < RAISES[1]:
            raise ArithmeticError("in a mood")
        broken = math.nan if second and DIVERGES[0] <= config.mood < DIVERGES[1] else 1.0
        return -module.done.sum() * broken, {}

    def evaluate(module: nn.Module, split: str) -> dict[str, float]:
        logits = classify(module, splits.val.inputs, splits.meta, device)
        return {"accuracy": float((logits.argmax(1) == splits.val.targets).mean())}

    return Trainer(
        net,
        torch.optim.SGD(net.parameters(), lr=1.0),  # a step down -done adds 1 to it
        None,
        epochs=config.epochs,
        batches=batches,
        loss=loss,
        evaluate=evaluate,
        device=device,
        autocast=False,
        about={"task": "moody", "config": asdict(config)},
    )


def load(request: DataRequest) -> Splits:
    """Grey pictures of 4x4 that say what they are."""

    def draw() -> RawImages:
        rng = np.random.default_rng(0)
        labels = np.arange(PICTURES) % CLASSES
        pictures = np.zeros((PICTURES, 16), np.uint8)
        pictures[:, 0] = labels * 255 // (CLASSES - 1)
        pictures[:, 1] = rng.permutation(PICTURES) * 255 // PICTURES
        shaped = pictures.reshape(PICTURES, 4, 4, 1)
        return RawImages(Split(shaped, labels), ("a", "b", "c"))

    fingerprint = file_fingerprint("moody", [Path(__file__)])
    return cut_and_cached(
        ImageSource(Provenance("own", "labels"), fingerprint, draw), request.split_seed
    )


SPACE = SearchSpace(
    task=Task("moody", Config, Moody, build, load),
    distributions={
        "lr": FloatDistribution(1e-4, 1e-1, log=True),
        "mood": FloatDistribution(0.0, 1.0),
        "optimizer": CategoricalDistribution(("adam", "sgd")),
        "momentum": FloatDistribution(0.0, 0.9),
        "depth": IntDistribution(1, 4),
    },
    conditions={"momentum": When("optimizer", ("sgd",))},
    epochs=9,
    trials=24,
    grace_period=2,  # none is stopped before it can go wrong
    finalists=0,
)
