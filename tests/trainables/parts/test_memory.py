"""Freed memory is kept, so a step does not fault its pages in again."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import resource, sys, torch
from trainables.parts.memory import keep_freed_memory

if sys.argv[1] == "keep":
    keep_freed_memory()

def step():  # as a network does: several at once, all freed at the end
    return sum(float(t[0]) for t in [torch.ones(4_000_000) for _ in range(4)])  # 16 MB each

for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _page_faults(how: str) -> int:
    # Held at glibc's first value: left to adapt itself, what it gives back depends on what happens
    # to lie at the heap's top.
    fixed = {**os.environ, "MALLOC_MMAP_THRESHOLD_": str(128 << 10)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True, env=fixed
    )
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_freed_memory_comes_back_without_page_faults():
    given_back, kept = _page_faults("leave"), _page_faults("keep")
    assert kept < 500  # of 20 x 4 x 16 MB, 312,500 pages of 4 kB
    assert given_back > 20 * kept
