"""What every rival trains: the textbook's Net in fp32, fed as torchvision's tutorials feed it.

One record for all: a line an epoch in `record.jsonl`, from which the benchmark counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from trainables.parts.vision import import_torchvision  # so that it imports beside any torch

VAL_BATCH = 1_000


class Net(nn.Module):
    """PyTorch's "Training a Classifier", with the widths of its first two linear layers given."""

    def __init__(self, l1: int, l2: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 6, 5)
        self.pool = nn.MaxPool2d(2, 2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, l1)
        self.fc2 = nn.Linear(l1, l2)
        self.fc3 = nn.Linear(l2, 10)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool(F.relu(self.conv1(x)))
        x = self.pool(F.relu(self.conv2(x)))
        x = torch.flatten(x, 1)
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))
        logits: Tensor = self.fc3(x)
        return logits


class Pictures(Dataset):
    """As torchvision.datasets.CIFAR10: an array, from which a PIL picture is made for each use."""

    def __init__(self, images: np.ndarray, targets: np.ndarray, transform: Any) -> None:
        self.data = images
        self.targets = targets.tolist()
        self.transform = transform

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> tuple[Tensor, int]:
        return self.transform(Image.fromarray(self.data[index])), self.targets[index]


class Batches:
    """Batches of tensors that were all made beforehand: nothing can be fed with less work."""

    def __init__(self, images: Tensor, targets: Tensor, size: int, shuffle: bool) -> None:
        self.images, self.targets, self.size, self.shuffle = images, targets, size, shuffle

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        order = torch.randperm(len(self.images)) if self.shuffle else torch.arange(len(self.images))
        for chosen in order.split(self.size):
            yield self.images[chosen], self.targets[chosen]


def train(
    config: dict[str, Any], work: Path, out: Path, *, one_by_one: bool = True
) -> Iterator[tuple[int, dict[str, float], dict[str, Any]]]:
    """Train one configuration; yield (epoch, metrics, what a checkpoint holds) after each epoch.

    Args:
        work: holds `data.npz` and `job.json`.
        out: the record's folder.
        one_by_one: pictures through PIL, by a DataLoader; else from tensors in memory.
    """
    torch.set_num_threads(1)
    torch.manual_seed(0)
    job = json.loads((work / "job.json").read_text())
    batches, val = _feeds(work, config["batch_size"], one_by_one)
    network = Net(config["l1"], config["l2"])
    loss_of = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(network.parameters(), lr=config["lr"], momentum=config["momentum"])
    for epoch in range(1, job["epochs"] + 1):
        network.train()
        running = 0.0
        for images, targets in batches:
            optimizer.zero_grad()
            loss = loss_of(network(images), targets)
            loss.backward()
            optimizer.step()
            running += loss.item()
        metrics = {"train_loss": running, **_score(network, val)}
        line = {"config": config, "epoch": epoch, "val_accuracy": metrics["val_accuracy"]}
        with (out / "record.jsonl").open("a") as record:
            record.write(json.dumps(line) + "\n")
        state = {"net": network.state_dict(), "optimizer": optimizer.state_dict(), "epoch": epoch}
        yield epoch, metrics, state


def _score(network: nn.Module, val: Any) -> dict[str, float]:
    network.eval()
    hits, loss, count = 0, 0.0, 0
    with torch.no_grad():
        for images, targets in val:
            logits = network(images)
            loss += float(F.cross_entropy(logits, targets, reduction="sum"))
            hits += int((logits.argmax(1) == targets).sum())
            count += len(targets)
    return {"val_loss": loss / count, "val_accuracy": hits / count}


def _feeds(work: Path, size: int, one_by_one: bool) -> tuple[Any, Any]:
    """(training batches, shuffled; val batches)."""
    with np.load(work / "data.npz") as file:
        data = dict(file)
    train, val = ((data[f"{part}_images"], data[f"{part}_targets"]) for part in ("train", "val"))
    if one_by_one:
        from_torchvision = import_torchvision().transforms
        transform = from_torchvision.Compose(
            [from_torchvision.ToTensor(), from_torchvision.Normalize(data["mean"], data["std"])]
        )
        return (
            DataLoader(Pictures(*train, transform), batch_size=size, shuffle=True, num_workers=0),
            DataLoader(Pictures(*val, transform), batch_size=VAL_BATCH, num_workers=0),
        )
    mean, std = (torch.from_numpy(data[name]).view(1, 3, 1, 1) for name in ("mean", "std"))

    def tensors(images: np.ndarray, targets: np.ndarray) -> tuple[Tensor, Tensor]:
        floats = torch.from_numpy(images).permute(0, 3, 1, 2).float().div(255)
        return ((floats - mean) / std).contiguous(), torch.from_numpy(targets)

    return Batches(*tensors(*train), size, True), Batches(*tensors(*val), VAL_BATCH, False)
