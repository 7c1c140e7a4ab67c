"""Ray for one search: started here, or joined where it runs already.

Starting takes seconds, most of them other processes' own, so it happens beside the caller's work.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import ray

from trainables.errors import BadInput
from tuning.plan import SearchPlan
from tuning.signals import heed_sigterm

ANSWERS_WITHIN = 12.0  # seconds a cluster has to let a driver in


class RaySession:
    """Ray for one plan, from `start` on, in a thread of its own."""

    def __init__(self, plan: SearchPlan, beside: ThreadPoolExecutor) -> None:
        self._plan = plan
        self._beside = beside
        self._up: Future[None] | None = None

    def start(self) -> None:
        """Begin to start Ray, unless it was begun before; returns at once."""
        if self._up is None and self._plan.address is None:
            self._up = self._beside.submit(_start, self._plan)

    def wait(self) -> None:
        """Return once Ray is up, or raise what kept it from starting."""
        self.start()
        if self._up is not None:
            self._up.result()
        heed_sigterm()

    def stop(self) -> None:
        """Leave Ray, or stop the one started here; one half started is waited for."""
        try:
            if self._up is not None:
                self._up.exception()
        finally:
            ray.shutdown()


@contextmanager
def ray_session(plan: SearchPlan) -> Iterator[RaySession]:
    """A Ray session for this plan alone, or in the cluster at the plan's address; ended after.

    Raises:
        BadInput: the cluster cannot be joined, or has not the resources the plan asks for.
    """
    with ThreadPoolExecutor(1, "ray") as beside:
        session = RaySession(plan, beside)
        try:
            if plan.address is not None:
                _join(plan, plan.address)
            yield session
        finally:
            session.stop()


_SILENT: dict[str, Any] = dict(log_to_driver=False, logging_level="fatal")


def _start(plan: SearchPlan) -> None:
    cpus = plan.concurrency * plan.cpus_per_trial
    ray.init(address="local", num_cpus=cpus, include_dashboard=False, **_SILENT)


def _join(plan: SearchPlan, address: str) -> None:
    _check_address(address)
    try:
        ray.init(address=address, **_SILENT)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"--address {address}: no Ray cluster there ({reason})") from error
    has = ray.cluster_resources()
    plan.check_resources(has.get("CPU", 0), has.get("GPU", 0), "the cluster")


def _check_address(address: str) -> None:
    """Raise BadInput unless a Ray cluster lets a driver in: Ray itself may try for ever."""
    if address != "auto":
        host, _, port = address.removeprefix("ray://").rpartition(":")
        if not host or not port.isdigit():
            raise BadInput(f"--address {address}: must be HOST:PORT, ray://HOST:PORT or auto")
        try:
            socket.create_connection((host, int(port)), timeout=5.0).close()
        except (OSError, OverflowError, UnicodeError) as error:
            raise BadInput(
                f"--address {address}: no Ray cluster answers there ({error})"
            ) from error
    program = "import sys, ray; ray.init(address=sys.argv[1], log_to_driver=False)"
    try:
        subprocess.run(
            [sys.executable, "-c", program, address],
            check=True,
            capture_output=True,
            timeout=ANSWERS_WITHIN,
        )
    except subprocess.TimeoutExpired:
        raise BadInput(
            f"--address {address}: no Ray cluster answers there within {ANSWERS_WITHIN:g} s"
        ) from None
    except subprocess.CalledProcessError as error:
        last = (error.stderr.decode(errors="replace").strip() or "no reason given").splitlines()[-1]
        raise BadInput(f"--address {address}: no Ray cluster there ({last})") from None
