"""Who may write into an experiment: one process at a time, and the workers of its run alone.

The owner holds a file lock, which the system takes from a dead process. Workers outlive a killed
owner by seconds: so each run has a token, and a worker writes only while its own is in force.
"""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from filelock import FileLock, Timeout

from trainables.errors import BadInput
from trainables.files import read_json, write_json
from tuning.experiment import Experiment
from tuning.trial_directory import TrialDirectory

_PATIENCE = 2.0  # seconds: `analysis show` holds the lock for a moment to see whether it is free
_ORPHANS_WRITE = 60.0  # seconds an orphan may need to finish the one write it has begun


class SupersededError(RuntimeError):
    """This worker's run is over: another one owns the experiment now."""


class Ownership:
    """One process's claim on one experiment; a context manager that gives it up.

    Attributes:
        run: the token of this run, empty before; the workers carry it.
    """

    def __init__(self, experiment: Experiment) -> None:
        self.experiment = experiment
        self.run = ""
        self._lock: FileLock | None = None

    def __enter__(self) -> Ownership:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.release()

    def create(self, temporary: Path) -> None:
        """Claim a new experiment: its content so far, in `temporary`, takes its name at once.

        Raises:
            BadInput: the name is used.
        """
        fresh = Experiment(temporary)
        self._claim(fresh)
        self.run = begin_run(fresh)
        try:
            temporary.rename(self.experiment.root)
        except OSError:
            raise BadInput(
                f"--name {self.experiment.name}: already used in {self.experiment.root.parent}"
            ) from None

    def take(self) -> None:
        """Claim an experiment that is there, and shut out what is left of its last run.

        Raises:
            BadInput: another process owns it.
        """
        self._claim(self.experiment)
        self.shut_out()

    def shut_out(self) -> None:
        """Let no worker write any more, wherever one may still be training."""
        self.run = begin_run(self.experiment)
        for directory in self.experiment.trial_directories():
            with _locked(directory):  # one in the middle of a write ends it now or never
                pass

    def _claim(self, experiment: Experiment) -> None:
        lock = FileLock(experiment.owner_lock)
        try:
            lock.acquire(timeout=_PATIENCE)
        except PermissionError as error:
            raise BadInput(
                f"--resume {experiment.name}: {error.filename}: cannot be written "
                f"({error.strerror})"
            ) from None
        except Timeout:
            owner = read_json(experiment.run)
            raise BadInput(
                f"--resume {experiment.name}: process {owner['process']} on {owner['host']} is "
                "running it; wait for its end, or stop it first"
            ) from None
        self._lock = lock


def begin_run(experiment: Experiment) -> str:
    """Put a new run's token in force, and so every other out of it; returns the token."""
    run = uuid.uuid4().hex
    about = {"run": run, "process": os.getpid(), "host": socket.gethostname()}
    write_json(experiment.run, about)
    return run


@contextmanager
def writing(directory: TrialDirectory, run: str) -> Iterator[None]:
    """Write to a trial's directory as a worker of this run.

    Raises:
        SupersededError: another run owns the experiment; nothing may be written.
    """
    with _locked(directory):
        if read_json(Experiment.of(directory).run)["run"] != run:
            raise SupersededError(f"{directory.root}: another run owns the experiment")
        yield


def _locked(directory: TrialDirectory) -> FileLock:
    return FileLock(directory.lock, timeout=_ORPHANS_WRITE)
