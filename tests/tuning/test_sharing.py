"""One copy of the data a node: shipped where it is small, else on disk, copied where it lacks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from trainables.data import cache
from trainables.data.splits import Split, Splits
from tuning.sharing import SHARED_MOST, opened, shared


@pytest.fixture
def kept(small_splits: Splits, fresh_cache: Path) -> Splits:
    """Splits in this user's cache."""
    parts = {"train": small_splits.train, "val": small_splits.val, "test": small_splits.val}
    entry = cache.entry_path("kept")
    cache.write_splits(entry, parts, small_splits.meta.classes, small_splits.provenance)
    return cache.open_splits(entry)


@pytest.fixture
def little_memory(kept: Splits, monkeypatch: pytest.MonkeyPatch) -> None:
    class Little:
        total = int(kept.nbytes / SHARED_MOST) - 10

    monkeypatch.setattr(psutil, "virtual_memory", Little)


def test_small_arrays_are_shipped_without_test(kept: Splits, tmp_path: Path) -> None:
    for visible in (None, tmp_path):
        shipped = shared(kept, visible)
        assert shipped.sealed_test is None and opened(shipped) is shipped
        assert np.array_equal(shipped.train.inputs, kept.train.inputs)
    assert not list(tmp_path.iterdir())


def test_large_ones_go_by_path_on_one_machine(kept: Splits, little_memory: None) -> None:
    given = replace(kept, provenance=replace(kept.provenance, weights="of a file"))
    shipped = shared(given, None)
    assert (shipped.train, shipped.val, shipped.entry) == (None, None, kept.entry)
    back = opened(shipped)
    assert back.entry == kept.entry and np.array_equal(back.val.inputs, kept.val.inputs)
    assert back.provenance == given.provenance  # what the entry on disk does not know


def test_a_node_that_lacks_them_copies_them_to_its_own_disk(
    kept: Splits, little_memory: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = shared(kept, tmp_path).entry
    assert place is not None and place.parent == tmp_path
    other = tmp_path / "cache of another machine"
    monkeypatch.setenv("XDG_CACHE_HOME", str(other))
    left = cache.entry_path("kept").with_name(f".{place.name}.copy.tmp")
    left.mkdir(parents=True)  # a process was killed here in mid-copy
    (left / "train_inputs.npy").write_bytes(b"half")
    copied = cache.open_copied(place)
    assert copied.entry is not None and copied.entry.is_relative_to(other)
    assert np.array_equal(copied.train.inputs, kept.train.inputs)
    assert copied.digest == kept.digest
    for array in place.glob("*.npy"):  # copied once: not read again
        array.unlink()
    assert cache.open_copied(place).entry == copied.entry
    assert not list(copied.entry.parent.glob(".*.tmp"))


def test_a_node_that_decoded_the_same_files_otherwise_reads_what_is_sent(
    kept: Splits, little_memory: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = shared(kept, tmp_path).entry
    assert place is not None
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache of another machine"))
    part = Split(kept.train.inputs + 1, kept.train.targets)
    cache.write_splits(
        cache.entry_path("kept"),
        dict.fromkeys(("train", "val", "test"), part),
        kept.meta.classes,
        kept.provenance,
    )
    opened = cache.open_copied(place)
    assert opened.digest == kept.digest
    assert np.array_equal(opened.train.inputs, kept.train.inputs)
