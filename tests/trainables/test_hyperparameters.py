from __future__ import annotations

import math
import re
from dataclasses import FrozenInstanceError, dataclass, replace

import pytest

from trainables.cifar10_net import Config
from trainables.hyperparameters import check, choice, flag, hyperparameters, nearest, number

FIELDS = hyperparameters(Config)

GOOD = [
    ("lr", 1e-8),
    ("lr", 10.0),
    ("lr", 1),
    ("momentum", 0),
    ("momentum", 0.999),
    ("nesterov", True),
    ("nesterov", False),
    ("optimizer", "adamw"),
    ("schedule", "one_cycle"),
    ("batch_size", 1),
    ("batch_size", 65_536),
    ("dropout", 0.95),
    ("crop_padding", 15),
    ("l1", 4096),
]


@pytest.mark.parametrize(("name", "value"), GOOD)
def test_good_values_are_taken_as_they_are(name, value):
    config = replace(Config(), **{name: value})
    assert getattr(config, name) is value


BAD = [
    ("lr", 0, "lr=0: must be a number from 1e-08 to 10"),
    ("lr", 10.5, "lr=10.5: must be a number from 1e-08 to 10"),
    ("lr", math.nan, "lr=nan: must be a number"),
    ("lr", math.inf, "lr=inf: must be a number"),
    ("lr", "0.1", "lr='0.1': must be a number"),
    ("lr", None, "lr=None: must be a number"),
    ("lr", True, "lr=True: must be a number"),
    ("lr", [0.1], "lr=[0.1]: must be a number"),
    ("momentum", 1.0, "momentum=1.0: must be a number from 0 to 0.999"),
    ("momentum", -0.1, "momentum=-0.1: must be a number from 0 to 0.999"),
    ("batch_size", 0, "batch_size=0: must be a whole number from 1 to 65536"),
    ("batch_size", 4.0, "batch_size=4.0: must be a whole number"),
    ("batch_size", True, "batch_size=True: must be a whole number"),
    ("batch_size", 65_537, "batch_size=65537: must be a whole number from 1 to 65536"),
    pytest.param("batch_size", 10**400, "must be a whole number from 1 to", id="huge"),
    ("epochs", 0, "epochs=0: must be a whole number from 1 to 10000"),
    ("nesterov", 1, "nesterov=1: must be true or false"),
    ("nesterov", "true", "nesterov='true': must be true or false"),
    ("optimizer", "rmsprop", "optimizer='rmsprop': must be one of sgd, adam, adamw"),
    ("optimizer", "SGD", "optimizer='SGD': must be one of sgd, adam, adamw"),
    ("optimizer", None, "optimizer=None: must be one of sgd"),
    ("schedule", 3, "schedule=3: must be one of constant, cosine, one_cycle"),
    ("crop_padding", 16, "crop_padding=16: must be a whole number from 0 to 15"),
]


@pytest.mark.parametrize(("name", "value", "message"), BAD)
def test_bad_values_are_refused_by_name_and_value(name, value, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        replace(Config(), **{name: value})


def test_a_config_is_frozen_and_takes_no_unknown_field():
    with pytest.raises(FrozenInstanceError):
        Config().lr = 0.1  # type: ignore[misc]
    with pytest.raises(TypeError, match="learning_rate"):
        Config(learning_rate=0.1)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("lr", "1e-3", 1e-3),
        ("lr", " 2 ", 2.0),
        ("batch_size", "64", 64),
        ("batch_size", " 8", 8),
        ("nesterov", "true", True),
        ("nesterov", " FALSE ", False),
        ("optimizer", " adam ", "adam"),
    ],
)
def test_values_are_read_from_text_in_the_fields_type(name, text, value):
    parsed = FIELDS[name].parse(text)
    assert parsed == value
    assert type(parsed) is FIELDS[name].type


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("lr", "fast", "lr=fast: must be a number from 1e-08 to 10"),
        ("lr", "", "lr=: must be a number"),
        ("lr", "nan", "lr=nan: must be a number"),
        ("lr", "100", "lr=100.0: must be a number from 1e-08 to 10"),
        ("batch_size", "64.0", "batch_size=64.0: must be a whole number"),
        ("batch_size", "-4", "batch_size=-4: must be a whole number from 1"),
        pytest.param("batch_size", "9" * 400, "must be a whole number from 1 to", id="huge"),
        ("nesterov", "yes", "nesterov=yes: must be true or false"),
        ("nesterov", "1", "nesterov=1: must be true or false"),
        ("optimizer", "sdg", "optimizer='sdg': must be one of sgd, adam, adamw"),
    ],
)
def test_text_that_is_no_value_is_refused(name, text, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        FIELDS[name].parse(text)


def test_fields_keep_their_order_default_unit_and_meaning():
    @dataclass(frozen=True)
    class Mine:
        size: int = number(3, low=1, high=9, help="how many", unit="pieces")
        mode: int = choice(2, (1, 2), help="which")
        loud: bool = flag(True, help="say so")

        def __post_init__(self) -> None:
            check(self)

    fields = hyperparameters(Mine)
    assert list(fields) == ["size", "mode", "loud"]
    size = fields["size"]
    assert (size.default, size.low, size.high, size.unit) == (3, 1, 9, "pieces")
    assert size.help == "how many"
    assert fields["mode"].choices == (1, 2)
    assert fields["mode"].parse("1") == 1
    assert fields["loud"].default is True
    with pytest.raises(ValueError, match="mode=3: must be one of 1, 2"):
        Mine(mode=3)
    with pytest.raises(ValueError, match="mode=True: must be one of 1, 2"):
        Mine(mode=True)


@pytest.mark.parametrize("name", ["trainables.cifar10_net", "trainables.mnist_cnn"])
def test_every_field_of_a_task_has_a_meaning(name):
    module = pytest.importorskip(name)
    for field in hyperparameters(module.Config).values():
        assert field.help
        field.check(field.default)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("momentun", "did you mean 'momentum'?"),
        ("batchsize", "did you mean 'batch_size'?"),
        ("zzz", "known: lr, momentum, batch_size"),
    ],
)
def test_the_nearest_known_name_is_named(name, message):
    assert nearest(name, ["lr", "momentum", "batch_size"]) == message
