"""What lies beside an export's weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.analysis.asked import said
from trainables.files import read_json, write_json
from trainables.mnist_cnn import TASK
from trainables.parts.pngs import png
from tuning.experiment import Experiment


def test_a_drawing_that_fails_leaves_a_picture_out(
    copy: Callable[[], Experiment], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = copy()
    drawings = {
        "sketch": lambda values: values["no such"],
        "photograph": lambda values: png(np.array(values, np.uint8)[..., None]),
    }
    for name in drawings:
        write_json(experiment.trial("t0003").figure(name), [[0, 255]])
    monkeypatch.setattr("trainables.mnist_cnn.TASK", replace(TASK, drawings=drawings))
    out = tmp_path / "out"
    said("export", experiment.root, "--trial", "t0003", "--format", "pt", "--out", out)
    assert [path.name for path in out.glob("*.png")] == ["photograph.png"]
    ((name, why),) = read_json(out / "config.json")["undrawn"].items()
    assert name == "sketch" and why.startswith("TypeError: ")
