"""A trial of Syne Tune's: the script that its local backend starts."""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from syne_tune import Reporter
from syne_tune.utils import add_checkpointing_to_argparse

from tests.benchmarks.rivals.loop import train


def main() -> None:
    """Train the configuration on the command line; report and keep a checkpoint every epoch."""
    parser = argparse.ArgumentParser()
    for name, kind in (("lr", float), ("momentum", float)):
        parser.add_argument(f"--{name}", type=kind)
    for name in ("batch_size", "l1", "l2"):
        parser.add_argument(f"--{name}", type=int)
    for name in ("work", "out"):
        parser.add_argument(f"--{name}", type=Path)
    add_checkpointing_to_argparse(parser)
    options = vars(parser.parse_args())
    work, out, checkpoints = (options.pop(n) for n in ("work", "out", "st_checkpoint_dir"))
    Path(checkpoints).mkdir(parents=True, exist_ok=True)
    report = Reporter()
    for epoch, metrics, state in train(options, work, out):
        torch.save(state, Path(checkpoints, "checkpoint.pt"))
        report(epoch=epoch, **metrics)


if __name__ == "__main__":
    main()
