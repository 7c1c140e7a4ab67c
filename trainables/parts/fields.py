"""Hyperparameters that several tasks share: their range, unit and meaning once, here.

The defaults differ by task and stay in each task's Config.
"""

from __future__ import annotations

from typing import Any

from trainables.hyperparameters import choice, flag, number

CELLS = ("rnn", "lstm", "gru")
OPTIMIZERS = ("sgd", "adam", "adamw")
SCHEDULES = ("constant", "cosine", "one_cycle")


def epochs(default: int) -> Any:
    return number(default, low=1, high=10_000, unit="epochs", help="full length of a training")


def optimizer(default: str) -> Any:
    return choice(default, OPTIMIZERS, help="update rule (torch.optim)")


def lr(default: float) -> Any:
    return number(default, low=1e-8, high=10.0, help="learning rate; the peak of a schedule")


def momentum(default: float) -> Any:
    return number(default, low=0.0, high=0.999, help="momentum (sgd only)")


def nesterov(default: bool) -> Any:
    return flag(default, help="Nesterov's momentum (sgd only; needs momentum > 0)")


def weight_decay(default: float) -> Any:
    return number(default, low=0.0, high=1.0, help="L2 penalty; decoupled with adamw")


def batch_size(default: int) -> Any:
    return number(default, low=1, high=65_536, unit="examples", help="examples per update")


def schedule(default: str) -> Any:
    return choice(default, SCHEDULES, help="course of the learning rate over the full length")


def label_smoothing(default: float) -> Any:
    return number(default, low=0.0, high=0.9, help="weight of the uniform target in the loss")


def dropout(default: float) -> Any:
    return number(default, low=0.0, high=0.95, help="share of inputs dropped before linear layers")


def cell(default: str) -> Any:
    return choice(default, CELLS, help="kind of recurrent cell (torch.nn)")


def hidden_size(default: int) -> Any:
    return number(default, low=1, high=8_192, unit="units", help="state of each recurrent layer")


def layers(default: int) -> Any:
    return number(default, low=1, high=16, unit="layers", help="recurrent layers")


def clip(default: float) -> Any:
    return number(default, low=1e-3, high=1e6, help="largest norm of an update's gradient")


def decoupled_decay(default: float) -> Any:
    return number(default, low=0.0, high=1.0, help="decoupled weight decay (AdamW); 0: Adam")


def width(default: int, what: str) -> Any:
    return number(default, low=1, high=4_096, unit="units", help=what)
