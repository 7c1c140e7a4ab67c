"""Without a network: text and series fall back to what is built in, loudly, or refuse to."""

from __future__ import annotations

import pytest

from trainables import char_rnn, forecast_rnn
from trainables.data import download
from trainables.data.request import DataRequest
from trainables.errors import BadInput

TASKS = [(char_rnn.TASK, "tiny-shakespeare"), (forecast_rnn.TASK, "ETTh1")]


@pytest.fixture(autouse=True)
def no_network(monkeypatch, fresh_cache):
    monkeypatch.setattr(download, "offline", lambda: True)


@pytest.mark.parametrize(("task", "name"), TASKS)
def test_auto_falls_back_loudly(task, name):
    said: list[str] = []
    splits = task.load(DataRequest(say=said.append))
    assert splits.provenance.kind == "stand-in" and splits.provenance.note
    assert said[0].startswith("!! ") and "no network" in said[0]
    assert said[1] == f"!! NOT {name}: using the built-in {splits.provenance.name}"


@pytest.mark.parametrize(("task", "name"), TASKS)
def test_real_data_that_cannot_be_had_is_refused(task, name):
    with pytest.raises(BadInput, match=r"--data real: .*no network; give a .* --data-dir FILE"):
        task.load(DataRequest("real"))
