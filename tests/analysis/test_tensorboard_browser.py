"""TensorBoard itself on an experiment: over its HTTP interface, and in a browser."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from tests.browser import chromium
from tuning.experiment import Experiment
from tuning.hparams import EPOCHS, SECONDS, STATE, STATES

TOLD = (STATE, EPOCHS, SECONDS)
FULL = {"baseline", "t0000", "t0003"}
TRIALS = ["baseline", "t0000", "t0001", "t0002", "t0003"]
STATUS = {"COMPLETE": "STATUS_SUCCESS", "PRUNED": "STATUS_SUCCESS", "FAIL": "STATUS_FAILURE"}
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
    wanted = {"timeseries", "scalars", "custom_scalars", "hparams", "images", "text"}
    wanted |= {"graphs", "histograms", "distributions", "projector"}
    enabled: set[str] = set()
    end = time.monotonic() + PATIENCE
    while not wanted <= enabled and time.monotonic() < end:  # one of them has to look first
        tabs = get(f"{url}/data/plugins_listing")
        enabled = {name for name, tab in tabs.items() if tab["enabled"]}
    assert wanted <= enabled


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
        "colParams": [{"metric": {"group": "", "tag": tag}} for tag in ("score", *TOLD)],
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
        assert group["hparams"] == finished.trial(trial).read_config()  # fixed ones too
        told = {m["name"]["tag"]: m["value"] for m in group["metricValues"]}
        assert [told[tag] for tag in TOLD] == [
            STATES[status.state], status.epochs, float(np.float32(status.seconds))
        ]  # fmt: skip


def tags(url: str, plugin: str) -> dict[str, set[str]]:
    """By trial, what a plugin has to show."""
    found = get(f"{url}/data/plugin/{plugin}/tags")
    return {run.removeprefix("trials/"): set(tags) for run, tags in found.items() if tags}


def test_the_layout_puts_train_against_val(url: str) -> None:
    against, rest = get(f"{url}/data/plugin/custom_scalars/layout")["category"]
    assert [chart["title"] for chart in against["chart"]] == ["loss", "accuracy"]  # once for all
    for curve in against["chart"][0]["multiline"]["tag"]:
        query = urllib.parse.urlencode({"run": "trials/t0000", "tag": curve})
        (points,) = get(f"{url}/data/plugin/custom_scalars/scalars?{query}")[
            "tag_to_events"
        ].values()
        assert [step for _, step, _ in points] == [1, 2, 3]
    assert "grad_norm" in {chart["title"] for chart in rest["chart"]}


def test_networks_of_full_trials_are_shown(url: str) -> None:
    assert set(tags(url, "histograms")) == FULL
    query = urllib.parse.urlencode({"run": "trials/t0000", "tag": "weights/fc1.weight"})
    epochs = get(f"{url}/data/plugin/histograms/histograms?{query}")
    assert [step for _, step, _ in epochs] == [1, 2, 3]
    for _, _, buckets in epochs:
        lows, highs, counts = zip(*buckets, strict=True)
        assert sum(counts) == 16 * 4 * 7 * 7 and max(lows) < max(highs)
    runs = get(f"{url}/data/plugin/graphs/info")
    assert {run.removeprefix("trials/") for run, r in runs.items() if r["run_graph"]} == FULL
    with urllib.request.urlopen(f"{url}/data/plugin/graphs/graph?run=trials%2Ft0000") as answer:
        assert b"SimpleCNN/Linear[fc2]" in answer.read()


def test_pictures_of_what_is_taken_for_what(url: str) -> None:
    shown = tags(url, "images")
    assert set(shown) == FULL
    assert all({"confusion", "most_confused"} == names for names in shown.values())
    query = urllib.parse.urlencode({"run": "trials/t0000", "tag": "confusion", "sample": 0})
    (image,) = get(f"{url}/data/plugin/images/images?{query}")
    found = f"{url}/data/plugin/images/individualImage?{image['query']}"
    with urllib.request.urlopen(found) as answer:
        assert answer.read().startswith(b"\x89PNG")


def test_why_a_trial_failed_is_under_text(url: str) -> None:
    assert tags(url, "text") == {"t0002": {"trial/cause"}}
    (text,) = get(f"{url}/data/plugin/text/text?run=trials%2Ft0002&tag=trial%2Fcause")
    assert "non-finite training loss" in text["text"]


def test_points_and_their_pictures(url: str, finished: Experiment) -> None:
    names = get(f"{url}/data/plugin/projector/runs")
    assert {run.removeprefix("trials/") for run in names} == FULL
    (embedding,) = get(f"{url}/data/plugin/projector/info?run=trials%2Ft0000")["embeddings"]
    count, width = embedding["tensorShape"]
    assert width == 16 and embedding["sprite"]["singleImageDim"] == [28, 28]
    query = urllib.parse.urlencode({"run": "trials/t0000", "name": embedding["tensorName"]})
    for what, size in (("tensor", 4 * count * width), ("metadata", None), ("sprite_image", None)):
        with urllib.request.urlopen(f"{url}/data/plugin/projector/{what}?{query}") as answer:
            content = answer.read()
        assert size is None or len(content) == size
        assert what != "metadata" or content.startswith(b"label\ttaken for\tright\n")
        assert what != "sprite_image" or content.startswith(b"\x89PNG")


SAID = """(() => { const words = []; const walk = (node) => {
    if (node.shadowRoot) walk(node.shadowRoot);
    for (const child of node.childNodes) child.nodeType === 3 ? words.push(child.data) :
        ["STYLE", "SCRIPT"].includes(child.nodeName) || walk(child); };
    walk(document.body); return words.join(" ").split(/\\s+/).join(" "); })()"""


def test_a_browser_draws_hparams_and_points(url: str, finished: Experiment) -> None:
    points = finished.trial("baseline").root / "views" / "points.tsv"
    with chromium("test_a_browser_draws_hparams_and_points") as browser:
        browser.window(1500, 1100)
        browser.open(f"{url}/#hparams")
        browser.until(f"{SAID}.includes('t0003')")
        assert set(TRIALS) | {"lr", "optimizer", "adam"} <= set(browser.evaluate(SAID).split())
        browser.open(f"{url}/data/plugin/projector/projector_binary.html")  # as its tab has it
        browser.until(f"{SAID}.includes('Points: {points.read_text().count(chr(10))} ')")


def test_a_browser_shows_runs_and_tags(url: str) -> None:
    wanted = {f"trials/{trial}" for trial in TRIALS} | {"accuracy", "loss", "training", "score"}
    with chromium("test_a_browser_shows_runs_and_tags") as browser:
        browser.window(1600, 2400)
        browser.open(f"{url}/#timeseries")
        browser.until(f"{json.dumps(sorted(wanted))}.every(w => {SAID}.split(' ').includes(w))")
