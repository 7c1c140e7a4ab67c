"""Ray starts beside other work, and is gone afterwards whatever happened."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import psutil
import pytest
import ray

from tests.tuning.rehearsal import cheap_plan
from trainables.errors import BadInput
from tuning.address import _reason
from tuning.cluster import ray_session

ROOT = Path(__file__).resolve().parents[2]


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
    with ray_session(plan) as session:
        start = time.monotonic()
        session.start()
        free_after = time.monotonic() - start
        session.wait()
        up_after = time.monotonic() - start
        assert ray.is_initialized()
        assert ray.cluster_resources()["CPU"] == 1
    assert free_after < up_after / 2
    assert not ray.is_initialized() and not _own_ray_processes()


def test_a_failure_while_ray_starts_leaves_nothing_running(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), ray_session(cheap_plan(tmp_path)) as session:
        session.start()
        raise ZeroDivisionError("before Ray is up")
    assert not ray.is_initialized() and not _own_ray_processes()


def test_nothing_is_started_before_it_is_wanted(tmp_path: Path) -> None:
    with ray_session(cheap_plan(tmp_path)):
        assert not _own_ray_processes()
    assert not ray.is_initialized()


def test_what_listens_but_is_no_ray_cluster_is_refused_in_time(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        start = time.monotonic()
        with pytest.raises(BadInput, match=f"--address {address}: no Ray cluster answers there"):
            cheap_plan(tmp_path, address=address)
    assert time.monotonic() - start < 15  # the promise of the design
    assert not ray.is_initialized()


def test_ray_client_is_refused_with_the_way_that_works(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"--address ray://head:10001: .* --address auto"):
        cheap_plan(tmp_path, address="ray://head:10001")


@pytest.mark.parametrize(
    ("nodes", "cpus", "gpus", "asked", "expected"),
    [
        ([(4, 0), (2, 0)], 1, None, None, 6),
        ([(3, 0), (3, 0)], 2, None, None, 2),  # one core of each is left over
        ([(8, 1), (8, 1)], 1, None, None, 8),  # a quarter of a GPU each
        ([(8, 1), (8, 1)], 1, 1.0, None, 2),
        ([(8, 1), (8, 1)], 1, 2.0, None, "fit 0 times"),
        ([(1, 0), (1, 0)], 2, None, None, "fit 0 times"),
        ([(4, 0), (2, 0)], 1, None, 7, "needs 7 CPUs, the cluster has 6"),
        ([(3, 0), (3, 0)], 2, None, 3, "fit 2 times"),
    ],
)
def test_trials_fit_on_single_nodes(
    nodes: list[tuple[float, float]],
    cpus: int,
    gpus: float | None,
    asked: int | None,
    expected: int | str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tuning.request.cluster_resources", lambda address: nodes)
    wanted: dict[str, Any] = {"cpus_per_trial": cpus, "gpus_per_trial": gpus, "concurrency": asked}
    if isinstance(expected, str):
        with pytest.raises(BadInput, match=expected):
            cheap_plan(tmp_path, address="head:6379", **wanted)
    else:
        assert cheap_plan(tmp_path, address="head:6379", **wanted).concurrency == expected


def test_another_version_on_the_cluster_is_said_whole() -> None:
    printed = (
        b"RuntimeError: Version mismatch: The cluster was started with:\n    Ray: 1\n    By: 2\n"
    )
    said = "no Ray cluster there (Version mismatch: The cluster was started with: Ray: 1 By: 2)"
    assert _reason(printed) == said


ALONE = """
import sys
from pathlib import Path
import psutil
from tuning.quiet import quiet_ray
quiet_ray(local=True)
from tests.tuning.rehearsal import cheap_plan
from tuning.cluster import ray_session

with ray_session(cheap_plan(Path(sys.argv[1]), concurrency=1)) as session:
    session.wait()
    import ray
    ray.get(ray.remote(lambda: 0).remote())  # a worker listens too
    for process in psutil.Process().children(recursive=True):
        if any("dashboard.py" in part for part in process.cmdline()):
            print("pages", "--disable-frontend" not in process.cmdline())
            print("reports", process.environ()["RAY_USAGE_STATS_ENABLED"])
        for each in process.net_connections("inet"):
            if each.status == psutil.CONN_LISTEN:
                print("listens", each.laddr.ip)
"""


def test_a_local_ray_listens_on_loopback_alone_and_reports_to_nobody(tmp_path: Path) -> None:
    run = [sys.executable, "-c", ALONE, str(tmp_path)]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    lines = [line.split(maxsplit=1) for line in done.stdout.splitlines()]
    listening = [what for kind, what in lines if kind == "listens"]
    assert len(listening) > 3
    assert all(ip_address(address.removeprefix("::ffff:")).is_loopback for address in listening)
    # Ray keeps a rump of the dashboard, without pages, for reports of use; these are off.
    rump = [(kind, what) for kind, what in lines if kind != "listens"]
    assert rump in ([], [("pages", "False"), ("reports", "0")])
