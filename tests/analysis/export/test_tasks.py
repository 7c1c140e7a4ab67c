"""Text is written and series are forecast with what was exported, without its experiment."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.export.bundle import load_bundle
from tests.analysis.asked import said
from tests.tuning.rehearsal import Rehearsal
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.files import write_json
from tuning.experiment import Experiment
from tuning.request import make_plan


def searched(space: str, storage: Path, *settings: str) -> tuple[Experiment, Splits]:
    """A search of one short trial on the built-in data."""
    plan = make_plan(
        space,
        storage=storage,
        name=space,
        settings=list(settings),
        trials=1,
        max_epochs=1,
        scheduler="none",
        concurrency=1,
        gpus_per_trial=0.0,
        data=DataRequest("embedded"),
    )
    search = Rehearsal(plan)
    splits = plan.space.task.load(plan.data)
    write_json(search.experiment.plan, plan.to_json(splits))
    trial = search.begin()
    assert trial is not None
    search.train(trial, splits)
    return search.experiment, splits


def test_text_is_written_from_the_directory_alone(tmp_path: Path) -> None:
    small = ("hidden_size=8", "embedding=8", "layers=1", "batch_size=1000", "window=50")
    experiment, _ = searched("char_rnn", tmp_path, *small)
    texts = []
    for made in ("torchscript", "pt"):
        out = tmp_path / "away" / made
        how = ("--trial", "t0000", "--format", made, "--out", out)
        said("export", experiment.root, *how)
        order = ("--prompt", "The ", "--length", 30, "--temperature", 1.0, "--seed", 3, "--trust")
        texts.append(said("generate", out, *order))
        texts.append(said("generate", out, "--prompt", "A", "--length", 9, "--beam", 3, "--trust"))
    assert texts[:2] == texts[2:] and len(texts[0]) == 35
    assert (tmp_path / "away" / "pt" / "config.json").read_text().count('"vocabulary"') == 1


def test_a_series_is_forecast_from_the_directory_alone(tmp_path: Path) -> None:
    small = ("hidden_size=4", "layers=1", "window=24", "batch_size=256", "horizon=3")
    experiment, splits = searched("forecast_rnn", tmp_path, *small)
    out = tmp_path / "away"
    how = ("--trial", "t0000", "--format", "torchscript", "--out", out)
    assert "100 val inputs differ" in said("export", experiment.root, *how)
    assert "interval.json" in (out / "SHA256SUMS").read_text()
    meta, values = splits.meta, splits.val.values[-30:]
    rows = values * np.array(meta.std) + np.array(meta.mean)
    stamps = np.datetime64("2024-01-01T00") + np.arange(30)
    lines = [f"{s},{','.join(map(str, row))}" for s, row in zip(stamps, rows, strict=True)]
    text = "\n".join([",".join([meta.time, *meta.names]), *lines])
    (tmp_path / "now.csv").write_text(text)
    told = said("forecast", out, "--input", tmp_path / "now.csv", "--trust").splitlines()
    assert len(told) == 4 and told[1].startswith("2024-01-02 06:00:00,")
    numbers = np.array([line.split(",")[1:] for line in told[1:]], float).reshape(3, -1, 3)
    forecast, low, high = numbers[..., 0], numbers[..., 1], numbers[..., 2]
    assert (low < forecast).all() and (forecast < high).all()
    network = load_bundle(out, trust=True).run(rows[None, -24:])[0][0]
    assert np.allclose(network, forecast)
    level = np.abs(forecast - rows[-1]) / meta.std
    assert level.max() < 3  # in its own units, near where the series is
