"""`--space forecast_rnn` from a CSV file to a forecast: real Ray, real training, small."""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from analysis import load
from analysis.__main__ import main
from tests.conftest import Refused
from tests.test_char_rnn import analysis
from tests.tuning.test_search import read, search, states
from trainables.data.request import DataRequest
from trainables.forecast_rnn import TASK, Config
from trainables.trainer import load_tensors
from tuning.experiment import Experiment

SMALL = ["hidden_size=8", "batch_size=64", "window=24,30", "segment=1,6", "horizon=6", "layers=1"]
OPTIONS = [o for setting in [*SMALL, "targets=load+wind"] for o in ("--set", setting)]
OPTIONS += ["--concurrency", "1"]  # a worker less to start


def series(rows: int = 600) -> pd.DataFrame:
    hours = np.arange(rows)
    noise = np.random.default_rng(0).normal(0, 0.1, (rows, 3))
    wave = np.sin(2 * np.pi * hours / 24)
    stamps = pd.date_range("2024-03-01", periods=rows, freq="h")
    values = {
        "load": 50 + 10 * (wave + noise[:, 0]),
        "calm": noise[:, 1],
        "wind": wave**2 + noise[:, 2],
    }
    return pd.DataFrame({"when": stamps, **values})


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("series") / "series.csv"
    series().to_csv(file, index=False)
    return file


@pytest.fixture(scope="module")
def found(table: Path) -> tuple[Experiment, str]:
    options = ["--space", "forecast_rnn", "--data-dir", str(table), *OPTIONS]
    return search(
        table.parent, "wind", *options, "--trials", "5", "--max-epochs", "3", "--finalists", "0"
    )


def test_it_is_searched_for_the_least_error(found: tuple[Experiment, str]) -> None:
    experiment, screen = found
    assert set(states(experiment)) <= {"COMPLETE", "PRUNED"} and len(states(experiment)) == 5
    results = load(experiment.root)
    assert results.leaderboard["score"].is_monotonic_increasing
    assert set(results.trials["config/horizon"]) == {6}
    assert set(results.trials["config/targets"]) == {"load+wind"}
    assert results.epochs[["val_mse", "val_mae", "train_mse", "grad_norm"]].notna().all().all()
    assert "forecast wind --input FILE.csv" in screen


def test_references_are_on_the_same_windows(found: tuple[Experiment, str], table: Path) -> None:
    experiment, screen = found
    metrics = read(experiment.best / "metrics.json")
    splits = TASK.load(DataRequest(directory=table))
    assert set(metrics["references"]) == {"last value", "a season ago", "ridge"}
    for part in ("val", "test"):
        rows = getattr(splits, part)
        count = len(rows) - 6 + 1
        own = rows.values[rows.first - 1 :, [0, 2]]
        windows = np.lib.stride_tricks.sliding_window_view(own, 7, axis=0)  # last value, then truth
        last = np.square(windows[..., 1:] - windows[..., :1]).mean()
        reference = metrics["references"]["last value"][part]
        assert reference["mse"] == pytest.approx(float(last), rel=1e-5)
        scored = {metrics[part]["count"], reference["count"], metrics["baseline"][part]["count"]}
        assert scored == {count}
        columns = metrics[part]["columns"]
        assert set(columns) == {"load", "wind"}
        spread = dict(zip(splits.meta.names, splits.meta.std, strict=True))
        own_units = [columns[name]["mae"] / spread[name] for name in columns]
        assert np.mean(own_units) == pytest.approx(metrics[part]["mae"])
    for shown in (screen, analysis("show", experiment.root).stdout):
        assert all(name in shown for name in metrics["references"]) and "test mse" in shown


def test_forecasts_against_truth_are_drawn(found: tuple[Experiment, str]) -> None:
    experiment, _ = found
    for directory in experiment.trials():
        events = EventAccumulator(str(directory.root), size_guidance={"images": 0}).Reload()
        (shown,) = events.Images("forecast")
        assert shown.step == directory.read_status().best_epoch
        assert Image.open(io.BytesIO(shown.encoded_image_string)).size == (
            shown.width,
            shown.height,
        )
    exported = experiment.best / "forecast.png"
    trial = read(experiment.best / "metrics.json")["trial"]
    assert exported.read_bytes() == (experiment.trial(trial).root / "forecast.png").read_bytes()


def test_the_steps_after_the_end_are_forecast(
    found: tuple[Experiment, str], table: Path, tmp_path: Path
) -> None:
    experiment, _ = found
    out = tmp_path / "ahead.csv"
    done = analysis("forecast", experiment.root, "--input", table, "--out", out)
    assert "6 steps in" in done.stdout and "90%" in done.stdout
    ahead = pd.read_csv(out, parse_dates=["when"])
    after = pd.date_range(series()["when"].iloc[-1], periods=7, freq="h")[1:]
    assert (ahead["when"] == after).all()
    names = ["load", "load_low", "load_high", "wind", "wind_low", "wind_high"]
    assert list(ahead.columns) == ["when", *names]
    assert (ahead["load_low"] < ahead["load"]).all() and (ahead["load"] < ahead["load_high"]).all()
    assert ahead["load"].between(20, 80).all()
    printed = analysis("forecast", experiment.root, "--input", table).stdout
    pd.testing.assert_frame_equal(pd.read_csv(io.StringIO(printed), parse_dates=["when"]), ahead)
    # And it is the exported network's own forecast, in the series' units.
    config = read(experiment.best / "config.json")
    splits = TASK.load(DataRequest(directory=table))
    network: Any = TASK.network(Config(**config["parameters"]), splits.meta).eval()
    network.load_state_dict(load_tensors(experiment.best / "model.pt"))
    past = torch.from_numpy(splits.test.values[-network.window :].T.copy())
    own = network(past[None])[0, 0].detach().numpy() * splits.meta.std[0] + splits.meta.mean[0]
    np.testing.assert_allclose(ahead["load"], own, rtol=1e-5)


def test_a_trial_replays_to_the_last_bit(found: tuple[Experiment, str]) -> None:
    for trial in ("t0000", "t0001"):
        said = analysis("replay", found[0].root, trial).stdout
        assert said.endswith(f"{trial}: every epoch is the same to the last bit\n")


def test_columns_may_be_more_and_in_another_order(
    found: tuple[Experiment, str], table: Path, tmp_path: Path
) -> None:
    experiment, _ = found
    other = tmp_path / "other.csv"
    frame = series()
    frame.assign(more=1.0)[["wind", "when", "more", "calm", "load"]].to_csv(other, index=False)
    given = [analysis("forecast", experiment.root, "--input", f).stdout for f in (table, other)]
    assert given[0] == given[1]


def test_forecasts_carry_the_files_own_clock(found: tuple[Experiment, str], tmp_path: Path) -> None:
    zoned = series().assign(when=lambda f: f["when"].dt.tz_localize("+02:00"))
    zoned.to_csv(tmp_path / "zoned.csv", index=False)
    printed = analysis("forecast", found[0].root, "--input", tmp_path / "zoned.csv").stdout
    assert printed.splitlines()[1].startswith("2024-03-26 00:00:00+02:00,")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda f: f.drop(columns="calm"), "no column 'calm', which the model reads"),
        (lambda f: f.head(10), "10 rows; the model reads the last"),
        (lambda f: f.iloc[::2], "a row every 2h, but the model was trained on a row every 1h"),
        (lambda f: f.drop(index=300), "row 301"),
    ],
)
def test_another_table_is_refused(
    found: tuple[Experiment, str],
    tmp_path: Path,
    change: Callable[[pd.DataFrame], pd.DataFrame],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "bad.csv"
    change(series()).to_csv(file, index=False)
    assert main(["forecast", str(found[0].root), "--input", str(file)]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and message in error


def test_a_column_that_is_not_there_stops_before_any_trial(
    table: Path, tmp_path: Path, refused: Refused
) -> None:
    options = ["--space", "forecast_rnn", "--data-dir", str(table), "--set", "targets=lod"]
    error = (
        f"run_search: error: --data-dir {table}: targets=lod: no column 'lod'; did you mean 'load'?"
    )
    assert refused(*options, "--storage", str(tmp_path), "--name", "bad") == error
    assert not (tmp_path / "bad").exists()


def test_text_in_a_column_of_numbers_is_refused_with_row_and_column(
    tmp_path: Path, refused: Refused
) -> None:
    file = tmp_path / "bad.csv"
    frame = series(100)
    frame["calm"] = ["a storm" if n == 41 else 0.5 * n for n in range(100)]
    frame.to_csv(file, index=False)
    place = ["--storage", str(tmp_path), "--name", "bad"]
    error = refused("--space", "forecast_rnn", "--data-dir", str(file), *place)
    assert error.endswith("row 42 (2024-03-02T17:00:00), column calm: 'a storm' is no number")


def test_on_the_stand_in_a_search_beats_the_baseline(tmp_path: Path) -> None:
    options = ["--space", "forecast_rnn", "--data", "embedded", "--trials", "4"]
    options += ["--finalists", "0", "--concurrency", "1"]
    experiment, screen = search(tmp_path, "waves", *options, "--max-epochs", "3")
    metrics = read(experiment.best / "metrics.json")
    assert metrics["val"]["mse"] < metrics["baseline"]["val"]["mse"]
    assert metrics["val"]["mse"] < metrics["references"]["a season ago"]["val"]["mse"]
    assert "stand-in: three generated series" in screen and "scores say nothing" in screen


def test_finalists_of_a_loss_and_the_winner_trained_on_all(table: Path, tmp_path: Path) -> None:
    near = [option.replace("horizon=6", "horizon=4") for option in OPTIONS]
    options = ["--space", "forecast_rnn", "--data-dir", str(table), *near, "--trials", "3"]
    options += ["--max-epochs", "3", "--finalists", "2", "--repeats", "2", "--retrain-on-all"]
    experiment, screen = search(tmp_path, "all", *options)
    ranked = pd.read_csv(experiment.finalists)
    assert ranked["mean"].is_monotonic_increasing and ranked["mean"].notna().all()
    optimism = ranked["mean"] - ranked["search_score"]
    assert ranked["optimism"].to_numpy() == pytest.approx(optimism.to_numpy())
    metrics = read(experiment.best / "metrics.json")
    assert metrics["trial"] == f"{ranked['trial'][0]}-all" and metrics["val"] is None
    low, high = metrics["baseline"]["val"]["interval"]
    assert low < metrics["baseline"]["val"]["mse"] < high
    reruns = [experiment.trial(f"{ranked['trial'][0]}-r{n}").read_status() for n in (1, 2)]
    worse = max(reruns, key=lambda status: status.score or 0.0)
    assert metrics["replay"].endswith(f" all {worse.trial}")
    assert (
        read(experiment.best / "interval.json")["share"] == 0.9
    )  # of val, which worse has not seen
    assert "Training" in screen and "on train and val together" in screen
    splits, config = (
        TASK.load(DataRequest(directory=table)),
        TASK.Config(horizon=4, targets="load+wind"),
    )
    fair, behind = (
        TASK.scoring.references(config, known, splits.test)["ridge"]["mse"]
        for known in (splits.all_for_training(), splits.closed())
    )  # what stands beside a model that knows val knows val too
    assert metrics["references"]["ridge"]["test"]["mse"] == pytest.approx(fair) != behind
    forecast = analysis("forecast", experiment.root, "--input", table)
    assert len(forecast.stdout.splitlines()) == 1 + 4


@pytest.mark.parametrize("content", [None, "{", '{"share": 0.9}', "[]"])
def test_an_export_without_its_interval_is_refused(
    found: tuple[Experiment, str], table: Path, tmp_path: Path, content: str | None
) -> None:
    copy = Path(shutil.copytree(found[0].root, tmp_path / "copy"))
    interval = copy / "best" / "interval.json"
    interval.unlink() if content is None else interval.write_text(content)
    done = analysis("forecast", copy, "--input", table, code=2)
    assert done.stderr.count("\n") == 1 and "interval.json: no interval of an" in done.stderr
