"""The report names no command that would be refused."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from analysis.report.record import Record
from analysis.report.use import commands
from analysis.sentences import how_to_use
from trainables.files import read_json, write_json
from tuning.experiment import Experiment

FORECAST = "forecast {} --input FILE.csv"


@pytest.mark.parametrize(
    ("config", "use"),
    [
        ({"meta": {"classes": ["a"]}, "inputs": []}, "predict {} IMAGE..."),
        ({"meta": {"classes": ["a"]}}, "predict {} IMAGE..."),  # pictures are what goes in
        ({"meta": {"season": 24}, "inputs": []}, FORECAST),
        ({"meta": {"season": 24}}, ""),  # a task without a `portable`
        ({"meta": {"a user's": "own"}, "inputs": []}, ""),
    ],
)
def test_how_to_use(config: dict[str, Any], use: str, tmp_path: Path) -> None:
    (tmp_path / "best").mkdir()
    write_json(tmp_path / "best" / "config.json", config)
    assert how_to_use(Experiment(tmp_path)) == use


def test_what_a_model_without_a_portable_is_good_for(finished: Experiment, tmp_path: Path) -> None:
    experiment = Experiment(Path(shutil.copytree(finished.root, tmp_path / "silent")))
    record = Record.of(experiment, running=False)
    first, second, *_ = (command.lines for command in commands(record))
    assert " predict " in first and second.endswith("--format onnx")
    config = read_json(experiment.best / "config.json")
    del config["inputs"]
    write_json(experiment.best / "config.json", config | {"meta": {"season": 24}})
    first, second, *_ = (command.lines for command in commands(record))
    assert first.endswith("--format safetensors") and " replay " in second
