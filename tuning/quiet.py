"""Keeping Ray's chatter off the screen: into a file, where it can be read when it matters."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

# What a worker must have too, where it does not inherit this process's environment.
WORKERS = {
    "RAY_CHDIR_TO_TRIAL_DIR": "0",  # relative paths of a user's task keep their meaning
}


def quiet_ray(*, local: bool) -> None:
    """Set what Ray reads from the environment while it is imported; call it before that.

    Args:
        local: Ray will be started here, and shall listen on the loopback interface alone.
    """
    if local:  # Ray's way on other systems than Linux, which this names
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"
    os.environ |= WORKERS | {
        "TUNE_DISABLE_AUTO_CALLBACK_LOGGERS": "1",  # the events and results are ours
        "TUNE_PRINT_ALL_TRIAL_ERRORS": "0",
        "TUNE_GLOBAL_CHECKPOINT_S": str(10**9),  # Tune's snapshots, which nothing here restores
        "TUNE_DISABLE_SIGINT_HANDLER": "1",  # ours speaks on the screen: signals.py
        "RAY_AIR_NEW_OUTPUT": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_prestart_worker_first_driver": "0",  # Tune's actors never use those, for their own env
        "RAY_DISABLE_FAILURE_SIGNAL_HANDLER": "1",  # it would abort at a polite kill
        "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    }


@contextmanager
def output_to(log: Path) -> Iterator[TextIO]:
    """Send this process's standard output and error to `log`; yield the real output.

    By file descriptor, so that what Ray's native code and child processes print goes there too.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    saved = os.dup(1), os.dup(2)
    with log.open("a") as file, os.fdopen(os.dup(saved[0]), "w") as screen:
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield screen
        finally:
            with suppress(OSError):  # a full disk
                sys.stdout.flush()
                sys.stderr.flush()
            for descriptor, original in zip((1, 2), saved, strict=True):
                os.dup2(original, descriptor)
                os.close(original)
