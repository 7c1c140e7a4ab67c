"""A ResNet-18 trained on drawn textures, once on each machine: where no better weights are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import joblib
import torch
from filelock import FileLock
from torch import nn

from trainables.data.request import cache_directory
from trainables.data.splits import ImageMeta, Provenance, Split, Splits
from trainables.data.textures import CLASSES, SIDE, drawn_textures
from trainables.parts.classifier import Augmentation, build_classifier
from trainables.parts.kernels import gpu_count, pick_device
from trainables.trainer import save_weights

MEAN, STD = (127.5,) * 3, (64.0,) * 3  # what the pictures are normalised by
_TRAIN, _VAL = 4_800, 600  # pictures
_NAME = "resnet18-textures-1.pt"  # another number when anything here changes


@dataclass(frozen=True)
class _Recipe:
    """How the network is trained: a common one for small residual networks."""

    optimizer: str = "adamw"
    lr: float = 2e-3
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 1e-2
    batch_size: int = 48
    schedule: str = "one_cycle"
    label_smoothing: float = 0.0
    epochs: int = 6


def pretrained_file(network: Callable[[], nn.Module], say: Callable[[str], None]) -> Path:
    """The state dict of the pretrained network; it is trained first where it is not there.

    Args:
        network: (len(CLASSES) outputs) made with torch's global generator.
    """
    path = cache_directory() / "weights" / _NAME
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(path.with_name(f".{_NAME}.lock")):
            if not path.is_file():
                _pretrain(network, path, say)
    return path


def _pretrain(network: Callable[[], nn.Module], path: Path, say: Callable[[str], None]) -> None:
    say(f"Pretraining on {_TRAIN:,} drawn textures (once; the result is cached)")
    images, labels = drawn_textures(_TRAIN + _VAL, seed=0)
    parts = slice(_TRAIN), slice(_TRAIN, None)
    train, val = (Split(images[part], labels[part]) for part in parts)
    meta = ImageMeta(SIDE, SIDE, 3, CLASSES, MEAN, STD)
    splits = Splits(train, val, meta, Provenance("stand-in", "drawn textures"), digest="")
    threads, recipe = torch.get_num_threads(), _Recipe()
    torch.set_num_threads(joblib.cpu_count())
    try:
        with torch.random.fork_rng():
            torch.manual_seed(0)
            device = pick_device(gpu_count())
            trainer = build_classifier(
                "pretraining", recipe, network(), splits, device, Augmentation()
            )
            for _ in range(recipe.epochs):
                result = trainer.run_epoch()
    finally:
        torch.set_num_threads(threads)
    save_weights(trainer.module.state_dict(), path)
    if device == "cuda":
        del trainer
        torch.cuda.empty_cache()
    say(f"Pretrained: {result['val_accuracy']:.1%} of {len(CLASSES)} textures told apart")
