"""How fast is Trainer? Against a plain hand-written loop, and against per-sample PIL loading.

    python tests/benchmarks/trainer_speed.py [--data-dir DIR for --space mnist|cifar10]

Three ways train the same network on the same arrays, one thread, batch 64, no augmentation, in
turns, each time in a fresh process; each repeat's seconds are compared within the run and the
median ratio is printed.

- ours: a trial as a search runs it, with result lines, checkpoints and TensorBoard events;
- plain: the loop one would write by hand around our network, on the same arrays, with the same
  precision and memory layout: what Trainer and its records cost;
- loader: the tutorials' way, the plain loop in fp32 around the network as textbooks write it, fed
  by a DataLoader that turns pictures into tensors one by one.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from search_spaces.find import find_space
from search_spaces.space import SearchSpace
from trainables.data.request import DataRequest
from trainables.data.splits import Split, Splits
from trainables.parts.kernels import choose_kernels
from trainables.parts.vision import import_torchvision
from tuning.begun import alone
from tuning.events import TrialEvents
from tuning.experiment import Experiment
from tuning.ownership import begin_run
from tuning.status import TrialStatus
from tuning.trial_run import TrialRun, TrialSettings

BATCH = 64
EPOCHS = 3
TRAIN, VAL = 10_000, 2_000
TEXTBOOK: dict[str, Callable[[], nn.Module]] = {
    "cifar10_net": lambda: nn.Sequential(
        *(nn.Conv2d(3, 6, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    ),
    "mnist_cnn": lambda: nn.Sequential(
        *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten()),
        *(nn.Linear(64 * 7 * 7, 128), nn.ReLU(), nn.Linear(128, 10)),
    ),
}


def ours(space: SearchSpace, config: dict[str, Any], splits: Splits) -> None:
    """A trial of a search, in a temporary experiment, without Ray."""
    with tempfile.TemporaryDirectory() as root:
        run = begin_run(Experiment(Path(root)))
        settings = TrialSettings(Path(root), run, "val_accuracy", "max", None, 1, "cpu")
        trial = TrialRun(space.task, "t0000", alone(0, config), splits, settings, spared=True)
        directory = Experiment(Path(root)).trial("t0000").root
        events = TrialEvents(directory, config, space)
        status = TrialStatus("t0000", "COMPLETE", 0.0, None, EPOCHS, 0.0, 0)
        while not trial.finished:
            result = trial.run_epoch()
            events.epoch(result, status)
        events.end(status)


def plain(space: SearchSpace, config: dict[str, Any], splits: Splits) -> None:
    """The loop by hand, on arrays, with the precision and layout that ours chooses."""
    kernels = choose_kernels("cpu")
    layout = torch.channels_last if kernels.channels_last else torch.contiguous_format
    mean = torch.tensor(splits.meta.mean).view(1, -1, 1, 1)
    std = torch.tensor(splits.meta.std).view(1, -1, 1, 1)

    def batches(split: Split, order: np.ndarray, size: int) -> Iterator[tuple[Tensor, Tensor]]:
        for start in range(0, len(order), size):
            chosen = order[start : start + size]
            images = torch.from_numpy(split.inputs[chosen]).permute(0, 3, 1, 2)
            images = ((images.float() - mean) / std).contiguous(memory_format=layout)
            yield images, torch.from_numpy(split.targets[chosen])

    task: Any = space.task
    network = task.network(task.Config(**config), splits.meta).to(memory_format=layout)
    shuffled = np.random.default_rng(0).permutation(len(splits.train))
    _loop(
        network,
        config,
        lambda: batches(splits.train, shuffled, BATCH),
        lambda: batches(splits.val, np.arange(len(splits.val)), 1000),
        kernels.autocast,
    )


def loader(space: SearchSpace, config: dict[str, Any], splits: Splits) -> None:
    """The loop by hand, fp32, pictures one by one through PIL, as the tutorials do it."""
    transforms = import_torchvision().transforms
    normalise = transforms.Normalize(
        [value / 255 for value in splits.meta.mean], [value / 255 for value in splits.meta.std]
    )
    transform = transforms.Compose([transforms.ToTensor(), normalise])
    task: Any = space.task
    network = TEXTBOOK[task.name]()
    shapes = [p.shape for p in task.network(task.Config(**config), splits.meta).parameters()]
    assert [p.shape for p in network.parameters()] == shapes
    train = DataLoader(_Pictures(splits.train, transform), batch_size=BATCH, shuffle=True)
    val = DataLoader(_Pictures(splits.val, transform), batch_size=1000)
    _loop(network, config, lambda: train, lambda: val, autocast=False)


class _Pictures(Dataset):
    def __init__(self, split: Split, transform: Callable[[Any], Tensor]) -> None:
        self._pictures = [Image.fromarray(picture.squeeze()) for picture in split.inputs]
        self._targets = split.targets.tolist()
        self._transform = transform

    def __len__(self) -> int:
        return len(self._targets)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self._transform(self._pictures[index]), self._targets[index]


def _loop(
    network: nn.Module,
    config: dict[str, Any],
    train: Callable[[], Iterable[Any]],
    val: Callable[[], Iterable[Any]],
    autocast: bool,
) -> None:
    parameters = network.parameters()
    if config["optimizer"] == "sgd":
        optimizer: Any = torch.optim.SGD(parameters, config["lr"], config["momentum"])
    else:
        optimizer = torch.optim.Adam(parameters, config["lr"])
    for _ in range(EPOCHS):
        network.train()
        for images, targets in train():
            with torch.autocast("cpu", torch.bfloat16, enabled=autocast):
                loss = F.cross_entropy(network(images).float(), targets)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        network.eval()
        with torch.inference_mode():
            hits = sum(int((network(x).argmax(1) == y).sum()) for x, y in val())
    assert hits > 0


def _sized(splits: Splits) -> Splits:
    def part(split: Split, count: int) -> Split:
        rows = np.resize(np.arange(len(split)), count)
        return Split(split.inputs[rows], split.targets[rows])

    return Splits(
        part(splits.train, TRAIN), part(splits.val, VAL), splits.meta, splits.provenance, "sized"
    )


def main() -> None:
    """Print, for each space, images a second of the three ways and the ratios."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--space", choices=("cifar10", "mnist"), action="append")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    for name in options.space or ("cifar10", "mnist"):
        seconds: dict[str, list[float]] = {way.__name__: [] for way in (ours, plain, loader)}
        for _ in range(options.repeats):
            for way in (ours, plain, loader):
                # A process of its own: what one way changes in it is no help to the next.
                spawn = multiprocessing.get_context("spawn")
                with ProcessPoolExecutor(1, mp_context=spawn) as fresh:
                    seconds[way.__name__].append(
                        fresh.submit(_timed, way, name, options.data_dir).result()
                    )
        print(f"{name}: {choose_kernels('cpu')}")
        for way_name, values in seconds.items():
            speed = EPOCHS * TRAIN / statistics.median(values)
            ratios = [b / a for a, b in zip(seconds["ours"], values, strict=True)]
            ratio = statistics.median(ratios)
            print(f"  {way_name:8} {speed:7,.0f} img/s   ours is {ratio:.2f} x as fast")


def _timed(way: Callable[..., None], name: str, data_dir: Path | None) -> float:
    torch.set_num_threads(1)
    space = find_space(name)
    splits = _sized(space.task.load(DataRequest("real" if data_dir else "embedded", data_dir)))
    config = {**space.baseline, "batch_size": BATCH, "epochs": EPOCHS}
    torch.optim.Adam([torch.zeros(1)])  # imports half of torch, once a process
    start = time.perf_counter()
    way(space, config, splits)
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
