from __future__ import annotations

import re

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces.find import find_space
from search_spaces.override import override
from search_spaces.space import SearchSpace, When
from trainables.errors import BadInput


@pytest.fixture
def space() -> SearchSpace:
    return find_space("cifar10")


@pytest.mark.parametrize(
    ("setting", "name", "value"),
    [
        ("lr=0.01", "lr", 0.01),
        (" lr = 1e-2 ", "lr", 0.01),
        ("lr=1", "lr", 1.0),
        ("batch_size=64", "batch_size", 64),
        ("optimizer=adam", "optimizer", "adam"),
        ("flip=true", "flip", True),
        ("flip=False", "flip", False),
    ],
)
def test_a_value_fixes_a_parameter(space, setting, name, value):
    changed = override(space, [setting])
    assert name not in changed.distributions
    assert changed.fixed[name] == value
    assert type(changed.fixed[name]) is space.parameters[name].type
    assert changed.baseline[name] == value
    others = {n: d for n, d in space.distributions.items() if n != name}
    assert dict(changed.distributions) == others


@pytest.mark.parametrize(
    ("setting", "name", "distribution"),
    [
        ("lr=1e-4..1e-1", "lr", FloatDistribution(1e-4, 1e-1)),
        ("lr=1e-4..1e-1:log", "lr", FloatDistribution(1e-4, 1e-1, log=True)),
        ("dropout=0..0.9", "dropout", FloatDistribution(0.0, 0.9)),
        ("batch_size=8..64", "batch_size", IntDistribution(8, 64)),
        ("batch_size=8..64:log", "batch_size", IntDistribution(8, 64, log=True)),
        ("batch_size=8,64", "batch_size", CategoricalDistribution((8, 64))),
        ("batch_size= 8 , 64 ", "batch_size", CategoricalDistribution((8, 64))),
        ("lr=0.1,0.01,0.5", "lr", CategoricalDistribution((0.1, 0.01, 0.5))),
        ("optimizer=sgd,adam", "optimizer", CategoricalDistribution(("sgd", "adam"))),
        ("flip=true,false", "flip", CategoricalDistribution((True, False))),
    ],
)
def test_a_range_or_a_list_re_ranges_a_parameter(space, setting, name, distribution):
    changed = override(space, [setting])
    assert changed.distributions[name] == distribution
    assert changed.parameters[name].type is type(_an_end(changed.distributions[name]))
    assert set(changed.distributions) == set(space.distributions)
    assert name not in changed.fixed


def _an_end(distribution):
    if isinstance(distribution, CategoricalDistribution):
        return distribution.choices[0]
    return distribution.low


def test_what_was_not_searched_can_be(space):
    plain = override(space, ["lr=0.01"])
    assert "lr" in override(plain, ["lr=0.1..0.2"]).distributions
    assert "lr" not in override(plain, ["lr=0.1..0.2"]).fixed


def test_settings_apply_in_order_and_leave_the_space_alone(space):
    changed = override(space, ["lr=0.1", "lr=0.2", "dropout=0.1..0.2", "dropout=0.3"])
    assert dict(changed.fixed) == {"lr": 0.2, "dropout": 0.3}
    assert not space.fixed and "lr" in space.distributions
    assert override(space, []) == space


def test_a_parent_that_is_given_late_is_still_asked_first(space):
    fixed = override(space, ["optimizer=sgd"])
    changed = override(fixed, ["optimizer=sgd,adam"])
    order = list(changed.distributions)
    assert order.index("optimizer") < order.index("momentum")


def test_a_child_without_its_parent_may_be_set(space):
    changed = override(space, ["optimizer=sgd", "momentum=0.5"])
    assert changed.baseline["momentum"] == 0.5
    reversed_order = override(space, ["momentum=0.5", "optimizer=sgd"])
    assert reversed_order.baseline == changed.baseline


BAD = [
    ("lr", "--set lr: must be P=VALUE, P=LOW..HIGH[:log] or P=a,b,c"),
    ("lr=", "--set lr=: must be P=VALUE"),
    ("=3", "--set =3: "),
    ("learning_rate=3", "cifar10_net has no parameter 'learning_rate'; "),
    ("momentun=0.5", "cifar10_net has no parameter 'momentun'; did you mean 'momentum'?"),
    ("epochs=5", "--set epochs=5: use --max-epochs"),
    ("lr=fast", "--set lr=fast: lr=fast: must be a number from 1e-08 to 10"),
    ("lr=20", "lr=20.0: must be a number from 1e-08 to 10"),
    ("lr=nan", "lr=nan: must be a number"),
    ("lr=true", "lr=true: must be a number"),
    ("batch_size=4.5", "batch_size=4.5: must be a whole number from 1 to 65536"),
    ("flip=maybe", "flip=maybe: must be true or false"),
    ("optimizer=lion", "optimizer='lion': must be one of sgd, adam, adamw"),
    ("lr=0.1..0.01", "--set lr=0.1..0.01: the range is the wrong way round; write 0.01..0.1"),
    ("lr=0.1..0.1", "--set lr=0.1..0.1: the range is empty; write lr=0.1"),
    ("lr=0.1..20", "lr=20.0: must be a number from 1e-08 to 10"),
    ("lr=..0.1", "lr=: must be a number"),
    ("lr=0.1..", "lr=: must be a number"),
    ("lr=0.1..0.2..0.3", "must be a number"),
    ("batch_size=1..8.5", "batch_size=8.5: must be a whole number"),
    ("dropout=0..0.5:log", "--set dropout=0..0.5:log: a :log range must start above 0"),
    ("lr=0.1..0.2:lin", "a range ends with :log or nothing, not :lin"),
    ("flip=false..true", "flip is no number; it must be true or false"),
    ("optimizer=adam..sgd", "optimizer is no number; it must be one of sgd, adam, adamw"),
    ("lr=0.1,0.1", "--set lr=0.1,0.1: a value is given twice"),
    ("lr=0.1,0.10", "--set lr=0.1,0.10: a value is given twice"),
    ("lr=0.1,", "lr=: must be a number"),
    ("lr=0.1,20", "lr=20.0: must be a number from 1e-08 to 10"),
    ("optimizer=sgd,lion", "optimizer='lion': must be one of"),
]


@pytest.mark.parametrize(("setting", "message"), BAD, ids=[setting for setting, _ in BAD])
def test_bad_settings_are_refused_in_one_line(space, setting, message):
    with pytest.raises(BadInput, match=re.escape(message)) as caught:
        override(space, [setting])
    assert str(caught.value).startswith(f"--set {setting}: ")
    assert "\n" not in str(caught.value)


def test_the_right_way_round_is_shown(space):
    with pytest.raises(BadInput, match=r"write 0\.01\.\.0\.1$"):
        override(space, ["lr=0.1..0.01"])


def test_an_empty_range_is_not_answered_with_itself(space):
    with pytest.raises(BadInput) as caught:
        override(space, ["lr=0.1..0.1"])
    assert "write 0.1..0.1" not in str(caught.value)


@pytest.mark.parametrize("setting", ["momentum=0.5", "momentum=0.1..0.2", "nesterov=true,false"])
@pytest.mark.parametrize("parent", ["optimizer=adam", "optimizer=adam,adamw"])
def test_a_setting_without_any_effect_is_refused(space, setting, parent):
    name = setting.partition("=")[0]
    message = f"--set {setting}: {name} has no effect, it needs optimizer=sgd"
    for settings in ([parent, setting], [setting, parent]):
        with pytest.raises(BadInput, match=re.escape(message)):
            override(space, settings)


def test_a_range_of_the_parent_counts_as_what_it_may_be(space):
    numeric = SearchSpace(
        task=space.task,
        distributions={"batch_size": IntDistribution(1, 8), "dropout": FloatDistribution(0.0, 0.5)},
        conditions={"dropout": When("batch_size", (8,))},
    )
    assert override(numeric, ["dropout=0.1"]).fixed["dropout"] == 0.1
    with pytest.raises(BadInput, match="dropout has no effect, it needs batch_size=8"):
        override(numeric, ["dropout=0.1", "batch_size=1..4"])
