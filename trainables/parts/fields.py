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
    about = "learning rate; the peak of a schedule"
    return number(default, low=1e-8, high=10.0, help=about, adjustable=True)


def momentum(default: float) -> Any:
    return number(default, low=0.0, high=0.999, help="momentum (sgd only)", adjustable=True)


def nesterov(default: bool) -> Any:
    return flag(default, help="Nesterov's momentum (sgd only; needs momentum > 0)")


def weight_decay(default: float) -> Any:
    about = "L2 penalty; decoupled with adamw"
    return number(default, low=0.0, high=1.0, help=about, adjustable=True)


def batch_size(default: int) -> Any:
    return number(default, low=1, high=65_536, unit="examples", help="examples per update")


def schedule(default: str) -> Any:
    return choice(default, SCHEDULES, help="course of the learning rate over the full length")


def label_smoothing(default: float) -> Any:
    about = "weight of the uniform target in the loss"
    return number(default, low=0.0, high=0.9, help=about, adjustable=True)


def dropout(default: float) -> Any:
    about = "share of inputs dropped before linear layers"
    return number(default, low=0.0, high=0.95, help=about, adjustable=True)


def cell(default: str) -> Any:
    return choice(default, CELLS, help="kind of recurrent cell (torch.nn)")


def hidden_size(default: int) -> Any:
    return number(default, low=1, high=8_192, unit="units", help="state of each recurrent layer")


def layers(default: int) -> Any:
    return number(default, low=1, high=16, unit="layers", help="recurrent layers")


def clip(default: float) -> Any:
    about = "largest norm of an update's gradient"
    return number(default, low=1e-3, high=1e6, help=about, adjustable=True)


def decoupled_decay(default: float) -> Any:
    about = "decoupled weight decay (AdamW); 0: Adam"
    return number(default, low=0.0, high=1.0, help=about, adjustable=True)


def width(default: int, what: str) -> Any:
    return number(default, low=1, high=4_096, unit="units", help=what)
