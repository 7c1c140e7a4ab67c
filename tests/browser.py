"""A real Chromium for the tests, driven by its DevTools protocol over two pipes.

https://chromedevtools.github.io/devtools-protocol/, and `--remote-debugging-pipe`: JSON messages,
each ended by a zero byte, to file descriptor 3 and from 4. No port, no WebSocket, no package.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--enable-unsafe-swiftshader", "--log-level=3"),  # WebGL where there is no GPU
    "--remote-debugging-pipe",
)
PATIENCE = 60.0  # seconds for one answer: other tests may keep the machine busy


@contextmanager
def chromium(name: str) -> Iterator[Browser]:
    """A running browser for the test `name`, which is skipped where none is installed."""
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip(f"{name}: no Chromium on this machine")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        browser = Browser(program, Path(profile))
        try:
            yield browser
        finally:
            browser.close()


class Browser:
    """One tab, and everything that it has said.

    Attributes:
        events: (method, parameters) of the protocol's events, in their order.
    """

    def __init__(self, program: str, profile: Path) -> None:
        self.events: list[tuple[str, dict[str, Any]]] = []
        self._to_it, self._from_it = _Pipe(), _Pipe()
        self._process = os.posix_spawn(
            program,
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, self._to_it.read_end, 3),
                (os.POSIX_SPAWN_DUP2, self._from_it.write_end, 4),
                (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
            ],
            setsid=True,
        )
        self._number, self._half = 0, b""
        targets = self._ask("Target.getTargets")["targetInfos"]
        page = next(target for target in targets if target["type"] == "page")["targetId"]
        attached = self._ask("Target.attachToTarget", targetId=page, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.ask(f"{domain}.enable")

    def close(self) -> None:
        """End it, with every process that it has begun."""
        with suppress(ProcessLookupError):
            os.killpg(self._process, signal.SIGKILL)
        os.waitpid(self._process, 0)
        for pipe in (self._to_it, self._from_it):
            pipe.close()

    def open(self, url: str) -> None:
        """Load a page; returns once it and what it needs is loaded."""
        self.ask("Page.navigate", url=url)
        self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    def window(self, width: int, height: int, *, phone: bool = False) -> None:
        """The size of the view in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.ask("Emulation.setDeviceMetricsOverride", **size)

    def media(self, kind: str = "screen", *, dark: bool = False) -> None:
        """What the page is shown on, `screen` or `print`, and which colours the user prefers."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", media=kind, features=[scheme])

    def evaluate(self, expression: str) -> Any:
        """The JSON value of a JavaScript expression; a promise is waited for."""
        given = {"expression": expression, "returnByValue": True, "awaitPromise": True}
        answer = self.ask("Runtime.evaluate", **given)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait until a JavaScript expression is true."""
        end = time.monotonic() + PATIENCE
        while not self.evaluate(expression):
            assert time.monotonic() < end, f"never true: {expression}"
            time.sleep(0.05)

    def complaints(self) -> list[str]:
        """What the console has heard of warnings and errors, refused scripts and loads included."""
        said = []
        for method, event in self.events:
            if method == "Runtime.exceptionThrown":
                said.append(json.dumps(event["exceptionDetails"]))
            elif method == "Runtime.consoleAPICalled" and event["type"] in ("error", "warning"):
                said.append(" ".join(str(a.get("value", a)) for a in event["args"]))
            elif method == "Log.entryAdded" and event["entry"]["level"] in ("error", "warning"):
                said.append(event["entry"]["text"])
        return [text for text in said if "GL Driver Message" not in text]  # drawn without a GPU

    def requests(self) -> list[str]:
        """The address of everything that was asked for, without what stands in the page itself."""
        urls = [e["request"]["url"] for m, e in self.events if m == "Network.requestWillBeSent"]
        return [url for url in urls if not url.startswith(("data:", "blob:"))]

    def screenshot(self, path: Path, *, whole: bool = True) -> None:
        """A PNG of the page, or of what is in view."""
        shot = self.ask("Page.captureScreenshot", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, path: Path) -> None:
        """What a printer would get."""
        self.media("print")
        path.write_bytes(
            base64.b64decode(self.ask("Page.printToPDF", printBackground=True)["data"])
        )

    def ask(self, method: str, **parameters: Any) -> Any:
        """Send a command to the tab; returns its answer."""
        return self._ask(method, self._session, **parameters)

    def _ask(self, method: str, session: str | None = None, **parameters: Any) -> Any:
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self._to_it.write_end, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            if "method" in answer:
                self.events.append((answer["method"], answer.get("params", {})))

    def _read(self) -> dict[str, Any]:
        end = time.monotonic() + PATIENCE
        while b"\0" not in self._half:
            ready, _, _ = select.select([self._from_it.read_end], [], [], end - time.monotonic())
            assert ready, "the browser does not answer"
            read = os.read(self._from_it.read_end, 1 << 20)
            assert read, "the browser has ended"
            self._half += read
        message, _, self._half = self._half.partition(b"\0")
        return json.loads(message)


class _Pipe:
    """Both ends of a pipe, under numbers that cannot be the 3 and 4 which a browser has them by."""

    def __init__(self) -> None:
        low = os.pipe()
        self.read_end, self.write_end = (fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 20) for fd in low)
        for fd in low:
            os.close(fd)

    def close(self) -> None:
        for fd in (self.read_end, self.write_end):
            os.close(fd)
