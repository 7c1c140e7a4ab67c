"""Where, when and with what a search ran: versions, commit, machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import subprocess
from pathlib import Path
from typing import Any

from trainables.files import code_digest

_VERSIONED = ("torch", "torchvision", "ray", "optuna", "tensorboard", "pandas", "numpy", "pillow")


def circumstances() -> dict[str, Any]:
    """What `plan.json` keeps of this process's surroundings."""
    code = _commit() | {"trainables_sha256": code_digest()}
    return {"versions": _versions(), "code": code, "machine": _machine()}


def _versions() -> dict[str, str]:
    return {"python": platform.python_version()} | {
        name: importlib.metadata.version(name) for name in _VERSIONED
    }


def _commit() -> dict[str, Any]:
    here = Path(__file__).parent
    try:
        commit, status = (
            subprocess.run(
                ["git", "-C", str(here), *arguments], capture_output=True, text=True, check=True
            ).stdout
            for arguments in (("rev-parse", "HEAD"), ("status", "--porcelain"))
        )
    except (OSError, subprocess.CalledProcessError):
        return {"commit": None, "clean": None}  # not a git checkout
    return {"commit": commit.strip(), "clean": not status.strip()}


def _machine() -> dict[str, Any]:
    return {
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "cpus": os.cpu_count(),
    }
