"""What must answer at once must not import torch, Ray or Optuna."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

RUN = """
import json, runpy, sys
sys.argv = ["run_search.py", *sys.argv[1:]]
try:
    runpy.run_path("run_search.py", run_name="__main__")
except SystemExit as end:
    code = end.code
heavy = ("torch", "ray", "optuna", "pandas", "torchvision", "sklearn", "tensorboard", "numpy")
print(json.dumps([code, [name for name in heavy if name in sys.modules]]))
"""


def run(*arguments: str) -> tuple[int, list[str], str, str]:
    """(exit code, heavy modules that were imported, output, errors)"""
    command = [sys.executable, "-c", RUN, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    *output, last = done.stdout.splitlines()
    code, imported = json.loads(last)
    return code, imported, "\n".join(output), done.stderr


def test_the_list_of_spaces_needs_no_heavy_import():
    code, imported, output, _ = run("--list")
    assert (code, imported) == (0, [])
    assert {"cifar10", "mnist"} <= set(output.split())


def test_help_needs_no_heavy_import():
    code, imported, output, _ = run("--help")
    assert (code, imported) == (0, [])
    assert "--space" in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--space", "cifar1"], "--space cifar1: unknown space; did you mean 'cifar10'?"),
        (["--space", "nowhere.py"], "--space nowhere.py: there is no such file"),
        (["--list", "mnits"], "--list mnits: unknown space; did you mean 'mnist'?"),
        ([], "--space is missing"),
        (["--space", "mnist", "--trials", "0"], "0: must be a whole number of 1 or more"),
    ],
)
def test_a_misspelt_name_is_refused_without_a_heavy_import(arguments, message):
    code, imported, output, errors = run(*arguments)
    assert (code, imported, output) == (2, [], "")
    assert message in errors
    assert len(errors.strip().splitlines()) == 1
