"""Ray for one search: started here, or joined where it runs already.

Starting takes seconds, most of them other processes' own, so it happens beside the caller's work.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import ray

import search_spaces
import trainables
import tuning
from trainables.errors import BadInput
from tuning.plan import SearchPlan
from tuning.probe import probe_storage
from tuning.quiet import WORKERS
from tuning.signals import heed_signals


class RaySession:
    """Ray for one plan, from `start` on, in a thread of its own.

    Attributes:
        nodes: machines of the cluster that was joined; 0: Ray is started here.
    """

    def __init__(self, plan: SearchPlan, beside: ThreadPoolExecutor) -> None:
        self._plan = plan
        self._beside = beside
        self._up: Future[None] | None = None
        self.nodes = 0

    def start(self) -> None:
        """Begin to start Ray, unless it was begun before; returns at once."""
        if self._up is None and self._plan.address is None:
            self._up = self._beside.submit(_start, self._plan)

    def wait(self) -> None:
        """Return once Ray is up, or raise what kept it from starting."""
        self.start()
        if self._up is not None:
            self._up.result()
        heed_signals()

    def stop(self) -> None:
        """Leave Ray, or stop the one started here; one half started is waited for.

        In no other thread while this one goes on: an object of Ray's that is let go of after Ray
        has ended takes the process with it.
        """
        try:
            if self._up is not None:
                self._up.exception()
        finally:
            ray.shutdown()


@contextmanager
def ray_session(plan: SearchPlan) -> Iterator[RaySession]:
    """A Ray session for this plan alone, or in the cluster at the plan's address; ended after.

    Raises:
        BadInput: the cluster cannot be joined, or not all of its nodes share the storage.
    """
    with ThreadPoolExecutor(1, "ray") as beside:
        session = RaySession(plan, beside)
        try:
            if plan.address is not None:
                session.nodes = _join(plan, plan.address)
            yield session
        finally:
            session.stop()


_SILENT: dict[str, Any] = dict(log_to_driver=False, logging_level="fatal")
_CODE = (search_spaces, trainables, tuning)  # what a worker imports; `analysis` stays here


def _start(plan: SearchPlan) -> None:
    cpus = plan.concurrency * plan.cpus_per_trial
    ray.init(address="local", num_cpus=cpus, include_dashboard=False, **_SILENT)


def _join(plan: SearchPlan, address: str) -> int:
    """Join the cluster at an address; its workers get this very code, whatever they have.

    Returns:
        how many nodes it has, all of which share the plan's storage.
    """
    folders = [str(Path(str(package.__file__)).parent) for package in _CODE]
    code = {"py_modules": folders, "excludes": ["__pycache__"], "env_vars": WORKERS}
    try:
        ray.init(address=address, runtime_env=code, **_SILENT)
    except (ConnectionError, RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise BadInput(f"--address {address}: no Ray cluster there ({reason})") from error
    heed_signals()
    return probe_storage(plan.storage)
