"""Splits of pictures for a task: found by looking, decoded once, cut by the split seed, cached."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from trainables.data import cache
from trainables.data.cut import TEST_MOST, TEST_SHARE, VAL_MOST, VAL_SHARE, cut_off
from trainables.data.fallback import Sourced, real_or_stand_in
from trainables.data.idx import idx_source
from trainables.data.image_folder import LARGEST_KEPT, folder_source
from trainables.data.request import DataRequest
from trainables.data.source import ImageSource
from trainables.data.splits import Splits
from trainables.data.torchvision_sets import cifar10_source, download
from trainables.errors import BadInput


def load_images(
    request: DataRequest,
    *,
    published: str,
    size: int,
    stand_in: Callable[[], ImageSource],
    largest: int = LARGEST_KEPT,
) -> Splits:
    """The splits that `request` asks for.

    Args:
        published: torchvision's name of the task's own data set, such as `CIFAR10`.
        size: side in pixels that a user's pictures of mixed size are brought to.
        largest: side in pixels up to which a user's pictures of one size stay as they are.
        stand_in: the built-in pictures for where the published ones cannot be had.

    Raises:
        BadInput: the data is not there, cannot be read, or has too few classes or pictures.
    """
    source = _find(request, published, (size, largest), stand_in)
    request.found()
    return cut_and_cached(source, request.split_seed)


def cut_and_cached(source: ImageSource, split_seed: int) -> Splits:
    """The splits of pictures from any source; what it has no part for is cut by the seed.

    Raises:
        BadInput: too few pictures for three parts, or a cache that cannot be written.
    """
    entry = cache.entry_path(f"{source.fingerprint}\nsplit seed {split_seed}")
    if not (entry / "about.json").is_file():
        raw = source.read()
        train, val, test = raw.train, raw.val, raw.test
        if test is None:
            train, test = cut_off(train, TEST_SHARE, TEST_MOST, split_seed)
        if val is None:
            train, val = cut_off(train, VAL_SHARE, VAL_MOST, split_seed)
        parts = {"train": train, "val": val, "test": test}
        for name, part in parts.items():
            if not len(part):
                raise BadInput(f"{source.provenance.name}: too few pictures, {name} would be empty")
        try:
            cache.write_splits(entry, parts, raw.classes, source.provenance)
        except OSError as error:
            raise BadInput(
                f"the cache {entry.parent} cannot be written ({error.strerror})"
            ) from error
    return cache.open_splits(entry)


def _find(
    request: DataRequest,
    published: str,
    sizes: tuple[int, int],
    stand_in: Callable[[], ImageSource],
) -> ImageSource:
    if request.kind == "embedded":
        return stand_in()
    if request.directory is not None:
        return _look(request.directory, sizes, request.say)

    def sourced(source: ImageSource) -> Sourced[ImageSource]:
        return source, source.provenance

    return real_or_stand_in(
        request,
        lambda: sourced(_look(download(published, request.say), sizes, request.say)),
        lambda: sourced(stand_in()),
        name="the real data",
        give="the files with --data-dir",
    )[0]


def _look(directory: Path, sizes: tuple[int, int], say: Callable[[str], None]) -> ImageSource:
    """The source of whatever kind lies in `directory`."""
    if not directory.is_dir():
        what = "is a file, not a directory" if directory.exists() else "does not exist"
        raise BadInput(f"--data-dir {directory}: {what}")
    try:
        if next(directory.iterdir(), None) is None:
            raise BadInput(f"--data-dir {directory}: is empty")
        return (
            idx_source(directory)
            or cifar10_source(directory)
            or folder_source(directory, *sizes, say)
        )
    except OSError as error:
        raise BadInput(f"--data-dir {directory}: cannot be read ({error.strerror})") from error
