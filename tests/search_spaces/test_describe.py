from __future__ import annotations

import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

from search_spaces.describe import describe, range_text
from search_spaces.find import find_space, space_names
from search_spaces.override import override


def row(text: str, name: str) -> str:
    (line,) = [line for line in text.splitlines() if line.split("  ")[0] == name]
    return line


@pytest.mark.parametrize("name", space_names())
def test_every_parameter_is_shown_with_range_default_and_meaning(name):
    space = find_space(name)
    text = describe(name, space)
    assert text.splitlines()[0].startswith(f"{name}: searches {space.task.name}")
    assert f"{space.trials} trials of up to {space.epochs} epochs" in text
    for parameter in space.parameters.values():
        if parameter.name == "epochs":
            continue
        line = row(text, parameter.name)
        assert parameter.help in line
        assert parameter.allowed in line
        assert str(parameter.default) in line
        if parameter.name in space.distributions:
            assert range_text(space.distributions[parameter.name]) in line


def test_conditions_units_and_what_is_not_searched_are_shown():
    text = describe("mnist", find_space("mnist"))
    assert "0.5..0.99 if optimizer=sgd" in row(text, "momentum")
    assert "[pixels]" in row(text, "shift")
    assert row(text, "conv1").split()[1] == "-"


def test_fixed_values_are_the_baseline_shown():
    space = override(find_space("mnist"), ["hidden=77"])
    assert row(describe("mnist", space), "hidden").split()[1:3] == ["-", "77"]


@pytest.mark.parametrize(
    ("distribution", "text"),
    [
        (FloatDistribution(1e-4, 0.1, log=True), "0.0001..0.1:log"),
        (FloatDistribution(0.0, 0.5), "0..0.5"),
        (IntDistribution(8, 64), "8..64"),
        (CategoricalDistribution((False, True)), "False,True"),
        (CategoricalDistribution(("sgd", "adam")), "sgd,adam"),
    ],
)
def test_a_range_is_written_as_set_would_read_it(distribution, text):
    assert range_text(distribution) == text
