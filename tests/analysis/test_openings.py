"""The record of test's openings: one a model, completed after a kill in between, never doubled."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from analysis import handover
from analysis import openings as openings_module
from analysis.export.rescore import FreshProcess
from analysis.handover import hand_over
from analysis.openings import announce_opening, complete_opening, openings
from analysis.report import Record
from analysis.summary import print_summary
from trainables.data.splits import Splits
from tuning.experiment import Experiment


def lines(experiment: Experiment) -> list[dict]:
    return [json.loads(line) for line in experiment.test_openings.read_text().splitlines()]


class KilledError(Exception):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", ["announce_opening", "complete_opening"])
def test_an_opening_that_a_kill_cut_short_is_completed(
    step: str, copy: Callable[[], Experiment], digits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = copy()
    where = openings_module if step == "announce_opening" else handover
    real = getattr(where, step)

    def killed(*arguments: object) -> None:
        if step == "announce_opening":  # right after it; and right before the other
            real(*arguments)
        raise KilledError

    with monkeypatch.context() as patch, FreshProcess() as fresh:
        patch.setattr(where, step, killed)
        with pytest.raises(KilledError):
            hand_over(experiment, digits, fresh, open_test=True)
    (announced,) = lines(experiment)
    assert announced["result"] is None
    with FreshProcess() as fresh:
        assert hand_over(experiment, digits, fresh, open_test=True)
    (opening,) = lines(experiment)
    assert opening["time"] == announced["time"]
    metrics = json.loads((experiment.best / "metrics.json").read_text())
    assert opening["result"][metrics["trial"]] == metrics["test"]["accuracy"]


def test_one_that_another_model_overtook_is_marked(tmp_path: Path) -> None:
    experiment = Experiment(tmp_path)
    announce_opening(experiment, ["t0001"])
    announce_opening(experiment, ["t0007"])
    complete_opening(experiment, {"t0007": 0.5})
    assert [line["result"] for line in lines(experiment)] == [{"interrupted": True}, {"t0007": 0.5}]
    assert openings(experiment) == 2


def test_half_a_line_is_no_opening(copy: Callable[[], Experiment]) -> None:
    experiment = copy()
    announce_opening(experiment, ["t0001"])
    with experiment.test_openings.open("ab") as file:
        file.write(b'{"time": "2026-01-01T00:00:00+0000", "tri\xc3')
    record = Record.of(experiment, running=False)
    assert [opening["trials"] for opening in record.openings] == [["t0001"]]
    torn = "the last line of test_openings.jsonl is torn, and left out"
    assert record.results.notes == (torn,) and openings(experiment) == 1
    complete_opening(experiment, {"t0001": 0.5})
    assert [line["result"] for line in lines(experiment)] == [{"t0001": 0.5}]


def test_a_second_opening_is_said(
    copy: Callable[[], Experiment], digits: Splits, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = copy()
    with FreshProcess() as fresh:
        assert hand_over(experiment, digits, fresh, open_test=True)
    print_summary(experiment, Console(width=200), interrupted=False)
    assert "Test (opened once): " in capsys.readouterr().out
    announce_opening(experiment, ["t0009"])
    print_summary(experiment, Console(width=200), interrupted=False)
    assert "Test (opened 2 times, so no longer unseen): " in capsys.readouterr().out
