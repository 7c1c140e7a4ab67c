"""The configurations by plain Ray Tune, as its PyTorch tutorial does it: `plain_ray.py WORK OUT`.

A function trainable, a checkpoint an epoch, default loggers, and Ray's default of a new actor for
every trial.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import ray
import torch
from ray import tune

from tests.benchmarks.rivals.loop import train


def train_cifar(config: dict[str, Any]) -> None:
    """One trial."""
    epochs = train(config["configuration"], Path(config["work"]), Path(config["out"]))
    for _, metrics, state in epochs:
        with tempfile.TemporaryDirectory() as folder:
            torch.save(state, Path(folder, "checkpoint.pt"))
            tune.report(metrics, checkpoint=tune.Checkpoint.from_directory(folder))


def main(work: Path, out: Path) -> None:
    """Run them all, two at a time."""
    configurations = json.loads((work / "job.json").read_text())["configurations"]
    ray.init("local", num_cpus=2)  # never one that somebody else has running
    tuner = tune.Tuner(
        tune.with_resources(train_cifar, {"cpu": 1}),
        param_space={
            "configuration": tune.grid_search(configurations),
            "work": str(work),
            "out": str(out),
        },
        tune_config=tune.TuneConfig(metric="val_accuracy", mode="max", max_concurrent_trials=2),
        run_config=tune.RunConfig(name="ray", storage_path=str(out)),
    )
    results = tuner.fit()
    if results.errors:
        sys.exit(f"failed trials: {results.errors}")
    print(results.get_best_result().metrics)
    ray.shutdown()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
