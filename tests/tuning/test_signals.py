"""Ctrl-C at the worst moments: in a write to the screen it is answered on, in an import."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tuning.signals import heed_signals, interrupts, stop_if_asked

IMPORTS = "<frozen importlib._bootstrap>"


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


@pytest.fixture
def heeded() -> Iterator[None]:
    """`heed_signals`, and afterwards the handlers that were there."""
    usual = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    heed_signals()
    yield
    for number, handler in usual.items():
        signal.signal(number, handler)


def run_in(file: str, code: str, **names: Any) -> None:
    """Run code that seems to be in a file."""
    exec(compile(code, file, "exec"), {"signal": signal, "time": time, **names})


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_in_an_import_it_comes_a_moment_later(heeded: None, number: int) -> None:
    reached: list[int] = []
    code = "signal.raise_signal(number); reached.append(number)"
    with pytest.raises(KeyboardInterrupt):
        run_in(IMPORTS, code, number=number, reached=reached)
        time.sleep(10)
    assert reached == [number]
    reached.clear()
    with pytest.raises(KeyboardInterrupt):  # in a module's body at once
        run_in("module.py", code, number=number, reached=reached)
    assert not reached


def test_whoever_waits_long_for_anothers_import_can_leave(
    heeded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tuning.signals._PATIENCE", 0.2)
    begun = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run_in(IMPORTS, "signal.raise_signal(2)\nwhile True: time.sleep(0.001)")
    assert time.monotonic() - begun > 0.2


def test_where_no_thread_can_start_it_is_remembered(
    heeded: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*given: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr("tuning.signals._thread.start_new_thread", none_left)
    run_in(IMPORTS, "signal.raise_signal(2)")
    with pytest.raises(KeyboardInterrupt):
        stop_if_asked()


def test_the_second_raises_whoever_puts_the_handler_back() -> None:
    found: list[Any] = []

    def as_tune_does(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, found[0])

    said: list[str] = []
    with interrupts(said.append) as came:
        found.append(signal.getsignal(signal.SIGINT))
        signal.signal(signal.SIGUSR1, as_tune_does)
        signal.raise_signal(signal.SIGINT)
        assert came.is_set()
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    deadline = time.monotonic() + 10
    while not said and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(said) == 1


IMPORTING = """
import os, queue, random, signal, sys, threading, time
from tuning.signals import heed_signals, interrupts

def import_on_and_on():
    while True:
        try:
            import no_such_module
        except ImportError:
            sum(range(500))

def send(thread, number):
    while True:
        wanted.get()
        time.sleep(random.random() / 1000)
        signal.pthread_kill(thread, number)

wanted = queue.SimpleQueue()
number, twice = int(sys.argv[1]), sys.argv[2] == "second"
sys.setswitchinterval(1e-4)
heed_signals()
threading.Thread(target=send, args=(threading.get_ident(), number), daemon=True).start()
finders, sys.meta_path[:] = [*sys.meta_path], []  # of an import its locks are left
for _ in range(60):
    try:
        if not twice:
            wanted.put(1)
            import_on_and_on()
        with interrupts(lambda line: wanted.put(1)) as came:
            signal.signal(signal.SIGUSR1, lambda number, frame: None)
            wanted.put(1)
            import_on_and_on()
    except KeyboardInterrupt:
        assert not twice or came.is_set()
sys.meta_path[:] = finders
other = threading.Thread(target=__import__, args=("colorsys",), daemon=True)
other.start()
other.join(10)
if other.is_alive():
    print("an import waits for ever", file=sys.stderr, flush=True)
    os._exit(1)
"""


@pytest.mark.parametrize(
    ("number", "which"),
    [(signal.SIGINT, "first"), (signal.SIGTERM, "first"), (signal.SIGINT, "second")],
)
def test_ctrl_c_in_an_import_leaves_no_lock_taken(number: int, which: str) -> None:
    command = [sys.executable, "-c", IMPORTING, str(int(number)), which]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stderr) == (0, "")
