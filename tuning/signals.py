"""A polite kill, SIGTERM, ends a search in order, as Ctrl-C does."""

from __future__ import annotations

import signal
import threading


def heed_sigterm() -> None:
    """Turn SIGTERM into SIGINT from now on, where Python allows it: in the main thread.

    To be called again whenever Ray has come up: its native code installs a handler that aborts.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
