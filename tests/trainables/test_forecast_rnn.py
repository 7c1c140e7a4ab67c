"""The forecaster: every setting trains; what it may not see changes nothing."""

from __future__ import annotations

import itertools
import json
from typing import Any

import numpy as np
import pytest
import torch

from trainables.data.series import Series, SeriesMeta
from trainables.data.splits import Provenance, Splits
from trainables.forecast_rnn import TASK, Config, ForecastRNN, target_columns
from trainables.parts.fields import CELLS
from trainables.parts.level import LEVELS

NAMES = ("a", "b", "c")
META = SeriesMeta(NAMES, "date", "1h", 24, (0.0,) * 3, (1.0,) * 3)


def splits(rows: int = 400) -> Splits:
    hours = np.arange(rows)[:, None]
    noise = np.random.default_rng(0).normal(0, 0.1, (rows, 3))
    values = (np.sin(2 * np.pi * (hours / 24 + np.array([0, 0.3, 0.6]))) + noise).astype(np.float32)
    parts = [Series(values[:end], first) for first, end in ((0, 240), (240, 320), (320, 400))]
    return Splits(parts[0], parts[1], META, Provenance("own", "waves"), "", parts[2])


def network(**settings: Any) -> ForecastRNN:
    torch.manual_seed(0)
    small: dict[str, Any] = dict(hidden_size=5, window=12, horizon=4)
    return ForecastRNN(Config(**(small | settings)), META).eval()


@pytest.mark.parametrize(
    ("cell", "level", "shared", "segment", "targets"),
    list(itertools.product(CELLS, LEVELS, (False, True), (1, 4, 5, 100), ("all", "c+a"))),
)
def test_every_setting_forecasts_its_targets(cell, level, shared, segment, targets):
    module = network(cell=cell, level=level, shared=shared, segment=segment, targets=targets)
    ahead = module(torch.randn(6, 3, 12))
    assert ahead.shape == (6, 3 if targets == "all" else 2, 4)
    assert torch.isfinite(ahead).all()


def test_shared_weights_forecast_each_column_from_its_own_past_alone():
    past = torch.randn(2, 3, 12)
    other = past.clone()
    other[:, 1] = torch.randn(2, 12)
    alone, together = network(shared=True, targets="c+a"), network(shared=False, targets="c+a")
    assert torch.equal(alone(past), alone(other))
    assert not torch.allclose(together(past), together(other))
    same = past[:, [0, 0, 0]]
    torch.testing.assert_close(alone(same)[:, 0], alone(same)[:, 1])


def test_targets_come_in_the_order_asked_for():
    first, second = network(shared=True, targets="c+a"), network(shared=True, targets="a+c")
    past = torch.randn(2, 3, 12)
    torch.testing.assert_close(first(past), second(past)[:, [1, 0]])
    assert target_columns(Config(targets="c+a"), META) == [2, 0]


@pytest.mark.parametrize("shared", [False, True])
def test_a_shift_of_the_level_shifts_the_forecast(shared):
    module, past = network(level="last", shared=shared, segment=4), torch.randn(2, 3, 12)
    lift = torch.tensor([5.0, -3.0, 100.0])[:, None]
    torch.testing.assert_close(module(past + lift), module(past) + lift, rtol=1e-4, atol=1e-4)


def test_the_oldest_steps_that_fill_no_segment_are_not_read():
    module, past = network(segment=5, level="none"), torch.randn(2, 3, 12)
    other = past.clone()
    other[..., :2] = 9
    assert torch.equal(module(past), module(other))
    other[..., 2] = 9
    assert not torch.allclose(module(past), module(other))


@pytest.mark.parametrize("loss", ["mse", "mae", "huber"])
@pytest.mark.parametrize("cell", CELLS)
def test_it_learns_waves(cell, loss):
    torch.manual_seed(0)
    config = Config(
        cell=cell, hidden_size=16, window=24, segment=4, shared=True, loss=loss,
        horizon=6, lr=1e-2, epochs=8,
    )  # fmt: skip
    trainer = TASK.build(config, splits(), "cpu")
    results = [trainer.run_epoch() for _ in range(8)]
    assert results[-1]["val_mse"] < 0.06 < results[0]["train_mse"]
    assert trainer.evaluate("test")["mse"] < 0.06
    figure = json.loads(json.dumps(trainer.figures()["forecast"]))
    (*_, window) = figure["columns"]["b"]
    assert window["truth"] == pytest.approx(splits().val.values[-6:, 1].tolist())
    apart = np.subtract(window["truth"], window["forecast"])
    assert np.square(apart).mean() < 0.2 and len(window["past"]) == 12
    assert TASK.drawings["forecast"](figure).startswith(b"\x89PNG")


def test_two_trainings_with_one_seed_are_the_same_and_can_be_gone_on_with(tmp_path):
    def begun():
        torch.manual_seed(3)
        return TASK.build(Config(hidden_size=4, window=12, dropout=0.2, epochs=2), splits(), "cpu")

    whole = begun()
    first = [whole.run_epoch()["val_mse"] for _ in range(2)]
    halves = begun()
    assert halves.run_epoch()["val_mse"] == first[0]
    halves.save(tmp_path / "half.pt")
    other = begun()
    other.load(tmp_path / "half.pt")
    assert other.run_epoch()["val_mse"] == first[1]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"targets": "a+d"}, "no column 'd'"),
        ({"targets": "a+a"}, "named twice"),
        ({"frequency": "1D"}, "frequency=1D: the data has a row every 1h"),
        ({"window": 230, "horizon": 24}, "window=230, horizon=24: the series is too short: train"),
        ({"window": 24, "horizon": 81}, "too short: val"),
    ],
)
def test_what_does_not_fit_the_series_is_refused(settings, message):
    TASK.check_data(Config(targets="b", frequency="1h"), splits())
    with pytest.raises(ValueError, match=message):
        TASK.check_data(Config(**settings), splits())


def test_equal_steps_are_equal_however_they_are_written():
    for frequency in ("1h", "60min", "3600s"):
        TASK.check_data(Config(frequency=frequency), splits())


def test_the_defaults_are_the_textbooks_settings():
    config = Config()
    assert (config.cell, config.layers, config.hidden_size) == ("lstm", 1, 64)
    assert (config.lr, config.window, config.segment, config.level) == (1e-3, 96, 1, "last")
    assert (config.horizon, config.targets, config.frequency) == (24, "all", "inferred")


def test_a_column_may_have_any_name():
    figure = {"step": "1h", "columns": {"cost $\\foo$ x_$": [WINDOW] * 3}}
    assert TASK.drawings["forecast"](figure).startswith(b"\x89PNG")


WINDOW = {"past": [1.0, 2.0], "truth": [3.0, 4.0], "forecast": [3.0, 3.5]}
