"""The space that our own search gets: five parameters, everything else as the textbook has it."""

from optuna.distributions import CategoricalDistribution, FloatDistribution

from search_spaces.space import SearchSpace
from trainables.cifar10_net import TASK

SPACE = SearchSpace(
    task=TASK,
    distributions={
        "lr": FloatDistribution(1e-4, 1e-1, log=True),
        "momentum": FloatDistribution(0.0, 0.99),
        "batch_size": CategoricalDistribution((16, 32, 64, 128, 256)),
        "l1": CategoricalDistribution((32, 64, 120, 256)),
        "l2": CategoricalDistribution((32, 64, 84, 128)),
    },
    finalists=0,  # the others have none
    fixed={
        "optimizer": "sgd",
        "schedule": "constant",
        "flip": False,
        "crop_padding": 0,
        # Searched as well: this is only what the baseline takes, the first of all contenders'
        # configurations. The textbook's own batch of 4 is not among those compared.
        "batch_size": 64,
    },
)
