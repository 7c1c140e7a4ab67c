"""`--space char_rnn`: RNN, LSTM or GRU that writes text character by character.

The lengths suit two cores: on tiny-shakespeare a search takes 38 minutes, finalists included.
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
            "cell": "lstm",
            "embedding": 64,
            "hidden_size": 512,
            "layers": 2,
            "dropout": 0.5,
            "tied": False,
            "window": 64,
            "batch_size": 64,
            "lr": 3e-3,
            "schedule": "cosine",  # one-cycle begins slowly, and looks worse than it is
            "weight_decay": 0.1,
            "clip": 1.0,
        },
    ),
    compared_by="cell",
    metric="val_nats",
    direction="min",
    epochs=12,
    trials=12,
    grace_period=2,
    time_budget=38 * 60,
    finalists=2,
    repeats=2,
)
