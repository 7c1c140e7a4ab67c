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
        "lr": FloatDistribution(5e-4, 5e-2, log=True),
        "momentum": FloatDistribution(0.5, 0.99),
        "nesterov": CategoricalDistribution((False, True)),
        "weight_decay": FloatDistribution(0.0, 0.05),
        "batch_size": CategoricalDistribution((4, 32, 64, 128, 256)),
        "schedule": CategoricalDistribution(SCHEDULES),
        "conv1": CategoricalDistribution((6, 16, 32)),
        "conv2": CategoricalDistribution((16, 32, 64)),
        "l1": CategoricalDistribution((64, 120, 256)),
        "l2": CategoricalDistribution((64, 84, 128)),
        "dropout": FloatDistribution(0.0, 0.4),
        "label_smoothing": FloatDistribution(0.0, 0.1),
        "flip": CategoricalDistribution((False, True)),
        "crop_padding": CategoricalDistribution((0, 2, 4)),
    },
    conditions={"momentum": When("optimizer", ("sgd",)), "nesterov": When("optimizer", ("sgd",))},
    epochs=15,
    trials=20,
    grace_period=2,
    time_budget=20 * 60,
)
