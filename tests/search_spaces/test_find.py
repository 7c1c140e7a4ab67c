from __future__ import annotations

import json
import re
import sys

import pytest

from search_spaces.find import check_space_name, find_space, module_of, space_names
from trainables.errors import BadInput
from trainables.task import is_built_in

MINE = """
from optuna.distributions import FloatDistribution
from search_spaces.space import SearchSpace
from trainables.mnist_cnn import TASK

SPACE = SearchSpace(task=TASK, distributions={"lr": FloatDistribution(0.001, 0.5)}, epochs=3)
"""

OWN_CONFIG = """
from dataclasses import dataclass, replace
from optuna.distributions import FloatDistribution
from search_spaces.space import SearchSpace
from trainables.hyperparameters import check, number
from trainables.mnist_cnn import TASK

@dataclass(frozen=True)
class Config:
    lr: float = number(0.1, low=0.0, high=1.0, help="learning rate")
    epochs: int = number(2, low=1, high=10, help="length")

    def __post_init__(self) -> None:
        check(self)

SPACE = SearchSpace(
    task=replace(TASK, name="mine", Config=Config),
    distributions={"lr": FloatDistribution(0.0, 0.5)},
)
"""


@pytest.fixture(autouse=True)
def modules_put_back():
    """Whatever a user's file does to the loaded modules ends with the test."""
    before = dict(sys.modules)
    yield
    for name in set(sys.modules) - set(before):
        ours = name.startswith(("search_spaces", "trainables"))
        installed = "site-packages" in str(getattr(sys.modules[name], "__file__", ""))
        if not ours and not installed:  # torch bears no second import
            del sys.modules[name]
    sys.modules.update(before)


def test_the_built_in_spaces_are_the_files_of_the_folder():
    assert space_names() == sorted(space_names())
    assert {"cifar10", "mnist"} <= set(space_names())


@pytest.mark.parametrize("name", space_names())
def test_every_built_in_space_is_found(name):
    assert find_space(name).distributions


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("cifar", "--space cifar: unknown space; did you mean 'cifar10'?"),
        ("mnits", "--space mnits: unknown space; did you mean 'mnist'?"),
        ("zzz", "--space zzz: unknown space; known: "),
        ("", "--space : unknown space; known: "),
        ("space", "--space space: unknown space"),
        ("override", "--space override: unknown space"),
        ("__init__", "--space __init__: unknown space"),
        ("../search_spaces/mnist", "--space ../search_spaces/mnist: unknown space"),
        ("nowhere.py", "--space nowhere.py: there is no such file"),
    ],
)
@pytest.mark.parametrize("function", [check_space_name, find_space])
def test_unknown_names_are_refused_and_the_nearest_named(name, message, function):
    with pytest.raises(BadInput, match=re.escape(message)):
        function(name)


def test_the_option_at_fault_is_named():
    with pytest.raises(BadInput, match="--list mnits: unknown space"):
        check_space_name("mnits", option="--list")


def test_a_users_file_is_found(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(MINE)
    space = find_space(str(path))
    assert space.task.name == "mnist_cnn"
    assert (list(space.distributions), space.epochs) == (["lr"], 3)


def test_a_users_file_may_bring_a_task_of_its_own(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(OWN_CONFIG)
    space = find_space(str(path))
    assert (space.task.name, space.baseline) == ("mine", {"lr": 0.1, "epochs": 10})
    assert not is_built_in(space.task)
    assert module_of(str(path)).SPACE is space


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("SPACE = (", "SyntaxError"),
        ("import no_such_module_of_mine", "ModuleNotFoundError: No module named 'no_such_module"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        (MINE.replace('"lr": Float', '"lrr": Float'), "mnist_cnn has no parameter 'lrr'"),
        (MINE.replace("0.001, 0.5", "0.001, 50.0"), "lr=50.0: must be a number from 1e-08 to 10"),
        ("", "the file defines no SPACE = SearchSpace(...)"),
        ("SPACE = 3", "the file defines no SPACE = SearchSpace(...)"),
        ("raise SystemExit(7)", "SystemExit: 7"),
    ],
)
def test_a_users_file_that_gives_no_space_is_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(BadInput, match=f"--space {path}: .*{re.escape(message)}") as caught:
        find_space(str(path))
    assert "\n" not in str(caught.value)


def test_a_folder_named_like_a_file_is_refused(tmp_path):
    (tmp_path / "mine.py").mkdir()
    with pytest.raises(BadInput, match=r"mine\.py: there is no such file"):
        find_space(str(tmp_path / "mine.py"))


def test_a_users_file_takes_no_other_modules_place(tmp_path):
    path = tmp_path / "json.py"
    path.write_text(MINE)
    assert find_space(str(path)).epochs == 3
    assert sys.modules["json"] is json


def test_two_users_files_of_one_name_are_two_spaces(tmp_path):
    for folder, epochs in (("a", "epochs=3"), ("b", "epochs=7")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(MINE.replace("epochs=3", epochs))
    first, second = (find_space(str(tmp_path / folder / "mine.py")) for folder in "ab")
    assert (first.epochs, second.epochs) == (3, 7)


def test_what_is_no_space_is_not_named_as_one() -> None:
    assert space_names() == ["char_rnn", "cifar10", "forecast_rnn", "mnist", "resnet_finetune"]
