"""Do all nodes of a cluster share the experiment's storage? Found out before the first trial."""

from __future__ import annotations

import shutil
import time
import uuid
from pathlib import Path
from typing import Any

import ray
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

from trainables.errors import BadInput

_ANSWERS_WITHIN = 60.0  # seconds: a node may have to fetch the code first
_SEEN_WITHIN = 10.0  # seconds until a network file system shows here what was written there


def probe_storage(storage: Path) -> int:
    """Let every node write into `storage`, and read it here; returns how many nodes there are.

    Raises:
        BadInput: a node cannot write there, or writes somewhere else.
    """
    folder = storage / f".probe-{uuid.uuid4().hex[:8]}"
    try:
        folder.mkdir()
    except OSError as error:
        raise BadInput(f"--storage {storage}: cannot be written ({error.strerror})") from error
    try:
        nodes = {n["NodeID"]: n["NodeManagerAddress"] for n in ray.nodes() if n["Alive"]}
        asked = {node: _on(node).remote(str(folder / node), node) for node in nodes}
        for node, answer in asked.items():
            where = f"--storage {storage}: node {nodes[node]}"
            try:
                trouble = ray.get(answer, timeout=_ANSWERS_WITHIN)
            except (ray.exceptions.RayError, TimeoutError) as error:
                first = (str(error).strip() or type(error).__name__).splitlines()[0]
                raise BadInput(f"{where} does not run what it is sent ({first})") from error
            if trouble:
                raise BadInput(f"{where} cannot write there ({trouble}); {_SHARE}")
            if not _seen(folder / node, node):
                raise BadInput(f"{where} writes there what is not seen here; {_SHARE}")
        return len(nodes)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


_SHARE = "choose a folder that all nodes share"


def _write(path: str, content: str) -> str:
    """Write a file on the node this runs on; returns what went wrong, or nothing."""
    try:
        Path(path).write_text(content)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _on(node: str) -> Any:
    there = NodeAffinitySchedulingStrategy(node, soft=False)
    return ray.remote(_write).options(num_cpus=0, max_retries=0, scheduling_strategy=there)


def _seen(path: Path, content: str) -> bool:
    deadline = time.monotonic() + _SEEN_WITHIN
    while True:
        if path.is_file() and path.read_text() == content:
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(0.1)
