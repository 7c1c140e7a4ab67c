"""optuna-dashboard on the journal of a search that is writing it."""

from __future__ import annotations

import importlib.util
import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend

from tests.tuning.rehearsal import Rehearsal, cheap_plan

if importlib.util.find_spec("optuna_dashboard") is None:
    pytest.skip("optuna-dashboard is not installed", allow_module_level=True)


@contextmanager
def dashboard(journal: Path) -> Iterator[str]:
    """Start it as the README does; the URL of its API."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).with_name("optuna-dashboard")), str(journal)]
    with subprocess.Popen([*command, "--port", str(port), "--quiet"]) as process:
        try:
            yield f"http://127.0.0.1:{port}/api"
        finally:
            process.terminate()


def asked(url: str) -> Any:
    """What it answers, once it does."""
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return json.load(answer)
        except OSError:
            assert time.monotonic() < deadline, "it does not answer"
            time.sleep(0.1)


def test_it_shows_a_study_that_is_being_written_and_leaves_it_alone(tmp_path: Path) -> None:
    search = Rehearsal(cheap_plan(tmp_path, trials=3))
    journal = search.experiment.journal
    first, second = search.begin(), search.begin()
    assert first and second
    search.work(first, 1, 0.5)
    with dashboard(journal) as url:
        (study,) = asked(f"{url}/studies")["study_summaries"]
        trials = f"{url}/studies/{study['study_id']}"
        seen = asked(trials)["trials"]
        assert study["study_name"] == search.plan.name
        assert [trial["state"] for trial in seen[:2]] == ["Running", "Running"]
        search.work(first, 2, 0.75)
        search.end(first, {"finished": True, "val_accuracy": 0.75, "epoch": 2})
        third = search.begin()
        assert third is not None
        written = journal.read_bytes()
        for _ in range(50):
            seen = asked(trials)["trials"]
            if len(seen) == 3:
                break
            time.sleep(0.2)  # it keeps an answer for two seconds
        assert [trial["state"] for trial in seen] == ["Complete", "Running", "Running"]
        assert seen[0]["values"] == [0.75]
        assert [v["value"] for v in seen[0]["intermediate_values"]] == [0.5, 0.75]
        assert journal.read_bytes() == written, "looking writes nothing"
        assert not list(journal.parent.glob(f"{journal.name}*.lock")), "nor leaves a lock"
        search.work(second, 1, 0.625)  # and the search goes on, not held up
    assert journal.read_bytes().startswith(written)
    storage = JournalStorage(JournalFileBackend(str(journal)))
    again = optuna.load_study(study_name=None, storage=storage)
    assert again.trials[1].intermediate_values == {1: 0.625}
