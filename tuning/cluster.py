"""Ray for one search: started here, or joined where it runs already.

Starting takes seconds, most of them other processes' own, so it happens beside the caller's work.
"""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import ray

from trainables.errors import BadInput
from tuning.plan import SearchPlan


@contextmanager
def ray_session(plan: SearchPlan) -> Iterator[Callable[[], None]]:
    """Start Ray for this plan alone, or join the cluster at the plan's address; leave it after.

    Yields a function that waits until Ray is up. It raises BadInput where the cluster cannot be
    joined, or has not the resources the plan asks for.
    """
    with ThreadPoolExecutor(1, "ray") as beside:
        up = beside.submit(_start if plan.address is None else _join, plan)
        try:
            yield up.result
        finally:
            up.exception()  # waits: what is half started cannot be stopped
            ray.shutdown()


def check_address(address: str, seconds: float = 5.0) -> None:
    """Raise BadInput unless something listens at a cluster's address.

    Ray itself would try for a minute. `auto` is left to Ray, which knows the local cluster.
    """
    if address == "auto":
        return
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if not host or not port.isdigit():
        raise BadInput(f"--address {address}: must be HOST:PORT, ray://HOST:PORT or auto")
    try:
        socket.create_connection((host, int(port)), timeout=seconds).close()
    except (OSError, OverflowError) as error:
        raise BadInput(f"--address {address}: no Ray cluster answers there ({error})") from error


_SILENT: dict[str, Any] = dict(log_to_driver=False, logging_level="fatal")


def _start(plan: SearchPlan) -> None:
    cpus = plan.concurrency * plan.cpus_per_trial
    ray.init(address="local", num_cpus=cpus, include_dashboard=False, **_SILENT)
    import tuning.session  # noqa: F401  Ray Tune takes seconds, which the caller need not wait for


def _join(plan: SearchPlan) -> None:
    try:
        ray.init(address=plan.address, **_SILENT)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"--address {plan.address}: no Ray cluster there ({reason})") from error
    has = ray.cluster_resources()
    plan.check_resources(has.get("CPU", 0), has.get("GPU", 0), "the cluster")
