"""TensorBoard itself on an experiment: over its HTTP interface, and in a browser."""

from __future__ import annotations

import json
import math
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tuning.experiment import Experiment

TRIALS = ["baseline", "t0000", "t0001", "t0002", "t0003"]
STATUS = {"COMPLETE": "STATUS_SUCCESS", "PRUNED": "STATUS_SUCCESS", "FAIL": "STATUS_FAILURE"}
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1600,2400",
    "--virtual-time-budget=20000",
    "--dump-dom",
)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE = 120  # seconds until TensorBoard has read everything


def get(url: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.loads(response.read())


def runs(url: str) -> list[str]:
    """The runs TensorBoard has read so far; none while it is starting."""
    try:
        return sorted(get(f"{url}/data/plugin/scalars/tags"))
    except (urllib.error.URLError, ConnectionError, TimeoutError):
        return []


@pytest.fixture(scope="module")
def url(finished: Experiment) -> Iterator[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--host", "127.0.0.1", "--port", str(port), "--load_fast", "false"]
    run = [sys.executable, "-m", "tensorboard.main", "--logdir", str(finished.root), *options]
    with subprocess.Popen(run, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE) as server:
        try:
            address = f"http://127.0.0.1:{port}"
            end = time.monotonic() + PATIENCE
            while len(runs(address)) < len(TRIALS) and time.monotonic() < end:
                assert server.poll() is None, server.stderr and server.stderr.read()
                time.sleep(0.5)
            yield address
        finally:
            server.terminate()


def test_every_trial_is_a_run(url: str) -> None:
    tags = get(f"{url}/data/plugin/scalars/tags")
    assert sorted(tags) == [f"trials/{trial}" for trial in TRIALS]
    for found in tags.values():
        assert {"accuracy/train", "accuracy/val", "loss/train", "loss/val", "score"} <= set(found)
        assert "training/lr" in found and "training/samples_per_second" in found


def test_the_tabs_that_have_something_to_show(url: str) -> None:
    tabs = get(f"{url}/data/plugins_listing")
    assert {"timeseries", "scalars", "hparams"} <= {n for n, t in tabs.items() if t["enabled"]}


def test_scalars_are_the_recorded_epochs(url: str, finished: Experiment) -> None:
    for trial in TRIALS:
        query = f"run=trials%2F{trial}&tag=accuracy%2Fval"
        points = get(f"{url}/data/plugin/scalars/scalars?{query}")
        lines = finished.trial(trial).read_results()
        assert [(step, value) for _, step, value in points] == [
            (line["epoch"], float(np.float32(line["val_accuracy"]))) for line in lines
        ]


def test_hparams_show_every_score_and_status(url: str, finished: Experiment) -> None:
    columns = get(f"{url}/data/plugin/hparams/experiment", {"experimentName": ""})
    names = {info["name"] for info in columns["hparamInfos"]}
    assert {"lr", "optimizer", "momentum", "batch_size", "dropout"} <= names
    body = {
        "experimentName": "",
        "allowedStatuses": ["STATUS_UNKNOWN", "STATUS_SUCCESS", "STATUS_FAILURE", "STATUS_RUNNING"],
        "colParams": [{"metric": {"group": "", "tag": "score"}}],
        "startIndex": 0,
        "sliceSize": 100,
    }
    groups = get(f"{url}/data/plugin/hparams/session_groups", body)["sessionGroups"]
    by_trial = {group["name"]: group for group in groups}
    assert sorted(by_trial) == TRIALS
    for trial, group in by_trial.items():
        status = finished.trial(trial).read_status()
        (session,) = group["sessions"]
        assert session["status"] == STATUS[status.state]
        (metric,) = [m for m in group["metricValues"] if m["name"]["tag"] == "score"]
        shown = float(metric["value"])
        expected = math.nan if status.score is None else float(np.float32(status.score))
        assert shown == expected or (math.isnan(shown) and math.isnan(expected))
        assert group["hparams"]["lr"] == finished.trial(trial).read_config()["lr"]


def test_a_browser_shows_runs_and_tags(url: str, tmp_path: Path) -> None:
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        pytest.skip("test_a_browser_shows_runs_and_tags: no Chromium on this machine")
    run = [browser, *FLAGS, f"--user-data-dir={tmp_path}", f"{url}/#timeseries"]
    done = subprocess.run(run, capture_output=True, text=True, timeout=180)
    page = re.sub(r"<style.*?</style>|<script.*?</script>", "", done.stdout, flags=re.DOTALL)
    words = re.sub(r"<[^>]*>", " ", page).split()
    assert [f"trials/{t}" for t in TRIALS if f"trials/{t}" not in words] == []
    assert [name for name in ("accuracy", "loss", "training", "score") if name not in words] == []
