"""One published file: downloaded whole into the user's cache and checked, or said to be missing."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path

import torch

from trainables.data.request import cache_directory

TIMEOUT = 5.0  # seconds without an answer before a download is given up


def downloaded(name: str, url: str, sha256: str, say: Callable[[str], None]) -> Path:
    """The path of a published file, downloaded unless it is there.

    torch.hub shows the progress, checks the sum and renames only a whole file.

    Args:
        name: what it is called in the cache.
        sha256: of its content, hexadecimal.

    Raises:
        OSError: no network, no answer within `TIMEOUT`, or another content.
    """
    target = cache_directory() / "downloads" / name
    if not target.is_file():
        fetch(url, target, sha256, say)
    return target


def fetch(url: str, target: Path, sha256: str, say: Callable[[str], None]) -> None:
    """Download a file to `target`, whole or not at all.

    Args:
        sha256: of its content, or the beginning of that, hexadecimal.

    Raises:
        OSError: as for `downloaded`.
    """
    name = target.name
    if offline():
        raise OSError(f"{name} could not be downloaded: no network")
    say(f"Downloading {name}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with answers_within(TIMEOUT):
            torch.hub.download_url_to_file(url, str(target), sha256)
    except (OSError, HTTPException, RuntimeError) as error:
        raise OSError(f"{name} could not be downloaded: {last_line(error)}") from error


def offline() -> bool:
    """Whether there is surely no network: no proxy is set, and no name of the Internet is known.

    It saves a laptop without a network the wait, and torchvision's import, only to be told so.
    """
    if urllib.request.getproxies():
        return False
    try:
        socket.getaddrinfo("pytorch.org", 443)
    except OSError:
        return True
    return False


@contextmanager
def answers_within(seconds: float) -> Iterator[None]:
    """A time-out for downloaders that take none: the default of new sockets is the only handle."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def last_line(error: BaseException) -> str:
    """The last line of an error's message, or its name."""
    return (str(error).strip() or type(error).__name__).splitlines()[-1]
