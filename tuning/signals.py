"""Ctrl-C once ends a search in order, twice at once; SIGTERM is taken for Ctrl-C."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_IN_ORDER = "Interrupted: ending in order, within some 10 seconds; Ctrl-C again stops at once"


def heed_sigterm() -> None:
    """Turn SIGTERM into SIGINT from now on, where Python allows it: in the main thread.

    To be called again whenever Ray has come up: its native code installs a handler that aborts.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))


@contextmanager
def interrupts(say: Callable[[str], None]) -> Iterator[None]:
    """While Tune runs: the first SIGINT tells Tune to end in order, the second raises.

    Tune's own handler of SIGINT would say so in a log that nobody reads; with
    `TUNE_DISABLE_SIGINT_HANDLER` it leaves SIGINT to us, and heeds SIGUSR1 in the same way.

    Raises:
        KeyboardInterrupt: at the second SIGINT.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def first(number: int, frame: FrameType | None) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        # In a thread: the signal may have come in the middle of a write to the same screen.
        threading.Thread(target=say, args=(_IN_ORDER,)).start()
        signal.raise_signal(signal.SIGUSR1)

    before = signal.signal(signal.SIGINT, first)
    # Until Tune listens, the signal would end the process.
    usual = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGUSR1, usual)
