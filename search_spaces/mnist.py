"""`--space mnist`: the small convolutional network on MNIST.

The lengths suit two cores: on all of MNIST a search takes about a quarter of an hour.
"""

from optuna.distributions import CategoricalDistribution, FloatDistribution

from search_spaces.space import SearchSpace, When
from trainables.mnist_cnn import TASK
from trainables.parts.fields import OPTIMIZERS, SCHEDULES

SPACE = SearchSpace(
    task=TASK,
    distributions={
        "optimizer": CategoricalDistribution(OPTIMIZERS),
        "lr": FloatDistribution(5e-4, 2e-2, log=True),
        "momentum": FloatDistribution(0.5, 0.99),
        "nesterov": CategoricalDistribution((False, True)),
        "weight_decay": CategoricalDistribution((0.0, 1e-5, 1e-4, 1e-3)),
        "batch_size": CategoricalDistribution((64, 128, 256)),
        "schedule": CategoricalDistribution(SCHEDULES),
        "hidden": CategoricalDistribution((64, 128, 256)),
        "dropout": FloatDistribution(0.0, 0.5),
        "label_smoothing": FloatDistribution(0.0, 0.1),
        "rotate": FloatDistribution(0.0, 15.0),
        "scale": FloatDistribution(0.0, 0.15),
        "shift": FloatDistribution(0.0, 3.0),
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
            "hidden": 128,
            "dropout": 0.3,
            "label_smoothing": 0.0,
            "rotate": 10.0,
            "scale": 0.1,
            "shift": 2.0,
        },
    ),
    epochs=6,
    trials=12,
    grace_period=2,
    time_budget=17 * 60,
)
