"""Ctrl-C at the worst moment: in the middle of a write to the screen it is answered on."""

from __future__ import annotations

import io
import signal
import time
import weakref
from functools import partial

import pytest

from tuning.signals import heed_signals, interrupts, stop_if_asked


class Screen(io.RawIOBase):
    """A file whose first write is interrupted by Ctrl-C, half-way."""

    def __init__(self) -> None:
        self.written = b""

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        first = not self.written
        content = bytes(data)  # type: ignore[call-overload]
        self.written += content
        if first:
            signal.raise_signal(signal.SIGINT)
            time.sleep(0)  # the handler runs here at the latest
        return len(content)


def test_ctrl_c_while_the_screen_is_written_to() -> None:
    screen = Screen()
    text = io.TextIOWrapper(io.BufferedWriter(screen), write_through=True)

    def say(line: str) -> None:
        text.write(f"{line}\n")
        text.flush()

    heard: list[int] = []
    with interrupts(say):
        signal.signal(signal.SIGUSR1, lambda number, frame: heard.append(number))  # as Tune does
        say("t0000 epoch 1")
        deadline = time.monotonic() + 10
        while b"Ctrl-C again" not in screen.written and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
            time.sleep(1)
    assert heard == [signal.SIGUSR1]
    first, second = screen.written.decode().splitlines()
    assert first == "t0000 epoch 1" and second.startswith("Interrupted: ending in order")


def _raise(number: int, reference: object) -> None:
    signal.raise_signal(number)


class Thing:
    """What a weak reference can point to."""


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_ctrl_c_that_python_drops_is_not_forgotten() -> None:
    usual = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    try:
        heed_signals()
        for number in (signal.SIGINT, signal.SIGTERM):
            thing = Thing()
            dropped = weakref.ref(thing, partial(_raise, number))
            del thing  # the exception ends in the reference's callback
            assert dropped() is None
            with pytest.raises(KeyboardInterrupt), interrupts(print):
                pytest.fail("the trials were begun")
        stop_if_asked()  # it was answered once
    finally:
        for number, handler in zip((signal.SIGINT, signal.SIGTERM), usual, strict=True):
            signal.signal(number, handler)
