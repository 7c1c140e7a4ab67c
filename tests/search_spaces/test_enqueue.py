"""`--enqueue FILE`: whole or partial configurations, checked against what is searched."""

from __future__ import annotations

import json
import re

import pytest

from search_spaces.enqueue import enqueue
from search_spaces.find import find_space
from search_spaces.override import override
from trainables.errors import BadInput

SPACE = find_space("cifar10")


def written(tmp_path, text, name="first.yaml"):
    path = tmp_path / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("first.json", '[{"lr": 3e-3, "optimizer": "adamw"}, {"dropout": 0}]'),
        ("first.yaml", "- lr: 3e-3\n  optimizer: adamw\n- dropout: 0\n"),
        ("first.yml", "- {lr: 0.003, optimizer: adamw}\n- {dropout: 0.0}\n"),
    ],
)
def test_they_come_before_the_spaces_own_starts(tmp_path, name, text):
    space = enqueue(SPACE, written(tmp_path, text, name))
    wanted = ({"lr": 0.003, "optimizer": "adamw"}, {"dropout": 0.0})
    assert space.starts == wanted + SPACE.starts
    assert isinstance(space.starts[1]["dropout"], float)  # the study's type, not the file's


def test_a_trials_own_file_will_do(tmp_path):
    whole = dict(SPACE.starts[0]) | {"epochs": SPACE.epochs}
    space = enqueue(SPACE, written(tmp_path, json.dumps(whole), "config.json"))
    assert space.starts[0] == whole


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[", "cannot be read as JSON or YAML"),
        ("", "must hold a list of configurations"),
        ("[]", "must hold a list of configurations"),
        ("3", "must hold a list of configurations"),
        ("[3]", "configuration 1: must map parameters to values, not 3"),
        ("[{}]", "configuration 1: must map parameters to values"),
        ("[{lr: 0.01}, {lrr: 0.01}]", "configuration 2: cifar10_net has no parameter 'lrr'; did"),
        ("[{1: 2}]", "cifar10_net has no parameter 1"),
        ("[{lr: much}]", "configuration 1: lr=much: must be a number from"),
        (f"[{{lr: {'9' * 400}}}]", "lr: must be a number from"),
        ("[{lr: true}]", "lr=True: must be a number from"),
        ("[{lr: null}]", "lr=None: must be a number from"),
        ("[{lr: -1}]", "lr=-1.0: must be a number from"),
        ("[{lr: 0.5}]", "lr=0.5 lies outside what is searched; --set lr=... re-ranges it"),
        ("[{batch_size: 5}]", "batch_size=5 lies outside what is searched"),
        ("[{epochs: 3}]", "epochs=3, but this search fixes epochs=12; see --max-epochs"),
        ("[{optimizer: adam, momentum: 0.9}]", "momentum has no effect, it needs optimizer=sgd"),
        (str([{"lr": 0.01}] * 12), "12 configurations and the baseline need --trials 13 or more"),
    ],
)
def test_what_cannot_be_tried_is_refused_in_one_line(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(BadInput, match=f"--enqueue {path}: .*{re.escape(message)}") as caught:
        enqueue(SPACE, path)
    assert "\n" not in str(caught.value)


def test_a_fixed_parameter_keeps_its_value(tmp_path):
    space = override(SPACE, ["lr=0.01"])
    assert enqueue(space, written(tmp_path, "[{lr: 0.01, l1: 64}]")).starts[0]["l1"] == 64
    with pytest.raises(BadInput, match=r"this search fixes lr=0\.01; see --set lr=0\.02"):
        enqueue(space, written(tmp_path, "[{lr: 0.02}]"))


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        enqueue(SPACE, tmp_path / "gone.json")
    with pytest.raises(BadInput, match="directory"):
        enqueue(SPACE, tmp_path)
