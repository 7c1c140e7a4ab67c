"""Training and scoring a classifier of pictures: batches, loss, metrics."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.data.splits import ImageMeta, Split, Splits
from trainables.inspection import Inspection
from trainables.parts.confusion import confusion_figures, picture_example, picture_points
from trainables.parts.confusion_plot import draw_confusion, draw_most_confused
from trainables.parts.graphs import portable_pictures
from trainables.parts.kernels import Kernels, choose_kernels
from trainables.parts.optimizers import make_optimizer, make_schedule
from trainables.parts.scores import classification_report, classification_shares
from trainables.scoring import Scoring
from trainables.trainer import Trainer

EVALUATION_BATCH = 1_000  # fixed: the same score needs the same batch size


@dataclasses.dataclass(frozen=True)
class Augmentation:
    """What happens to a training batch; the identity where a task has nothing to add.

    Attributes:
        stored: (uint8 [n, h, w, c], generator) -> the same; before the change to float.
        floats: (float [n, c, h, w] in 0..255, generator) -> the same; after it.
    """

    stored: Callable[[Tensor, torch.Generator], Tensor] = lambda images, generator: images
    floats: Callable[[Tensor, torch.Generator], Tensor] = lambda images, generator: images


def build_classifier(
    name: str,
    config: Any,
    network: nn.Module,
    splits: Splits,
    device: str,
    augmentation: Augmentation,
) -> Trainer:
    """A Trainer for `network` on pictures: cross-entropy, accuracy.

    Args:
        name: the task's; with `config` it identifies checkpoints.
        config: has `optimizer, lr, momentum, nesterov, weight_decay, batch_size, schedule,
            label_smoothing, epochs`.
    """
    kernels = choose_kernels(device)
    module = place(network, device, kernels)
    optimizer = make_optimizer(config, module.parameters())
    steps = math.ceil(len(splits.train) / config.batch_size)
    pictures = _Pictures(splits.train, splits.meta, device, kernels)
    held = {"val": on_device(splits.val, device)}

    def loss(
        module: nn.Module, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return training_loss(module(inputs), targets, config.label_smoothing)

    def evaluate(module: nn.Module, split: str) -> dict[str, float]:
        if split == "test" and "test" not in held:
            held["test"] = on_device(splits.test, device)
        inputs, targets = held[split]
        logits = _logits(module, inputs, splits.meta, device, kernels, EVALUATION_BATCH)
        return scores(logits, targets)

    return Trainer(
        module,
        optimizer,
        make_schedule(config, optimizer, steps * config.epochs),
        epochs=config.epochs,
        batches=lambda generator: pictures.batches(config.batch_size, augmentation, generator),
        loss=loss,
        evaluate=evaluate,
        device=device,
        autocast=kernels.autocast,
        about={"task": name, "config": dataclasses.asdict(config)},
    )


def place(network: nn.Module, device: str, kernels: Kernels) -> nn.Module:
    """The network on its device, in the memory layout that pays there."""
    layout = torch.channels_last if kernels.channels_last else torch.contiguous_format
    return network.to(device=device, memory_format=layout)  # type: ignore[call-overload]


def training_loss(
    logits: Tensor, targets: Tensor, label_smoothing: float
) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean cross-entropy of a batch, and how many of it are right."""
    mean = F.cross_entropy(logits.float(), targets, label_smoothing=label_smoothing)
    return mean, {"accuracy": (logits.detach().argmax(1) == targets).sum()}


def scores(logits: Tensor, targets: Tensor) -> dict[str, float]:
    """`loss` (cross-entropy) and `accuracy` of a part."""
    return {
        "loss": float(F.cross_entropy(logits, targets)),
        "accuracy": float((logits.argmax(1) == targets).sum()) / len(targets),
    }


def classify(
    network: nn.Module,
    images: np.ndarray,
    meta: ImageMeta,
    device: str,
    batch: int = EVALUATION_BATCH,
) -> np.ndarray:
    """Logits of every picture, as training's own evaluation computes them.

    Args:
        images: uint8 [n, height, width, channels].
        batch: pictures at a time.

    Returns:
        float32 [n, classes].
    """
    kernels = choose_kernels(device)
    module = place(network, device, kernels).eval()
    with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
        inputs = on_device(Split(images, np.zeros(len(images), np.int64)), device)[0]
        return _logits(module, inputs, meta, device, kernels, batch).cpu().numpy()


class _Pictures:
    """The training pictures and how a batch of them is made."""

    def __init__(self, split: Split, meta: ImageMeta, device: str, kernels: Kernels) -> None:
        self._images, self._targets = on_device(split, device)
        self._device = device
        self._normalise = normaliser(meta, device, kernels)

    def batches(
        self, size: int, augmentation: Augmentation, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        count = len(self._targets)
        order = torch.randperm(count, generator=generator, device=self._device)
        for start in range(0, count, size):
            chosen = order[start : start + size]
            images = augmentation.stored(take(self._images, chosen), generator)
            floats = augmentation.floats(images.permute(0, 3, 1, 2).float(), generator)
            yield self._normalise(floats), self._targets[chosen]


def _logits(
    module: nn.Module, images: Any, meta: ImageMeta, device: str, kernels: Kernels, batch: int
) -> Tensor:
    normalise = normaliser(meta, device, kernels)
    parts = []
    for start in range(0, len(images), batch):
        chosen = torch.arange(start, min(start + batch, len(images)), device=device)
        inputs = normalise(take(images, chosen).permute(0, 3, 1, 2).float())
        parts.append(module(inputs).float())
    return torch.cat(parts)


def normaliser(meta: ImageMeta, device: str, kernels: Kernels) -> Callable[[Tensor], Tensor]:
    """What brings pictures in 0..255 to mean 0 and deviation 1, in the layout that pays.

    It overwrites the pictures that it is given.
    """
    layout = torch.channels_last if kernels.channels_last else torch.contiguous_format
    mean = torch.tensor(meta.mean, dtype=torch.float32, device=device).view(1, -1, 1, 1)
    scale = 1 / torch.tensor(meta.std, dtype=torch.float32, device=device).view(1, -1, 1, 1)

    def normalise(images: Tensor) -> Tensor:
        return images.sub_(mean).mul_(scale).contiguous(memory_format=layout)

    return normalise


def on_device(split: Split, device: str) -> tuple[Any, Tensor]:
    """(pictures, targets): on a GPU both live there; on CPU pictures stay shared NumPy arrays."""
    targets = torch.from_numpy(np.array(split.targets)).to(device)
    if device == "cpu":
        return split.inputs, targets
    return torch.from_numpy(np.array(split.inputs)).to(device), targets


def take(images: Any, chosen: Tensor) -> Tensor:
    """Rows of the pictures; indexing copies, so the shared array is never written to."""
    if isinstance(images, np.ndarray):
        return torch.from_numpy(images[chosen.numpy()])
    taken: Tensor = images[chosen]
    return taken


CLASSIFICATION = Scoring(
    examples="pictures",
    meta=ImageMeta,
    outputs=lambda network, part, meta, device: classify(network, part.inputs, meta, device),
    report=lambda logits, part, meta, config: classification_report(
        logits, part.targets, meta.classes
    ),
    each=lambda logits, part, meta, config: classification_shares(logits, part.targets),
    differing=lambda trained, exported: int((trained.argmax(1) != exported.argmax(1)).sum()),
    ranges={"accuracy": (0.0, 1.0), "loss": (0.0, math.inf)},
    inspection=Inspection(
        example=picture_example,
        figures=confusion_figures,
        drawings={"confusion": draw_confusion, "most_confused": draw_most_confused},
        points=picture_points,
    ),
    portable=lambda network, meta: portable_pictures(
        network, meta, lambda pixels: classify(network, pixels, meta, "cpu")
    ),
)
