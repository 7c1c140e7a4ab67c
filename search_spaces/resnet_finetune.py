"""`--space resnet_finetune`: ResNet-18 on a folder of pictures, frozen to a searched depth.

Small pictures and few trials, so that two cores do; `--set image_size=224`, `--trials` and
`--max-epochs` make more of it.
"""

from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces.space import SearchSpace, When
from trainables.resnet18_finetune import TASK

SPACE = SearchSpace(
    task=TASK,
    distributions={
        "frozen_stages": IntDistribution(0, 5),
        "optimizer": CategoricalDistribution(("sgd", "adamw")),
        "lr": FloatDistribution(1e-4, 3e-2, log=True),
        "head_lr_multiplier": FloatDistribution(1.0, 10.0, log=True),
        "layer_decay": FloatDistribution(0.4, 1.0),
        "momentum": FloatDistribution(0.5, 0.99),
        "nesterov": CategoricalDistribution((False, True)),
        "weight_decay": CategoricalDistribution((0.0, 1e-4, 1e-2)),
        "batch_size": CategoricalDistribution((4, 16, 32, 64, 128)),
        "schedule": CategoricalDistribution(("constant", "cosine")),
        "warm_up": CategoricalDistribution((0.0, 0.1)),
        "dropout": FloatDistribution(0.0, 0.5),
        "label_smoothing": FloatDistribution(0.0, 0.1),
        # Choices, not ranges: trials that agree share what the frozen stages make of a view.
        "flip": CategoricalDistribution((False, True)),
        "crop": CategoricalDistribution((1.0, 0.6)),
    },
    conditions={
        "head_lr_multiplier": When("frozen_stages", (0, 1, 2, 3, 4)),  # with a head alone: lr
        "layer_decay": When("frozen_stages", (0, 1, 2, 3)),
        "momentum": When("optimizer", ("sgd",)),
        "nesterov": When("optimizer", ("sgd",)),
    },
    starts=(
        {
            "frozen_stages": 1,
            "optimizer": "adamw",
            "lr": 1e-3,
            "head_lr_multiplier": 3.0,
            "layer_decay": 0.8,
            "weight_decay": 1e-2,
            "batch_size": 64,
            "schedule": "cosine",
            "warm_up": 0.1,
            "dropout": 0.1,
            "label_smoothing": 0.0,
            "flip": True,
            "crop": 1.0,
        },
    ),
    compared_by="frozen_stages",
    epochs=5,
    trials=12,
    grace_period=1,
    time_budget=4 * 60,
)
