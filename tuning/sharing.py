"""How the trials of a node share one copy of the data: in Ray's object store, or on its disk."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import psutil
import ray

from trainables.data.cache import copy_entry, open_copied
from trainables.data.splits import Splits

SHARED_MOST = 0.3  # of memory: larger arrays stay on disk, mapped, instead of the object store


def shared(splits: Splits, visible: Path | None) -> Splits:
    """What trials are handed: the arrays, which Ray copies once to each node, or their place.

    Where it is their place, `opened` gives the arrays.

    Args:
        visible: a directory that all nodes of a cluster see: what is too large for memory is put
            there, and each node copies it to its own disk. None: there is this machine only.
    """
    if splits.entry is None or splits.nbytes <= _fits_everywhere():
        return splits.closed()
    place = splits.entry
    if visible is not None:
        place = visible / splits.entry.name
        copy_entry(splits.entry, place)
    return replace(splits.closed(), train=None, val=None, entry=place)


def opened(given: Splits) -> Splits:
    """What `shared` gave, with its arrays: on a cluster from a copy on this node's disk."""
    if given.train is not None:
        return given
    assert given.entry is not None
    arrays = open_copied(given.entry)
    return replace(given, train=arrays.train, val=arrays.val, entry=arrays.entry)


def _fits_everywhere() -> float:
    """Bytes that this machine's memory can spare, and that every node's object store can hold."""
    most = SHARED_MOST * psutil.virtual_memory().total
    nodes = ray.nodes() if ray.is_initialized() else []
    stores = [node["Resources"].get("object_store_memory", most) for node in nodes if node["Alive"]]
    return float(min([most, *stores]))
