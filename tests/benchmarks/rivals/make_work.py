"""What all contenders read, the same for all, into a new folder WORK.

    make_work.py CIFAR_TREE WORK TRAIN VAL CONFIGURATIONS EPOCHS

- `tree/`: pictures copied from CIFAR_TREE's train part, as `train/<class>` and `val/<class>`, and a
  few of its test part: what our own search is given;
- `data.npz`: the same pictures decoded, with their mean and deviation: what the rivals are given;
- `job.json`: the configurations and epochs; `others.json`: all configurations but the first, which
  is the baseline of our own search.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SEED = 0
TEST = 1_000
FIRST = {"lr": 1e-3, "momentum": 0.9, "batch_size": 64, "l1": 120, "l2": 84}  # the textbook's


def main(source: Path, work: Path, train: int, val: int, configurations: int, epochs: int) -> None:
    """Make the folder."""
    generator = np.random.default_rng(SEED)
    drawn = [FIRST, *(draw(generator) for _ in range(configurations - 1))]
    work.mkdir(parents=True)
    (work / "job.json").write_text(json.dumps({"configurations": drawn, "epochs": epochs}))
    (work / "others.json").write_text(json.dumps(drawn[1:]))
    classes = sorted(path.name for path in (source / "train").iterdir() if path.is_dir())
    counts = [part // len(classes) for part in (train, val, TEST)]
    if [count * len(classes) for count in counts] != [train, val, TEST]:
        sys.exit(f"{train} + {val} pictures do not divide among {len(classes)} classes")
    chosen: dict[str, list[tuple[Path, int]]] = {"train": [], "val": [], "test": []}
    for number, name in enumerate(classes):
        files = generator.permutation(sorted((source / "train" / name).glob("*.*")))
        for part, taken in (
            ("train", files[: counts[0]]),
            ("val", files[counts[0] : counts[0] + counts[1]]),
            ("test", sorted((source / "test" / name).glob("*.*"))[: counts[2]]),
        ):
            chosen[part] += [(path, number) for path in taken]
            folder = work / "tree" / part / name
            folder.mkdir(parents=True)
            for path in taken:
                shutil.copyfile(path, folder / path.name)
    for part, wanted in (("train", train), ("val", val), ("test", TEST)):
        if len(chosen[part]) != wanted:
            sys.exit(f"{source} has too few pictures: {len(chosen[part])} for {wanted} of {part}")
    arrays: dict[str, Any] = {}
    for part in ("train", "val"):
        pictures = [np.asarray(Image.open(path).convert("RGB")) for path, _ in chosen[part]]
        arrays[f"{part}_images"] = np.stack(pictures)
        arrays[f"{part}_targets"] = np.array([number for _, number in chosen[part]])
    scaled = arrays["train_images"] / np.float32(255)
    arrays["mean"], arrays["std"] = scaled.mean((0, 1, 2)), scaled.std((0, 1, 2))
    np.savez(work / "data.npz", **arrays)


def draw(generator: np.random.Generator) -> dict[str, Any]:
    """One configuration: lr on a log scale, momentum evenly, the others from their lists."""
    return {
        "lr": float(np.exp(generator.uniform(np.log(1e-4), np.log(1e-1)))),
        "momentum": float(generator.uniform(0.0, 0.99)),
        "batch_size": int(generator.choice((16, 32, 64, 128, 256))),
        "l1": int(generator.choice((32, 64, 120, 256))),
        "l2": int(generator.choice((32, 64, 84, 128))),
    }


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
