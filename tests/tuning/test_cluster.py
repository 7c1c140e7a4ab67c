"""Ray starts beside other work, and is gone afterwards whatever happened."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil
import pytest
import ray

from tests.tuning.rehearsal import cheap_plan
from tuning.cluster import ray_session


def _own_ray_processes() -> list[str]:
    children = psutil.Process(os.getpid()).children(recursive=True)
    names = []
    for child in children:
        try:
            names.append(" ".join(child.cmdline()))
        except psutil.Error:  # ended meanwhile
            continue
    return [name for name in names if "raylet" in name or "gcs_server" in name]


def test_the_caller_goes_on_while_ray_starts(tmp_path: Path) -> None:
    plan = cheap_plan(tmp_path, concurrency=1)
    start = time.monotonic()
    with ray_session(plan) as ray_is_up:
        free_after = time.monotonic() - start
        ray_is_up()
        up_after = time.monotonic() - start
        assert ray.is_initialized()
        assert ray.cluster_resources()["CPU"] == 1
    assert free_after < up_after / 2
    assert not ray.is_initialized() and not _own_ray_processes()


def test_a_failure_while_ray_starts_leaves_nothing_running(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ray_session(cheap_plan(tmp_path)):
        raise ZeroDivisionError("before Ray is up")
    assert not ray.is_initialized() and not _own_ray_processes()
