"""How deep to freeze: a network pretrained on half of the classes, fine-tuned on the others.

    python tests/benchmarks/depths.py --data-dir cifar10/

Pretrains ResNet-18 on the first five classes, then tunes it on 5,000 pictures of the others at
every depth, with several seeds, and trains it from scratch with the same recipe. Prints accuracy on
val with its 95 % t-interval over the seeds, and seconds an epoch. One thread a training, as many
at a time as there are cores.
"""

from __future__ import annotations

import argparse
import itertools
import math
import os
import statistics
import tempfile
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import torch
from scipy import stats  # type: ignore[import-untyped]

from trainables.data.pretrained import Pretrained
from trainables.data.request import DataRequest
from trainables.data.splits import Split, Splits
from trainables.data.state_dict import digest_of
from trainables.parts.resnet import STAGES
from trainables.resnet18_finetune import TASK
from trainables.task import begin

PRETRAINING = {
    "frozen_stages": 0, "optimizer": "adamw", "lr": 2e-3, "weight_decay": 1e-2, "batch_size": 64,
    "schedule": "cosine", "warm_up": 0.1, "flip": True,
}  # fmt: skip
TUNING = PRETRAINING | {"lr": 1e-3, "head_lr_multiplier": 3.0, "layer_decay": 0.8}
SCRATCH = len(STAGES) + 1  # in place of a depth


def of_classes(splits: Splits, first: int, count: int, train: int | None = None) -> Splits:
    """The pictures of some classes alone."""

    def chosen(split: Split) -> Split:
        kept = (split.targets >= first) & (split.targets < first + count)
        return Split(split.inputs[kept], split.targets[kept] - first)

    meta = replace(splits.meta, classes=splits.meta.classes[first : first + count])
    part = chosen(splits.train)
    part = part if train is None else part.head(train)
    digest = f"{splits.digest} {first} {count} {train}"
    return replace(splits, train=part, val=chosen(splits.val), meta=meta, digest=digest, entry=None)


def pretrained(splits: Splits, side: int, epochs: int, device: str) -> Pretrained:
    """The network trained on these pictures."""
    config = PRETRAINING | {"image_size": side, "epochs": epochs}
    trainer = begin(TASK, config, splits, device=device, seed=0, threads=joblib.cpu_count())
    for _ in range(epochs):
        result = trainer.run_epoch()
        print(f"pretraining, epoch {result['epoch']}: {result['val_accuracy']:.4f}", flush=True)
    arrays = {n: v.cpu().numpy() for n, v in trainer.module.state_dict().items()}
    meta, name = splits.meta, "of the other classes"
    return Pretrained("here", name, arrays, meta.mean, meta.std, meta.classes, digest_of(arrays))


def tuned(
    splits: Splits, depth: int, seed: int, side: int, epochs: int, device: str, cache: str
) -> tuple[float, float, float]:
    """Best accuracy of an epoch, median seconds of one, and pictures a second in training."""
    os.environ["XDG_CACHE_HOME"] = cache
    if depth == SCRATCH:
        splits, depth = replace(splits, weights=None), 0
        recipe = TUNING | {"head_lr_multiplier": 1.0, "layer_decay": 1.0}
    else:
        recipe = TUNING
    config = recipe | {"frozen_stages": depth, "image_size": side, "epochs": epochs}
    trainer = begin(TASK, config, splits, device=device, seed=seed, threads=1)
    results = [trainer.run_epoch() for _ in range(epochs)]
    seconds = statistics.median(result["seconds"] for result in results)
    rate = statistics.median(result["samples_per_second"] for result in results)
    return max(result["val_accuracy"] for result in results), seconds, rate


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path, required=True)
    parser.add_argument("--side", type=int, default=32)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--pretraining-epochs", type=int, default=6)
    parser.add_argument("--train", type=int, default=5_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    side, device = options.side, options.device
    request = DataRequest(directory=options.data_dir, weights="none", side=side, say=print)
    splits = TASK.load(request)
    weights = pretrained(of_classes(splits, 0, 5), side, options.pretraining_epochs, device)
    target = replace(of_classes(splits, 5, 5, options.train), weights=weights).closed()
    print(f"tuned on {', '.join(target.meta.classes)}: {len(target.train)} + {len(target.val)}")
    jobs = list(itertools.product(range(SCRATCH + 1), range(options.seeds)))
    with tempfile.TemporaryDirectory() as cache:
        parallel = joblib.Parallel(n_jobs=1 if device == "cuda" else -1)
        found = parallel(
            joblib.delayed(tuned)(target, depth, seed, side, options.epochs, device, cache)
            for depth, seed in jobs
        )
    t = stats.t.ppf(0.975, options.seeds - 1)
    print("frozen stages  accuracy  95 % interval     seconds an epoch  pictures/s")
    for depth in range(SCRATCH + 1):
        of_depth = [f for (d, _), f in zip(jobs, found, strict=True) if d == depth]
        accuracies, seconds, rates = (np.array(column) for column in zip(*of_depth, strict=True))
        half = t * accuracies.std(ddof=1) / math.sqrt(options.seeds)
        name = "from scratch" if depth == SCRATCH else str(depth)
        interval = f"{accuracies.mean() - half:.4f} to {accuracies.mean() + half:.4f}"
        times = f"{np.median(seconds):16.2f}  {np.median(rates):10.0f}"
        print(f"{name:>13}  {accuracies.mean():8.4f}  {interval}  {times}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
