"""A Ray cluster of two nodes on this machine, on the loopback interface alone."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ray._private import ray_constants
from ray.cluster_utils import Cluster

from tuning.address import cluster_resources

LOOPBACK = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}  # Ray's own switch, named for where it is on


@contextmanager
def ray_cluster(*, nodes: int, **environment: str) -> Iterator[Cluster]:
    """A cluster whose head and nodes have one CPU each; it is gone afterwards.

    Args:
        nodes: beside the head.
        environment: more variables of its processes and of those started meanwhile.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ray_constants, "ENABLE_RAY_CLUSTER", False)
        for name, value in (LOOPBACK | environment).items():
            patch.setenv(name, value)
        cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
        try:
            for _ in range(nodes):
                cluster.add_node(num_cpus=1)
            cluster.wait_for_nodes()
            yield cluster
        finally:
            cluster.shutdown()


_NODE = """
import signal, sys
from ray._private.node import Node
from ray._private.parameter import RayParams

signal.signal(signal.SIGTERM, lambda *_: sys.exit())
sizes = dict(num_cpus=1, num_gpus=0, object_store_memory=150 << 20)
ports = dict(min_worker_port=0, max_worker_port=0, node_manager_port=0)
address = dict(redis_address=sys.argv[1], gcs_address=sys.argv[1])
parameters = RayParams(**address, **sizes, **ports, include_log_monitor=False)
Node(parameters, head=False, shutdown_at_exit=True, spawn_reaper=True)
signal.pause()
"""


@contextmanager
def third_node(cluster: Cluster, hidden: Path) -> Iterator[None]:
    """A node more, in a mount namespace of its own where an empty folder hides `hidden`."""
    apart = ["unshare", "--mount", "sh", "-c"]
    if shutil.which("unshare") is None or subprocess.run([*apart, "true"]).returncode:
        pytest.skip("unshare: no mount namespace can be made here")
    line = 'mount -t tmpfs none "$1" && cd / && exec "$2" -c "$3" "$4"'
    arguments = ["sh", str(hidden), sys.executable, _NODE, cluster.address]
    with subprocess.Popen([*apart, line, *arguments]) as node:
        try:
            deadline = time.monotonic() + 60
            while len(cluster_resources(cluster.address)) < 3:
                assert node.poll() is None and time.monotonic() < deadline, "no third node"
            yield
        finally:
            node.terminate()
