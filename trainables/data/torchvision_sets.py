"""The published MNIST and CIFAR-10 through torchvision: read from disk, or downloaded whole."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Callable
from http.client import HTTPException
from pathlib import Path
from typing import Any

import numpy as np

from trainables.data.download import TIMEOUT, answers_within, last_line, offline
from trainables.data.request import cache_directory
from trainables.data.source import ImageSource, RawImages
from trainables.data.splits import Provenance, Split
from trainables.errors import BadInput
from trainables.parts.vision import import_torchvision


def cifar10_source(directory: Path) -> ImageSource | None:
    """CIFAR-10's python batches in `directory` (or the folder itself); None where there are none.

    The batches are pickles: torchvision reads them only after their MD5 is the published one.

    Raises:
        BadInput: a batch is missing or is not the published file.
    """
    root = directory.parent if directory.name == "cifar-10-batches-py" else directory
    folder = root / "cifar-10-batches-py"
    if not folder.is_dir():
        return None
    cifar10 = import_torchvision().datasets.CIFAR10

    def read() -> RawImages:
        try:
            train, test = cifar10(root, train=True), cifar10(root, train=False)
        except (RuntimeError, OSError) as error:
            raise BadInput(
                f"{folder}: not the published CIFAR-10 batches (a file is missing or damaged)"
            ) from error
        return RawImages(_split(train), tuple(train.classes), test=_split(test))

    provenance = Provenance("real", "CIFAR-10")
    return ImageSource(provenance, f"cifar10 batches {folder}", read)


def download(name: str, say: Callable[[str], None]) -> Path:
    """The directory that holds torchvision's data set `name`, downloaded unless it is there.

    torchvision shows the progress and checks the published MD5 sums. The files are put into a
    temporary directory that takes its name only when all are there.

    Raises:
        OSError: no network, no answer within `TIMEOUT`, or not the published files.
    """
    target = cache_directory() / "downloads" / name
    if target.is_dir():
        return target
    if offline():
        raise OSError(f"{name} could not be downloaded: no network")
    dataset = getattr(import_torchvision().datasets, name)
    say(f"Downloading {name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        with answers_within(TIMEOUT):
            dataset(temporary, download=True)
        try:
            os.replace(temporary, target)
        except OSError:
            if not target.is_dir():  # else another process was first
                raise
    except (OSError, HTTPException, RuntimeError, EOFError) as error:
        raise OSError(f"{name} could not be downloaded: {last_line(error)}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return target


def _split(dataset: Any) -> Split:
    return Split(np.asarray(dataset.data, np.uint8), np.asarray(dataset.targets, np.int64))
