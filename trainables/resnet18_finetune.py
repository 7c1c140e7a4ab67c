"""Fine-tuning ResNet-18 on a folder of pictures, with a searched number of frozen stages.

The textbook's settings (everything frozen but the head, SGD, lr 1e-3, momentum 0.9, batch 4), from
PyTorch's "Transfer Learning for Computer Vision" tutorial, are Config's defaults: the baseline
that a search must beat.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from trainables.data.images import load_images
from trainables.data.kept import GIGABYTE, frozen_outputs
from trainables.data.pretrained import WeightsFile
from trainables.data.request import DataRequest
from trainables.data.splits import ImageMeta, Split, Splits
from trainables.data.stand_ins import drawn_source
from trainables.data.state_dict import put_into
from trainables.hyperparameters import check, choice, flag, number
from trainables.parts import fields
from trainables.parts.classifier import CLASSIFICATION, classify
from trainables.parts.finetune import build_finetuner
from trainables.parts.graphs import portable_pictures
from trainables.parts.resnet import HEAD, STAGES, ResNet18, prefix_numbers
from trainables.parts.views import Augmenter
from trainables.parts.weights import load_weights, refuse_what_has_seen_val
from trainables.portable import Portable
from trainables.task import Task
from trainables.trainer import Trainer

SIDE = 64  # pixels: small, so that two cores do


@dataclass(frozen=True)
class Config:
    """Every hyperparameter of `resnet18_finetune`."""

    frozen_stages: int = number(
        5,
        low=0,
        high=len(STAGES),
        unit="stages",
        help="not trained, from the input on: 0 none, 1 the stem, 5 all but the head",
    )
    image_size: int = number(SIDE, low=32, high=512, unit="pixels", help="side of the pictures")
    optimizer: str = fields.optimizer("sgd")
    lr: float = fields.lr(1e-3)
    head_lr_multiplier: float = number(
        1.0, low=0.1, high=100.0, help="the head learns faster by this factor", adjustable=True
    )
    layer_decay: float = number(
        1.0, low=0.1, high=1.0, help="each stage further from the head learns slower by this factor"
    )
    momentum: float = fields.momentum(0.9)
    nesterov: bool = fields.nesterov(False)
    weight_decay: float = fields.weight_decay(0.0)
    batch_size: int = number(4, low=2, high=65_536, unit="examples", help="examples per update")
    schedule: str = choice(
        "constant", ("constant", "cosine"), help="course of the learning rate after warm-up"
    )
    warm_up: float = number(
        0.0, low=0.0, high=0.9, help="share of the training in which lr first rises"
    )
    dropout: float = fields.dropout(0.0)
    label_smoothing: float = fields.label_smoothing(0.0)
    flip: bool = flag(False, help="half of the pictures flipped left to right")
    crop: float = number(
        1.0, low=0.05, high=1.0, help="smallest share of a picture that a random crop keeps"
    )
    jitter: float = number(
        0.0, low=0.0, high=0.9, help="largest change of brightness, contrast and saturation"
    )
    views: int = number(
        2,
        low=0,
        high=1_000,
        unit="views",
        help="augmented views of a picture behind frozen stages, shown in turn; 0: always new ones",
    )
    epochs: int = fields.epochs(5)

    def __post_init__(self) -> None:
        check(self)


def network(config: Config, meta: ImageMeta) -> ResNet18:
    """ResNet-18 for these pictures, its weights random."""
    return ResNet18(len(meta.classes), config.image_size, config.frozen_stages, config.dropout)


def build(config: Config, splits: Splits, device: str) -> Trainer:
    """A Trainer for what is not frozen; seed torch's global generator first."""
    made = network(config, splits.meta)
    if splits.weights is not None:
        # Of other classes only what lies below the head is of use.
        same = splits.weights.classes in (None, splits.meta.classes)
        shape = getattr(splits.weights.arrays.get("fc.bias"), "shape", None)
        keeps_head = same and shape == (len(splits.meta.classes),)
        put_into(made, splits.weights.arrays, drop=set() if keeps_head else set(HEAD))
    augmenter = Augmenter(config.flip, config.crop, config.jitter)
    return build_finetuner(TASK.name, config, made, splits, device, augmenter, frozen_outputs())


def load(request: DataRequest) -> Splits:
    """CIFAR-10, the user's own pictures, or the drawn ones; and the weights to start from.

    Weights bring the normalisation along that they were trained with.
    """
    given = isinstance(request.weights, WeightsFile) or request.weights == "imagenet"
    weights = load_weights(request) if given else None  # refused before pictures are decoded
    splits = load_images(
        request,
        published="CIFAR10",
        size=request.side or SIDE,
        largest=request.side or SIDE,
        stand_in=drawn_source,
    )
    if not given:  # it may be trained here, which takes a while
        weights = load_weights(request)
    if weights is None:
        return splits
    refuse_what_has_seen_val(request, splits)
    mean, std = weights.mean, weights.std
    if splits.meta.channels == 1:  # grey pictures are shown to it as RGB
        mean, std = (sum(mean) / len(mean),), (sum(std) / len(std),)
    return replace(
        splits,
        meta=replace(splits.meta, mean=mean, std=std),
        provenance=replace(splits.provenance, weights=weights.name),
        weights=weights,
    )


def notes(config: Config, splits: Splits) -> tuple[str, ...]:
    """What a user should know of frozen stages before the search starts."""
    if splits.weights is None:
        return ("--weights none: what is frozen stays random; frozen_stages=0 trains everything",)
    views = f"{config.views} augmented views" if config.views else "no augmented view"
    kept = f"Frozen stages: their output is kept, of each picture and of {views} of it"
    count = max(1, config.views) * len(splits.train) + len(splits.val)
    sizes = {
        depth: 4 * prefix_numbers(depth, config.image_size) * count
        for depth in range(1, len(STAGES) + 1)
    }
    most = frozen_outputs().most
    large = [str(depth) for depth, size in sizes.items() if size > most]
    if not large:
        return (kept,)
    gigabytes = max(sizes.values()) / GIGABYTE
    return (
        kept,
        f"frozen_stages={','.join(large)}: up to {gigabytes:.0f} GB are too much to keep, so with "
        "augmentation they are computed each time",
    )


def _outputs(network: Any, part: Split, meta: ImageMeta, device: str) -> np.ndarray:
    """Logits of every picture, in batches of the size that training's own evaluation has."""
    return classify(network, part.inputs, meta, device, network.evaluation_batch)


def _portable(network: Any, meta: ImageMeta) -> Portable:
    def trained(pixels: np.ndarray) -> np.ndarray:
        return classify(network, pixels, meta, "cpu", network.evaluation_batch)

    return portable_pictures(network.plain(), meta, trained)


TASK = Task(
    name="resnet18_finetune",
    Config=Config,
    network=network,
    build=build,
    load=load,
    scoring=replace(CLASSIFICATION, outputs=_outputs, portable=_portable),
    notes=notes,
    pretrained=True,
    sized_by="image_size",
)
