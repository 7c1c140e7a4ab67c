"""`--space char_rnn`: RNN, LSTM or GRU that writes text character by character.

The lengths suit two cores: on tiny-shakespeare a search takes about half an hour, finalists
included.
"""

from optuna.distributions import CategoricalDistribution, FloatDistribution

from search_spaces.space import SearchSpace
from trainables.char_rnn import TASK
from trainables.parts.fields import CELLS

SPACE = SearchSpace(
    task=TASK,
    distributions={
        "cell": CategoricalDistribution(CELLS),
        "embedding": CategoricalDistribution((32, 64, 128)),
        "hidden_size": CategoricalDistribution((128, 256, 384, 512)),
        "layers": CategoricalDistribution((1, 2)),
        "dropout": FloatDistribution(0.0, 0.5),
        "tied": CategoricalDistribution((False, True)),
        "window": CategoricalDistribution((50, 64, 100)),
        "batch_size": CategoricalDistribution((50, 64, 100)),
        "lr": FloatDistribution(1e-3, 1e-2, log=True),
        "schedule": CategoricalDistribution(("constant", "cosine", "one_cycle")),
        "weight_decay": CategoricalDistribution((0.0, 1e-2, 0.1)),
        "clip": FloatDistribution(0.25, 5.0, log=True),
    },
    starts=(
        {
            "cell": "gru",  # wider LSTMs learn val's first pages better, and new plays worse
            "embedding": 64,
            "hidden_size": 512,
            "layers": 1,
            "dropout": 0.22,
            "tied": False,
            "window": 64,
            "batch_size": 100,
            "lr": 3.7e-3,
            "schedule": "cosine",  # one-cycle begins slowly, and looks worse than it is
            "weight_decay": 0.1,
            "clip": 0.5,
        },
    ),
    compared_by="cell",
    metric="val_nats",
    direction="min",
    epochs=12,
    trials=12,
    grace_period=2,
    time_budget=35 * 60,
    finalists=2,
    repeats=2,
)
