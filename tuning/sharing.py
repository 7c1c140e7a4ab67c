"""How the trials of a node share one copy of the data: in Ray's object store, or on its disk."""

from __future__ import annotations

from pathlib import Path

import psutil
import ray

from trainables.data.cache import copy_entry
from trainables.data.splits import Splits

SHARED_MOST = 0.3  # of memory: larger arrays stay on disk, mapped, instead of the object store


def shared(splits: Splits, visible: Path | None) -> Splits | Path:
    """What trials are handed: the arrays, which Ray copies once to each node, or their place.

    Args:
        visible: a directory that all nodes of a cluster see: what is too large for memory is put
            there, and each node copies it to its own disk. None: there is this machine only.
    """
    if splits.entry is None or splits.nbytes <= _fits_everywhere():
        return splits.closed()
    if visible is None:
        return splits.entry
    place = visible / splits.entry.name
    copy_entry(splits.entry, place)
    return place


def _fits_everywhere() -> float:
    """Bytes that this machine's memory can spare, and that every node's object store can hold."""
    most = SHARED_MOST * psutil.virtual_memory().total
    nodes = ray.nodes() if ray.is_initialized() else []
    stores = [node["Resources"].get("object_store_memory", most) for node in nodes if node["Alive"]]
    return float(min([most, *stores]))
