"""What is known of a network before it is trained."""

from __future__ import annotations

from torch import nn

MEASURES = ("parameters", "bytes")


def measured(network: nn.Module) -> dict[str, float]:
    """`parameters`, the numbers that it has, and `bytes`, of its state dict, by name."""
    state = network.state_dict().values()
    return {
        "parameters": float(sum(parameter.numel() for parameter in network.parameters())),
        "bytes": float(sum(tensor.numel() * tensor.element_size() for tensor in state)),
    }
