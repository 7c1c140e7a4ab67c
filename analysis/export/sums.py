"""SHA-256 sums of the files of an export, as coreutils writes and checks them: `sha256sum -c`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from trainables.files import replacing, sha256
from tuning.experiment import SUMS


def write_sums(directory: Path) -> None:
    """Write the sums of all other files of a directory into `SHA256SUMS`."""
    files = sorted(p for p in directory.iterdir() if p.is_file() and p.name != SUMS)
    lines = [f"{sha256(path.read_bytes())}  {path.name}\n" for path in files]
    with replacing(directory / SUMS) as temporary:
        temporary.write_text("".join(lines), "utf-8")


def read_sums(directory: Path) -> dict[str, str]:
    """By file name, the sum that is listed; empty where there is no list, as in an older export.

    Raises:
        ValueError: a line is none of a list of sums.
    """
    try:
        lines = (directory / SUMS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return {}
    listed = [re.fullmatch(r"([0-9a-f]{64})  (.+)", line) for line in lines]
    if None in listed:
        raise ValueError(f"{SUMS} is damaged: line {listed.index(None) + 1}")
    return {match[2]: match[1] for match in listed if match}


def check_sums(directory: Path, names: Iterable[str]) -> None:
    """Raise ValueError where one of these files is not what it was when it was exported."""
    listed = read_sums(directory)
    for name in names:
        if listed and listed.get(name) != sha256((directory / name).read_bytes()):
            raise ValueError(f"{name} is damaged: its SHA-256 is not the one in {SUMS}")
