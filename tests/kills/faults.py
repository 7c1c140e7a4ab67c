"""Deaths at the worst moment: in the middle of a journal append, a checkpoint write, a rename.

    python tests/kills/faults.py FAULT ...arguments of run_search.py

runs a search whose own process, or one of whose workers, is killed there, once. A worker takes
the search's process with it.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

FAULTS = ("journal append", "rename", "checkpoint write", "checkpoint rename")
LAST_FAULTS = ("export", "opening", "opening read")  # of a search's last step


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def arm_worker() -> None:
    """Make this worker's next checkpoint fatal, where KILLS_FAULT says so and no other has."""
    order = Path(os.environ.get("KILLS_FAULT", ""))
    try:
        fault, driver = order.read_text().split("\n")
        order.unlink()
    except OSError:
        return
    write, replace = Path.write_bytes, os.replace

    def torn_write(path: Path, content: Any) -> int:
        write(path, bytes(content)[: len(content) // 2])
        die_together()
        return 0

    def no_replace(source: Any, target: Any) -> None:
        if Path(target).name == "last.pt":
            die_together()
        replace(source, target)

    def die_together() -> None:
        os.kill(int(driver), signal.SIGKILL)
        _die()

    if fault == "checkpoint write":
        Path.write_bytes = torn_write  # type: ignore[method-assign,assignment]
    else:
        os.replace = no_replace  # type: ignore[assignment]


def _arm_driver(fault: str) -> None:
    """Let this process die in the middle of what it writes for its fifth time."""
    left = iter(range(4, -1, -1))
    if fault == "journal append":
        from optuna.storages.journal import _file

        def torn_open(path: str, mode: str) -> Any:
            torn = mode == "ab" and not next(left)
            return _Torn(path, mode) if torn else Path(path).open(mode)

        _file.open = torn_open  # type: ignore[attr-defined]
    else:
        replace: Callable[[Any, Any], None] = os.replace

        def no_replace(source: Any, target: Any) -> None:
            if Path(target).name == "status.json" and not next(left):
                _die()
            replace(source, target)

        os.replace = no_replace  # type: ignore[assignment]


def _arm_last_step(fault: str) -> None:
    """Let this process die in its last step: half exported, or with test announced, or read."""
    if fault == "export":
        rename = Path.rename

        def no_rename(source: Path, target: Any) -> Path:
            if Path(target).name == "best":
                _die()
            return rename(source, target)

        Path.rename = no_rename  # type: ignore[method-assign,assignment]
        return
    from analysis import handover, openings

    sealed, complete = openings.SealedTest.open, openings.complete_opening

    def no_open(test: Any, trials: list[str]) -> Any:
        part = sealed(test, trials)
        _die()
        return part

    def no_complete(experiment: Any, result: Any) -> None:
        _die()
        complete(experiment, result)

    if fault == "opening":
        openings.SealedTest.open = no_open  # type: ignore[method-assign,assignment]
    else:
        handover.complete_opening = no_complete  # type: ignore[attr-defined]


class _Torn(io.FileIO):
    """A file whose write is cut short by death."""

    def write(self, content: Any) -> int:
        super().write(bytes(content)[: len(content) // 2])
        os.fsync(self.fileno())
        _die()
        return 0


def main(fault: str, arguments: list[str]) -> int:
    """Run the search that is to die."""
    if fault in ("journal append", "rename"):
        _arm_driver(fault)
    elif fault in LAST_FAULTS:
        _arm_last_step(fault)
    else:
        order = Path(os.environ["KILLS_FAULT"])
        order.write_text(f"{fault}\n{os.getpid()}")
    import run_search

    return run_search.main(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
