"""A user's own pictures: `train/<class>/*`, and perhaps `val/<class>/*` and `test/<class>/*`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import joblib
import numpy as np
from PIL import Image

from trainables.data.pictures import picture_size, read_picture
from trainables.data.processes import process_pool
from trainables.data.source import ImageSource, RawImages, file_fingerprint
from trainables.data.splits import Provenance, Split
from trainables.errors import BadInput

_CHUNK = 500  # pictures that one process reads at a time
LARGEST_KEPT = 128  # pixels: larger pictures, like those of mixed size, are brought to one size


def folder_source(
    directory: Path, size: int, largest: int, say: Callable[[str], None]
) -> ImageSource:
    """The image-folder tree in `directory`, or `directory` itself as `train` without a test.

    Args:
        size: side in pixels that pictures are brought to where they differ in size, or where a
            side is longer than `largest`.

    Raises:
        BadInput: no picture, one class, an empty class, a class that train lacks.
    """
    parts = {p: directory / p for p in ("train", "val", "test") if (directory / p).is_dir()}
    if "train" not in parts:
        if parts:
            raise BadInput(f"--data-dir {directory}: there is no train/ beside {', '.join(parts)}/")
        parts = {"train": directory}
    files = {part: _files(folder) for part, folder in parts.items()}
    classes = tuple(files["train"])
    if len(classes) < 2:
        has = f"one class ({classes[0]})" if classes else "no class folder with pictures"
        raise BadInput(f"--data-dir {directory}: {has}; two or more are needed: train/<class>/*")
    for part, by_class in files.items():
        if not by_class:
            raise BadInput(f"--data-dir {directory}: {part}/ holds no class folder")
        if unknown := sorted(set(by_class) - set(classes)):
            raise BadInput(f"--data-dir {directory}: {part}/{unknown[0]} is no class of train/")
        for name, members in by_class.items():
            if not members:
                raise BadInput(f"--data-dir {directory}: {part}/{name} holds no picture")
    odd = next((name for name in classes if not name.isprintable()), None)
    if odd is not None:
        raise BadInput(f"--data-dir {directory}: class folder {odd!a} has an unprintable name")
    few = next((name for name, members in files["train"].items() if len(members) < 3), None)
    if few is not None:
        raise BadInput(
            f"--data-dir {directory}: class {few!r} has fewer than 3 training pictures, too few to "
            "cut val (and test) from"
        )
    listing = [path for by_class in files.values() for paths in by_class.values() for path in paths]
    return ImageSource(
        Provenance("own", f"pictures in {directory}"),
        file_fingerprint(f"folder {size} {largest}", listing),
        lambda: _read(files, classes, (size, largest), say),
    )


def _files(folder: Path) -> dict[str, list[Path]]:
    """The picture files of each class, hidden ones (some systems leave `._x.png`) left out."""
    return {
        sub.name: sorted(_pictures_below(sub))
        for sub in sorted(folder.iterdir())
        if sub.is_dir() and not sub.name.startswith(".")
    }


def _pictures_below(folder: Path) -> Iterator[Path]:
    known = Image.registered_extensions()
    for path in folder.iterdir():  # not rglob, which passes over what it may not read
        if path.name.startswith("."):
            continue
        if path.is_dir():
            yield from _pictures_below(path)
        elif path.suffix.lower() in known and path.is_file():
            yield path


def _read(
    files: dict[str, dict[str, list[Path]]],
    classes: tuple[str, ...],
    sizes: tuple[int, int],
    say: Callable[[str], None],
) -> RawImages:
    wanted, largest = sizes
    everything = [p for by_class in files.values() for paths in by_class.values() for p in paths]
    say(f"Decoding {len(everything):,} pictures (once; the result is cached)")
    with process_pool(len(everything) > 2 * _CHUNK) as parallel:
        every = parallel(joblib.delayed(_headers)(chunk) for chunk in _chunks(everything))
        headers = set().union(*every)
        channels = 1 if all(grey for *_, grey in headers) else 3
        found_sizes = {(height, width) for height, width, _ in headers}
        height, width = next(iter(found_sizes)) if len(found_sizes) == 1 else (wanted, wanted)
        if max(height, width) > largest:
            height = width = wanted
        if found_sizes != {(height, width)}:
            say(f"Pictures of {len(found_sizes)} size(s) are brought to {height}x{width}")

        def decode(by_class: dict[str, list[Path]]) -> Split:
            paths = [path for members in by_class.values() for path in members]
            read = joblib.delayed(_pictures)
            shape = height, width, channels
            pictures = np.concatenate(parallel(read(chunk, *shape) for chunk in _chunks(paths)))
            labels = [classes.index(name) for name, members in by_class.items() for _ in members]
            return Split(pictures, np.array(labels, np.int64))

        parts = {part: decode(by_class) for part, by_class in files.items()}
    return RawImages(parts["train"], classes, parts.get("val"), parts.get("test"))


def _headers(paths: list[Path]) -> set[tuple[int, int, bool]]:
    return {picture_size(path) for path in paths}


def _pictures(paths: list[Path], height: int, width: int, channels: int) -> np.ndarray:
    return np.stack([read_picture(path, height, width, channels) for path in paths])


def _chunks(items: list[Path]) -> list[list[Path]]:
    return [items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK)]
