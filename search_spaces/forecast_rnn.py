"""`--space forecast_rnn`: RNN, LSTM or GRU that forecasts time series, 24 steps ahead.

`--set horizon=96` forecasts further, `--set targets=OT` one column. The lengths suit two cores:
on ETTh1 a search takes some ten minutes.
"""

from optuna.distributions import CategoricalDistribution, FloatDistribution

from search_spaces.space import SearchSpace
from trainables.forecast_rnn import TASK
from trainables.parts.fields import CELLS

SPACE = SearchSpace(
    task=TASK,
    distributions={
        "cell": CategoricalDistribution(CELLS),
        "hidden_size": CategoricalDistribution((32, 64, 128, 256)),
        "layers": CategoricalDistribution((1, 2)),
        "dropout": FloatDistribution(0.0, 0.5),
        "segment": CategoricalDistribution((1, 6, 12, 24, 48)),
        "window": CategoricalDistribution((96, 192, 336)),
        "level": CategoricalDistribution(("none", "last", "instance")),
        "shared": CategoricalDistribution((False, True)),
        "loss": CategoricalDistribution(("mse", "mae", "huber")),
        "batch_size": CategoricalDistribution((32, 64, 128)),
        "lr": FloatDistribution(2e-4, 5e-3, log=True),
        "schedule": CategoricalDistribution(("constant", "cosine", "one_cycle")),
        "weight_decay": CategoricalDistribution((0.0, 1e-4, 1e-2)),
        "clip": FloatDistribution(0.25, 5.0, log=True),
    },
    # SegRNN's idea at its simplest, as a place to search around.
    starts=(
        {
            "cell": "gru",
            "hidden_size": 128,
            "layers": 1,
            "dropout": 0.1,
            "segment": 48,
            "window": 336,
            "level": "last",
            "shared": True,
            "loss": "mae",
            "batch_size": 64,
            "lr": 1e-3,
            "schedule": "cosine",
            "weight_decay": 0.0,
            "clip": 1.0,
        },
    ),
    compared_by="cell",
    metric="val_mse",
    direction="min",
    epochs=8,
    trials=20,
    grace_period=1,
    time_budget=12 * 60,
)
