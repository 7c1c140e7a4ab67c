"""Searches on a cluster of two nodes, made on this machine: real raylets, one of them killed."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from ray.cluster_utils import Cluster

from tests.tuning.test_search import DIGITS, ROOT, command, search, states
from tests.tuning.two_nodes import LOOPBACK, ray_cluster, third_node
from tuning.experiment import Experiment

SPACE = """
import os, time, ray, trainables
from optuna.distributions import FloatDistribution
from search_spaces.space import SearchSpace
from trainables.mnist_cnn import TASK as MNIST, Config
from trainables.task import Task


def nodes(file):
    file.flush()
    file.seek(0)
    return {line.split()[0] for line in file}


def build(config, splits, device):
    node = ray.get_runtime_context().get_node_id()
    with open(os.environ["WITNESS"], "a+") as file:
        file.write(f"{node} {trainables.__file__}\\n")
        deadline = time.monotonic() + 60
        while len(nodes(file)) < 3 and time.monotonic() < deadline:
            time.sleep(0.05)  # or one node that started sooner might train all trials
    return MNIST.build(config, splits, device)


SPACE = SearchSpace(
    task=Task("witnessed", Config, MNIST.network, build, MNIST.load),
    distributions={"lr": FloatDistribution(1e-4, 1e-2, log=True)},
)
"""


@pytest.fixture(scope="module")
def witness(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `SPACE` appends to: the node and the code of each training begun."""
    return tmp_path_factory.mktemp("witness") / "witness.txt"


@pytest.fixture(scope="module")
def cluster(witness: Path) -> Iterator[Cluster]:
    """Two nodes with a CPU each, so two trials at a time are one on each."""
    with ray_cluster(nodes=1, WITNESS=str(witness)) as made:
        yield made


@pytest.mark.skipif(Path(sys.prefix).is_relative_to(ROOT), reason="Python lies in what is hidden")
def test_a_node_without_our_code_is_sent_it(
    cluster: Cluster, witness: Path, tmp_path: Path
) -> None:
    (tmp_path / "space.py").write_text(SPACE)
    options = ["--space", "space.py", *DIGITS[2:], "--trials", "3", "--max-epochs", "1"]
    with third_node(cluster, hidden=ROOT):
        experiment, screen = search(tmp_path, "sent", *options, "--address", cluster.address)
    assert len(states(experiment)) == 3
    lines = [line.split() for line in witness.read_text().splitlines()]
    files = {line[0]: line[1] for line in lines}
    assert len(files) == 3  # every node has trained
    (other,) = set(files) - {node.node_id for node in cluster.list_all_nodes()}
    assert not Path(files[other]).is_relative_to(ROOT)
    assert f"Cluster: {cluster.address}, 3 nodes share {tmp_path}" in screen
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_storage_that_a_node_does_not_share_is_refused(cluster: Cluster, tmp_path: Path) -> None:
    storage = tmp_path / "results"
    storage.mkdir()
    with third_node(cluster, hidden=storage):
        _, screen = search(storage, "lost", *DIGITS, "--address", cluster.address, code=2)
    (error,) = screen.splitlines()
    assert re.search(f"--storage {storage}: node [0-9.]+ cannot write there", error)
    assert error.endswith("choose a folder that all nodes share")
    assert not list(storage.iterdir())


def test_a_search_outlives_a_node_killed_in_the_middle(cluster: Cluster, tmp_path: Path) -> None:
    options = ["--trials", "3", "--max-epochs", "24", "--scheduler", "none", "--quiet"]
    place = ["--storage", str(tmp_path), "--name", "cut", "--address", cluster.address]
    experiment = Experiment(tmp_path / "cut")
    with subprocess.Popen(
        command(*DIGITS, *options, *place), cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        while any(len(experiment.trial(t).read_results()) < 2 for t in ("t0000", "t0001")):
            assert process.poll() is None, "the search ended before the node was killed"
            time.sleep(0.05)
        cluster.remove_node(cluster.list_all_nodes()[-1], allow_graceful=False)
        assert process.stdout is not None
        screen = process.stdout.read()
    assert process.returncode == 0, screen
    assert states(experiment) == ["COMPLETE"] * 3
    for directory in experiment.trials():
        assert [line["epoch"] for line in directory.read_results()] == list(range(1, 25))
    assert (experiment.best / "model.pt").is_file()
    # And on, on this machine alone.
    more = ["--resume", "cut", "--trials", "+1", "--address", "local", "--quiet"]
    run = [sys.executable, str(ROOT / "run_search.py"), *more, "--storage", str(tmp_path)]
    done = subprocess.run(run, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(states(experiment)) == 4


TOKENS = """
import sys
from tests.tuning.two_nodes import ray_cluster

with ray_cluster(nodes=0) as cluster:
    print(cluster.address, flush=True)
    sys.stdin.read()
"""


def test_a_cluster_with_a_token_is_joined_with_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in LOOPBACK.items():
        monkeypatch.setenv(name, value)
    right = {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": "1" * 64}
    options = [*DIGITS, "--trials", "2", "--max-epochs", "1"]
    with subprocess.Popen(  # in a process of its own: Ray reads the mode once
        [sys.executable, "-c", TOKENS],
        cwd=ROOT,
        env={**os.environ, **right},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as cluster:
        assert cluster.stdout is not None
        address = cluster.stdout.readline().strip()
        for token, code in (("2" * 64, 2), (right["RAY_AUTH_TOKEN"], 0)):
            monkeypatch.setenv("RAY_AUTH_MODE", "token")
            monkeypatch.setenv("RAY_AUTH_TOKEN", token)
            _, screen = search(tmp_path, "secret", *options, "--address", address, code=code)
            wanted = "the cluster wants its token: set RAY_AUTH_MODE=token"
            assert (f"--address {address}: {wanted}" in screen) == (code == 2)
        cluster.communicate()
