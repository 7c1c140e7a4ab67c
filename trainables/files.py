"""Files appear whole or not at all: write to a temporary name, then rename."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`; on success it takes `path`'s name, on error it goes.

    The name is unique, so two writers of one file cannot tear each other's copy.
    """
    temporary = path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as indented JSON, atomically."""
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file, atomically; returns its path."""
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    return path


def read_json(path: Path) -> Any:
    """Read one JSON file.

    Raises:
        FileNotFoundError, json.JSONDecodeError: as the standard library's.
    """
    return json.loads(path.read_text("utf-8"))


def append_line(path: Path, value: dict[str, Any]) -> None:
    """Append one JSON line and flush it to disk."""
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(value, ensure_ascii=False) + "\n")
        file.flush()
        os.fsync(file.fileno())


def cut_torn_line(path: Path) -> bool:
    """Cut a file after its last whole line; returns whether there was half of one.

    A process killed, or a disk full, in the middle of an append leaves it.
    """
    if not path.is_file():
        return False
    whole, newline, torn = path.read_bytes().rpartition(b"\n")
    if torn:
        os.truncate(path, len(whole) + len(newline))
    return bool(torn)


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The values of a file of JSON lines; a torn last line is left out, a missing file is empty."""
    if not path.is_file():
        return
    for line in path.read_bytes().split(b"\n")[:-1]:  # not at other breaks a text may hold
        yield json.loads(line)  # as bytes: the torn one may end within a character


def relative(path: Path) -> str:
    """A path as a person here would type it: from the working directory where it lies below it."""
    here = Path.cwd()
    return str(path.relative_to(here)) if path.is_relative_to(here) else str(path)


def sha256(content: bytes) -> str:
    """The SHA-256 of a file's content, hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def code_digest() -> str:
    """The SHA-256 of the code that trains, all of `trainables/`, hexadecimal."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(here.rglob("*.py")):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(here).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()


def is_disk_full(error: BaseException | None) -> bool:
    """Whether an error, or what it was raised from, says that the disk or the quota is full."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        error = error.__cause__ or error.__context__
    return False
