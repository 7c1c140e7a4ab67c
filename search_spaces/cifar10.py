"""`--space cifar10`: the classic small Net on CIFAR-10.

The lengths suit two cores: on all of CIFAR-10 a search takes about twenty minutes, on the
built-in drawn pictures two or three.
"""

from optuna.distributions import CategoricalDistribution, FloatDistribution

from search_spaces.space import SearchSpace, When
from trainables.cifar10_net import TASK
from trainables.parts.fields import OPTIMIZERS, SCHEDULES

SPACE = SearchSpace(
    task=TASK,
    distributions={
        "optimizer": CategoricalDistribution(OPTIMIZERS),
        "lr": FloatDistribution(5e-4, 2e-2, log=True),
        "momentum": FloatDistribution(0.5, 0.99),
        "nesterov": CategoricalDistribution((False, True)),
        "weight_decay": CategoricalDistribution((0.0, 1e-5, 1e-4, 1e-3)),
        "batch_size": CategoricalDistribution((4, 32, 64, 128, 256)),
        "schedule": CategoricalDistribution(SCHEDULES),
        "conv1": CategoricalDistribution((6, 16)),
        "conv2": CategoricalDistribution((16, 32)),
        "l1": CategoricalDistribution((64, 120, 256)),
        "l2": CategoricalDistribution((64, 84, 128)),
        "dropout": FloatDistribution(0.0, 0.4),
        "label_smoothing": FloatDistribution(0.0, 0.1),
        "flip": CategoricalDistribution((False, True)),
        "crop_padding": CategoricalDistribution((0, 2, 4)),
    },
    conditions={"momentum": When("optimizer", ("sgd",)), "nesterov": When("optimizer", ("sgd",))},
    # A common recipe for small networks, as a place to search around.
    starts=(
        {
            "optimizer": "adamw",
            "lr": 3e-3,
            "weight_decay": 1e-4,
            "batch_size": 64,
            "schedule": "one_cycle",
            "conv1": 16,
            "conv2": 32,
            "l1": 256,
            "l2": 128,
            "dropout": 0.1,
            "label_smoothing": 0.0,
            "flip": True,
            "crop_padding": 2,
        },
    ),
    epochs=12,
    trials=12,
    grace_period=4,
    time_budget=22 * 60,
)
