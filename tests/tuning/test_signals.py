"""Ctrl-C at the worst moment: in the middle of a write to the screen it is answered on."""

from __future__ import annotations

import io
import signal
import time

import pytest

from tuning.signals import interrupts


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
