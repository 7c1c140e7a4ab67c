"""A recurrent network that forecasts time series, all steps ahead at once: RNN, LSTM or GRU.

The textbook's settings (one LSTM layer of 64, Adam, lr 1e-3, 96 steps read one at a time) are
Config's defaults: the baseline that a search must beat. Reading several steps at once, which leaves
far fewer to go through, is S. Lin et al., "SegRNN", arXiv 2308.11200.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.data.frequency import PATTERN, Frequency
from trainables.data.series import Series, SeriesMeta, load_series
from trainables.data.splits import Splits
from trainables.hyperparameters import check, choice, flag, nearest, number, text
from trainables.inspection import Inspection
from trainables.parts import fields
from trainables.parts.forecast_plot import draw_forecasts, forecast_samples
from trainables.parts.graphs import portable_series
from trainables.parts.kernels import choose_kernels
from trainables.parts.level import LEVELS, shifted
from trainables.parts.optimizers import adamw, make_schedule
from trainables.parts.recurrent import Recurrent
from trainables.parts.simple_forecasts import last_value, ridge, season_ago
from trainables.parts.windows import (
    INTERVAL_FILE,
    LOSSES,
    Windows,
    errors,
    forecast_report,
    forecast_shares,
    forecasts,
    residual_interval,
    updates,
    window_points,
)
from trainables.scoring import Scoring
from trainables.task import Task
from trainables.trainer import Trainer

ALL, INFERRED = "all", "inferred"
_NAMES = "all, or names of columns joined by +"


@dataclass(frozen=True)
class Config:
    """Every hyperparameter of `forecast_rnn`."""

    cell: str = fields.cell("lstm")
    hidden_size: int = fields.hidden_size(64)
    layers: int = fields.layers(1)
    dropout: float = fields.dropout(0.0)
    window: int = number(96, low=1, high=10_000, unit="steps", help="past that is read")
    segment: int = number(
        1, low=1, high=1_000, unit="steps", help="read at once by the cell; at most the window"
    )
    level: str = choice(
        "last", LEVELS, help="taken off the past, put on the forecast: last value, mean and scale"
    )
    shared: bool = flag(False, help="each target alone, from its own past, by the same weights")
    loss: str = choice("mse", tuple(LOSSES), help="what training minimises")
    batch_size: int = fields.batch_size(32)
    lr: float = fields.lr(1e-3)
    schedule: str = fields.schedule("constant")
    weight_decay: float = fields.decoupled_decay(0.0)
    clip: float = fields.clip(1.0)
    horizon: int = number(
        24, low=1, high=10_000, unit="steps", help="how far ahead", describes=True
    )
    targets: str = text(ALL, r".+", form=_NAMES, help="columns to forecast")
    frequency: str = text(
        INFERRED, PATTERN, form="inferred, or a step such as 15min, 1h, 1D, 1W, 1M",
        help="step between rows that the data must have",
    )  # fmt: skip
    epochs: int = fields.epochs(10)

    def __post_init__(self) -> None:
        check(self)


class ForecastRNN(nn.Module):
    """level off - segments - linear and ReLU - recurrent layers - linear to all steps - level on.

    A segment of one step goes to the cell as it is.
    """

    def __init__(self, config: Config, meta: SeriesMeta) -> None:
        super().__init__()
        self.columns = target_columns(config, meta)
        self.window, self.horizon = config.window, config.horizon
        self.segment = min(config.segment, config.window)
        self.level, self.shared = config.level, config.shared
        ways = 1 if config.shared else len(meta.names)
        self.ahead = config.horizon * (1 if config.shared else len(self.columns))
        inputs = self.segment * ways
        if self.segment == 1:
            self.embed: nn.Module = nn.Identity()
        else:
            self.embed = nn.Sequential(nn.Linear(inputs, config.hidden_size), nn.ReLU())
            inputs = config.hidden_size
        self.recurrent = Recurrent(
            config.cell, inputs, config.hidden_size, config.layers, config.dropout
        )
        self.head = nn.Linear(config.hidden_size, self.ahead)

    def forward(self, past: Tensor) -> Tensor:
        """[n, columns, window] -> [n, targets, horizon], both standardised."""
        count = past.shape[0]  # not len: a traced graph would keep that as a constant
        if self.shared:
            past = past[:, self.columns].reshape(-1, 1, self.window)
        past, back = shifted(past, self.level)
        used = self.window // self.segment * self.segment  # the oldest steps may fill no segment
        read = past[..., self.window - used :].unflatten(-1, (-1, self.segment))
        steps = self.embed(read.permute(2, 0, 1, 3).flatten(2))
        outputs, _ = self.recurrent(steps)
        ahead = self.head(outputs[-1])
        if self.shared:
            return back(ahead[:, None]).view(count, len(self.columns), self.horizon)
        return back(ahead.view(count, len(self.columns), self.horizon), self.columns)


def target_columns(config: Config, meta: SeriesMeta) -> list[int]:
    """Indices of the columns that a configuration forecasts.

    Raises:
        ValueError: one is not there.
    """
    if config.targets == ALL:
        return list(range(len(meta.names)))
    columns = []
    for name in config.targets.split("+"):
        if name not in meta.names:
            raise ValueError(
                f"targets={config.targets}: no column {name!r}; {nearest(name, meta.names)}"
            )
        columns.append(meta.names.index(name))
    if len(set(columns)) < len(columns):
        raise ValueError(f"targets={config.targets}: a column is named twice")
    return columns


def build(config: Config, splits: Splits, device: str) -> Trainer:
    """A Trainer of `forecast_rnn` for `config` on `splits`."""
    module = ForecastRNN(config, splits.meta).to(device)
    optimizer = adamw(module.parameters(), lr=config.lr, weight_decay=config.weight_decay)
    train = _windows(module, splits.train, device)
    held = {"val": _windows(module, splits.val, device)}
    loss_function = LOSSES[config.loss]

    def loss(module: nn.Module, past: Tensor, future: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        forecast = module(past)
        return loss_function(forecast.float(), future), errors(forecast, future)

    def evaluate(module: Any, split: str) -> dict[str, float]:
        if split == "test" and "test" not in held:
            held["test"] = _windows(module, splits.test, device)
        part = splits.val if split == "val" else splits.test
        made = forecasts(module, held[split])
        report = forecast_report(made, part, splits.meta, module.columns)
        return {name: report[name] for name in ("loss", "mse", "mae")}

    return Trainer(
        module,
        optimizer,
        make_schedule(config, optimizer, updates(len(train), config.batch_size) * config.epochs),
        epochs=config.epochs,
        batches=lambda generator: train.batches(config.batch_size, generator),
        loss=loss,
        evaluate=evaluate,
        device=device,
        autocast=choose_kernels(device).autocast,
        about={"task": "forecast_rnn", "config": asdict(config)},
        clip=config.clip,
        figures=lambda module: {"forecast": forecast_samples(module, splits.val, splits.meta)},
    )


def check_data(config: Config, splits: Splits) -> None:
    """Raise ValueError where a configuration's windows do not fit the series, or its step."""
    found = splits.meta.frequency
    if config.frequency != INFERRED and str(Frequency.parse(config.frequency)) != found:
        raise ValueError(f"frequency={config.frequency}: the data has a row every {found}")
    columns = target_columns(config, splits.meta)
    for name, part in (("train", splits.train), ("val", splits.val)):
        try:
            Windows(part, config.window, config.horizon, columns, "cpu")
        except ValueError as error:
            wanted = f"window={config.window}, horizon={config.horizon}"
            raise ValueError(f"{wanted}: the series is too short: {name}: {error}") from None


def _windows(network: Any, part: Series, device: str) -> Windows:
    return Windows(part, network.window, network.horizon, network.columns, device)


def _outputs(network: Any, part: Series, meta: SeriesMeta, device: str) -> np.ndarray:
    return forecasts(network.to(device), _windows(network, part, device))


def _report(made: np.ndarray, part: Series, meta: SeriesMeta, config: Config) -> dict[str, Any]:
    return forecast_report(made, part, meta, target_columns(config, meta))


def _references(config: Config, splits: Splits, part: Series) -> dict[str, dict[str, Any]]:
    """The last value, the same time a season ago, and a straight line, on the same windows."""
    columns, ahead, season = target_columns(config, splits.meta), config.horizon, splits.meta.season
    made = {"last value": last_value(part, columns, ahead)}
    if 0 < season <= part.first:
        made["a season ago"] = season_ago(part, columns, ahead, season)
    made["ridge"] = ridge(splits.train, splits.val, part, columns, ahead)
    return {name: _report(forecast, part, splits.meta, config) for name, forecast in made.items()}


SCORING = Scoring(
    examples="windows",
    meta=SeriesMeta,
    outputs=_outputs,
    report=_report,
    each=lambda made, part, meta, config: forecast_shares(made, part, target_columns(config, meta)),
    overlap=lambda config: int(config.horizon),
    references=_references,
    extras=lambda made, part, meta, config: {
        INTERVAL_FILE: residual_interval(made, part, target_columns(config, meta))
    },
    inspection=Inspection(
        example=lambda network, meta: torch.zeros(1, len(meta.names), network.window),
        points=window_points,
    ),
    ranges={"mse": (0.0, math.inf), "mae": (0.0, math.inf), "loss": (0.0, math.inf)},
    portable=portable_series,
)
TASK = Task(
    "forecast_rnn",
    Config,
    ForecastRNN,
    build,
    load_series,
    scoring=SCORING,
    check_data=check_data,
    drawings={"forecast": draw_forecasts},
)
