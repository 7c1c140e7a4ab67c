from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from trainables.cifar10_net import Config
from trainables.parts.optimizers import make_optimizer, make_schedule

CLASSES = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam, "adamw": torch.optim.AdamW}


def optimizer(**config: Any) -> torch.optim.Optimizer:
    return make_optimizer(Config(**config), nn.Linear(2, 2).parameters())


def rates(steps: int, **config: Any) -> list[float]:
    """The learning rate of each update, and the one left after the last."""
    settings = Config(**config)
    updater = make_optimizer(settings, nn.Linear(2, 2).parameters())
    schedule = make_schedule(settings, updater, steps)
    assert schedule is not None
    seen = []
    for _ in range(steps):
        seen.append(float(updater.param_groups[0]["lr"]))
        updater.step()
        schedule.step()
    return [*seen, float(updater.param_groups[0]["lr"])]


@pytest.mark.parametrize("name", CLASSES)
def test_the_optimizer_is_torchs_own_with_the_configs_values(name):
    made = optimizer(optimizer=name, lr=0.02, weight_decay=0.003)
    assert isinstance(made, CLASSES[name])
    group = made.param_groups[0]
    assert (group["lr"], group["weight_decay"], group["fused"]) == (0.02, 0.003, True)


@pytest.mark.parametrize(
    ("momentum", "nesterov", "expected"),
    [(0.9, True, True), (0.9, False, False), (0.0, True, False), (0.0, False, False)],
)
def test_nesterov_needs_momentum(momentum, nesterov, expected):
    group = optimizer(optimizer="sgd", momentum=momentum, nesterov=nesterov).param_groups[0]
    assert (group["momentum"], group["nesterov"]) == (momentum, expected)


def test_a_constant_rate_has_no_schedule():
    assert make_schedule(Config(schedule="constant"), optimizer(), 10) is None


def test_cosine_falls_from_lr_to_zero_over_the_whole_length():
    seen = rates(100, schedule="cosine", lr=0.4)
    assert seen[0] == 0.4
    assert seen[50] == pytest.approx(0.2)
    assert seen[100] == pytest.approx(0, abs=1e-9)
    assert seen == sorted(seen, reverse=True)


def test_one_cycle_rises_to_lr_and_falls_to_almost_nothing():
    seen = rates(100, schedule="one_cycle", lr=0.4)
    assert max(seen) == pytest.approx(0.4)
    peak = seen.index(max(seen))
    assert 20 < peak < 40
    assert seen[0] < 0.1
    assert seen[99] < 1e-4
    assert seen[:peak] == sorted(seen[:peak])
    assert seen[peak:100] == sorted(seen[peak:100], reverse=True)


@pytest.mark.parametrize("name", CLASSES)
def test_one_cycle_leaves_momentum_alone(name):
    settings = Config(optimizer=name, schedule="one_cycle", momentum=0.7)
    updater = make_optimizer(settings, nn.Linear(2, 2).parameters())
    schedule = make_schedule(settings, updater, 20)
    assert schedule is not None
    key = "momentum" if name == "sgd" else "betas"
    before = updater.param_groups[0][key]
    assert before == (0.7 if name == "sgd" else (0.9, 0.999))
    for _ in range(20):
        updater.step()
        schedule.step()
        assert updater.param_groups[0][key] == before


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10])
@pytest.mark.parametrize("schedule", ["cosine", "one_cycle"])
def test_the_shortest_trainings_have_a_schedule_too(schedule, steps):
    seen = rates(steps, schedule=schedule, lr=0.5)
    assert len(seen) == steps + 1
    assert all(0 <= rate <= 0.5 + 1e-9 for rate in seen[:steps])


@pytest.mark.parametrize("name", CLASSES)
def test_updates_are_bit_for_bit_torchs_own(name):
    values = {"lr": 0.05, "weight_decay": 0.01, "fused": True}
    if name == "sgd":
        values |= {"momentum": 0.9}

    def trained(make: Any) -> list[torch.Tensor]:
        torch.manual_seed(0)
        network = nn.Linear(4, 3)
        updater = make(network.parameters())
        for _ in range(5):
            updater.zero_grad()
            network(torch.randn(8, 4)).square().mean().backward()
            updater.step()
        return [p.detach() for p in network.parameters()]

    given = Config(optimizer=name, lr=0.05, weight_decay=0.01)
    ours = trained(lambda parameters: make_optimizer(given, parameters))
    theirs = trained(lambda parameters: CLASSES[name](parameters, **values))
    assert all(torch.equal(a, b) for a, b in zip(ours, theirs, strict=True))


UPDATE = """
import sys, torch
from trainables.cifar10_net import Config
from trainables.parts.optimizers import make_optimizer
network = torch.nn.Linear(2, 2)
updater = make_optimizer(Config(optimizer=sys.argv[1]), network.parameters())
network(torch.ones(1, 2)).sum().backward()
updater.step()
updater.zero_grad()
updater.load_state_dict(updater.state_dict())
sys.exit("torch._dynamo" in sys.modules)
"""


@pytest.mark.parametrize("name", CLASSES)
def test_a_first_update_does_not_import_the_compiler(name):
    assert subprocess.run([sys.executable, "-c", UPDATE, name]).returncode == 0


class _Modes(TorchFunctionMode):
    """Notes which of torch's functions ran, and whether gradients were on."""

    def __init__(self) -> None:
        super().__init__()
        self.with_gradients: dict[str, bool] = {}

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        self.with_gradients[func.__name__] = torch.is_grad_enabled()
        return func(*args, **(kwargs or {}))


@pytest.mark.parametrize("name", CLASSES)
def test_an_update_runs_without_gradients(name):
    network = nn.Linear(2, 2)
    updater = make_optimizer(Config(optimizer=name), network.parameters())
    network(torch.ones(1, 2)).sum().backward()
    with _Modes() as modes:
        updater.step()
    assert modes.with_gradients[f"_fused_{name}_"] is False
    assert torch.is_grad_enabled()
