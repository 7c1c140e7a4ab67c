"""Ctrl-C once ends a search in order, twice at once; SIGTERM is taken for Ctrl-C."""

from __future__ import annotations

import _thread
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_IN_ORDER = "Interrupted: ending in order, within some 10 seconds; Ctrl-C again stops at once"
_IMPORTS = "<frozen importlib._bootstrap>"  # the file that a traceback names for Python's imports
_LATER = 0.005  # seconds
_PATIENCE = 5.0  # seconds

_Handler = Callable[[int, FrameType | None], object]

_asked = threading.Event()  # SIGINT came outside `interrupts`


def heed_signals() -> None:
    """Remember SIGINT, and turn SIGTERM into it, where Python allows it: in the main thread.

    To be called again whenever Ray has come up: its native code installs a handler that aborts.
    """
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
        signal.signal(signal.SIGINT, _outside_imports(_remember))


def _remember(number: int, frame: FrameType | None) -> None:
    _asked.set()
    raise KeyboardInterrupt


def _outside_imports(handler: _Handler) -> _Handler:
    """A handler whose signal comes a moment later where it comes in Python's import itself.

    An exception there can leave the lock of all imports taken, and then no other thread ever
    imports again: Ray, which starts in one, would never be up, and the search never end. In the
    body of a module that is being imported, which may take seconds, it does no harm. Nor, after
    `_PATIENCE`, to a thread that has waited all the time for another's import.
    """
    since: float | None = None  # when the first of those came that are put off

    def careful(number: int, frame: FrameType | None) -> None:
        nonlocal since
        while frame is not None and frame.f_code.co_filename == careful.__code__.co_filename:
            frame = frame.f_back  # a handler that was interrupted, or SIGTERM's
        now = time.monotonic()
        if (
            frame is None
            or frame.f_code.co_filename != _IMPORTS
            or (since is not None and now > since + _PATIENCE)
        ):
            since = None
            handler(number, frame)
            return
        since = since or now
        try:
            # Not `threading`'s, which would wait in here until its thread runs.
            _thread.start_new_thread(_again, (threading.get_ident(), number))
        except RuntimeError:  # no more threads; an exception is what must not be here
            _asked.set()

    return careful


def _again(thread: int, number: int) -> None:
    time.sleep(_LATER)
    signal.pthread_kill(thread, number)


def stop_if_asked() -> None:
    """Raise the KeyboardInterrupt that was lost on its way.

    Python drops one that it raises in a callback of its own, such as a finalizer's: it prints
    "Exception ignored", and the search would go on as if nobody had pressed Ctrl-C.
    """
    if _asked.is_set():
        _asked.clear()
        raise KeyboardInterrupt


@contextmanager
def interrupts(say: Callable[[str], None]) -> Iterator[threading.Event]:
    """While Tune runs: the first SIGINT tells Tune to end in order, the second raises.

    Tune's own handler of SIGINT would say so in a log that nobody reads; with
    `TUNE_DISABLE_SIGINT_HANDLER` it leaves SIGINT to us, and heeds SIGUSR1 in the same way.

    Yields:
        set once the first has come: also where Tune, which was ending anyway, did not heed it.

    Raises:
        KeyboardInterrupt: at the second SIGINT, and at once where one has been asked for before.
    """
    came = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield came
        return

    def ask(number: int, frame: FrameType | None) -> None:
        # The same for both: Tune, once told, puts the handler back that it has found.
        if came.is_set():
            raise KeyboardInterrupt
        came.set()
        # In a thread: the signal may have come in the middle of a write to the same screen.
        threading.Thread(target=say, args=(_IN_ORDER,)).start()
        signal.raise_signal(signal.SIGUSR1)

    before = signal.signal(signal.SIGINT, _outside_imports(ask))
    # Until Tune listens, the signal would end the process.
    usual = signal.signal(signal.SIGUSR1, signal.default_int_handler)
    try:
        stop_if_asked()
        yield came
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGUSR1, usual)
