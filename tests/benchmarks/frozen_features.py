"""Frozen means free: trials on kept output of the frozen stages against trials that compute it.

    python tests/benchmarks/frozen_features.py [--data-dir DIR] [--side 64] [--frozen 5]

Four configurations, five epochs each with validation, 4,000 pictures, one thread, no augmentation;
making what is kept is part of its time. Prints the ratio, and how many of val's pictures the two
models of a configuration say the same of.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from trainables.data.kept import Kept
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.data.state_dict import put_into
from trainables.parts.classifier import classify
from trainables.parts.finetune import build_finetuner
from trainables.parts.resnet import HEAD
from trainables.parts.views import Augmenter
from trainables.resnet18_finetune import TASK, Config, network

TRAIN, VAL, EPOCHS = 4_000, 1_000, 5
TRIALS = tuple((lr, batch) for lr in (0.003, 0.03) for batch in (32, 128))


def trained(
    splits: Splits, kept: Kept, side: int, frozen: int, device: str
) -> tuple[float, list[np.ndarray]]:
    """Seconds of all trials, and what each model says of val."""
    networks, start = [], time.perf_counter()
    assert splits.weights is not None
    for lr, batch in TRIALS:
        config = Config(
            frozen_stages=frozen, image_size=side, lr=lr, batch_size=batch, epochs=EPOCHS
        )
        torch.manual_seed(0)
        made = network(config, splits.meta)
        put_into(made, splits.weights.arrays, drop=set(HEAD))
        idle = Augmenter(flip=False, crop=1.0, jitter=0.0)
        trainer = build_finetuner(TASK.name, config, made, splits, device, idle, kept)
        for _ in range(EPOCHS):
            trainer.run_epoch()
        networks.append(made)
    seconds = time.perf_counter() - start
    batch = networks[0].evaluation_batch
    inputs, meta = splits.val.inputs, splits.meta
    return seconds, [classify(n, inputs, meta, device, batch).argmax(1) for n in networks]


def main() -> None:
    """Print the ratio of each repeat, their median, and the agreement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--frozen", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(1)
    kind = "auto" if options.data_dir else "embedded"
    request = DataRequest(kind, options.data_dir, weights="built-in", side=options.side, say=print)
    splits = TASK.load(request)
    splits = replace(splits, train=splits.train.head(TRAIN), val=splits.val.head(VAL))
    print(f"{splits.provenance}: {len(splits.train)} + {len(splits.val)} at {options.side} px")
    ratios, alike = [], []
    for _ in range(options.repeats):
        with tempfile.TemporaryDirectory() as folder:
            both = [
                trained(splits, kept, options.side, options.frozen, options.device)
                for kept in (Kept(Path(folder)), Kept(Path(folder), most=0))
            ]
        (kept_seconds, first), (plain_seconds, second) = both
        ratios.append(plain_seconds / kept_seconds)
        alike.append(float(np.mean([a == b for a, b in zip(first, second, strict=True)])))
        print(f"kept {kept_seconds:.1f} s, computed {plain_seconds:.1f} s: {ratios[-1]:.1f} times")
    print(
        f"median {statistics.median(ratios):.1f} times as fast ({min(ratios):.1f} to "
        f"{max(ratios):.1f}); the same said of {min(alike):.2%} of val's pictures"
    )


if __name__ == "__main__":
    main()
