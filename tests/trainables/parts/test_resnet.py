"""ResNet-18 is torchvision's; what is frozen stays as it is; its two halves make the whole."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from trainables.parts.resnet import STAGES, ResNet18, prefix_numbers
from trainables.parts.vision import import_torchvision

DEPTHS = range(len(STAGES) + 1)


def pictures(count: int = 4, side: int = 32, channels: int = 3) -> torch.Tensor:
    return torch.randn(count, channels, side, side, generator=torch.Generator().manual_seed(0))


@pytest.fixture
def settled() -> ResNet18:
    """With running statistics that are not those of a new network."""
    torch.manual_seed(0)
    network = ResNet18(classes=3, side=32)
    with torch.no_grad():
        for _ in range(3):
            network(pictures(16))
    return network.eval()


def deeper(network: ResNet18, frozen: int) -> ResNet18:
    made = ResNet18(classes=3, side=32, frozen=frozen)
    made.load_state_dict(network.state_dict())
    return made


def test_it_is_torchvisions_network(settled: ResNet18) -> None:
    published = import_torchvision().models.resnet18(num_classes=3).eval()
    published.load_state_dict(settled.state_dict())
    with torch.inference_mode():
        assert torch.equal(settled(pictures()), published(pictures()))


@pytest.mark.parametrize("frozen", DEPTHS)
def test_frozen_stages_are_neither_trained_nor_changed(settled: ResNet18, frozen: int) -> None:
    network = deeper(settled, frozen).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    optimizer = torch.optim.SGD(network.parameters(), lr=0.1)
    network(pictures(16)).square().sum().backward()
    optimizer.step()
    changed = {n for n, v in network.state_dict().items() if not torch.equal(v, before[n])}
    parts = [("conv1", "bn1"), *((stage,) for stage in STAGES[1:])]
    for number, names in enumerate(parts):
        touched = any(n.split(".")[0] in names for n in changed)
        assert touched == (number >= frozen), names
    assert {"fc.weight", "fc.bias"} <= changed


def test_batch_normalisation_of_frozen_stages_stays_in_evaluation_mode() -> None:
    network = ResNet18(classes=3, side=32, frozen=3).train()
    norms = {n: m.training for n, m in network.named_modules() if isinstance(m, nn.BatchNorm2d)}
    assert {n for n, training in norms.items() if not training} == {
        n for n in norms if n.startswith(("bn1", "layer1", "layer2"))
    }
    assert not any(m.training for m in network.eval().modules())


@pytest.mark.parametrize("frozen", DEPTHS)
def test_both_halves_make_the_whole(settled: ResNet18, frozen: int) -> None:
    network = deeper(settled, frozen).eval()
    with torch.inference_mode():
        halves = network.rest(network.prefix(pictures()))
        assert torch.equal(halves, settled(pictures()))
    shapes = [(3, 32, 32), (64, 8, 8), (64, 8, 8), (128, 4, 4), (256, 2, 2), (512,)]
    assert network.prefix(pictures()).shape == (4, *shapes[frozen])
    assert prefix_numbers(frozen, 32) == math.prod(shapes[frozen])


@pytest.mark.parametrize("frozen", DEPTHS)
def test_its_size_is_known_for_any_side(frozen: int) -> None:
    network = ResNet18(classes=3, side=70, frozen=frozen).eval()
    with torch.inference_mode():
        assert prefix_numbers(frozen, 70) == network.prefix(pictures()).numel() // 4


def test_the_frozen_half_is_fp32_also_where_training_is_not(settled: ResNet18) -> None:
    network = deeper(settled, 2).train()
    with torch.autocast("cpu", torch.bfloat16):
        inside, logits = network.prefix(pictures()), network(pictures())
    assert inside.dtype == torch.float32 and logits.dtype == torch.bfloat16
    assert torch.equal(inside, network.prefix(pictures()))


def test_pictures_of_another_size_and_grey_ones(settled: ResNet18) -> None:
    larger = pictures().repeat_interleave(2, 2).repeat_interleave(2, 3)
    with torch.inference_mode():
        assert settled(larger).shape == (4, 3)
        grey = pictures(channels=1)
        assert torch.equal(settled(grey), settled(grey.expand(-1, 3, -1, -1)))


def test_dropout_is_before_the_head_and_only_in_training() -> None:
    network = ResNet18(classes=3, side=32, frozen=5, dropout=0.5)
    inputs = network.prefix(pictures())
    assert torch.equal(network.eval().rest(inputs), network.rest(inputs))
    network.train()
    assert not torch.equal(network.rest(inputs), network.rest(inputs))
