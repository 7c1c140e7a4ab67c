"""PyTorch's recurrent layers in two other spellings, for graphs that take any number of steps.

`torch.export` unrolls `nn.LSTM` and its kin into as many steps as its example has. Spelt as a
`scan`, or as ONNX's own operators, they stay one loop.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch._higher_order_ops.scan import scan

from trainables.parts.recurrent import State

_OPERATORS = {"RNN_TANH": "RNN", "LSTM": "LSTM", "GRU": "GRU"}
# ONNX's order of the gates, in PyTorch's: i f g o -> i o f g, r z n -> z r n.
_GATES = {"RNN": (0,), "LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2)}
_OPSET = 20  # of the operators


def respelt(module: nn.Module, spelling: Callable[[nn.RNNBase], nn.Module]) -> nn.Module:
    """A copy of a module, with each of its plain recurrent layers in another spelling."""
    made = copy.deepcopy(module)
    for name, inner in list(made.named_modules()):
        if isinstance(inner, nn.RNNBase) and _is_plain(inner):
            parent, _, attribute = name.rpartition(".")
            setattr(made.get_submodule(parent), attribute, spelling(inner))
    return made.eval()


def _is_plain(core: nn.RNNBase) -> bool:
    unusual = core.bidirectional or core.batch_first or core.proj_size or not core.bias
    return not unusual and core.mode in _OPERATORS


class Scanned(nn.Module):
    """RNN, LSTM or GRU layers as one `scan` over the steps a layer; as PyTorch documents them."""

    def __init__(self, core: nn.RNNBase) -> None:
        super().__init__()
        self.core = core

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """As `nn.LSTM`'s: [steps, n, inputs] -> [steps, n, hidden_size], and the state after."""
        core, after = self.core, []
        states = _states(core, x, state)
        step = {"LSTM": _lstm, "GRU": _gru, "RNN_TANH": _rnn}[core.mode]
        for layer in range(core.num_layers):
            given = F.linear(x, *_weights(core, "ih", layer))
            weights = _weights(core, "hh", layer)

            def one(
                carry: tuple[Tensor, ...],
                given: Tensor,
                weights: tuple[Tensor, Tensor] = weights,
            ) -> tuple[tuple[Tensor, ...], Tensor]:
                carry = step(carry, given, F.linear(carry[0], *weights))
                return carry, carry[0].clone()  # a scan's outputs may not share memory

            carry, x = scan(one, tuple(s[layer] for s in states), given, dim=0)
            after.append(carry)
        return x, _state([torch.stack(layers) for layers in zip(*after, strict=True)])


class OnnxOperators(nn.Module):
    """RNN, LSTM or GRU layers as ONNX's operators of these names; it can be exported only."""

    def __init__(self, core: nn.RNNBase) -> None:
        super().__init__()
        self.core = core
        self.operator = _OPERATORS[core.mode]

    def forward(self, x: Tensor, state: State | None = None) -> tuple[Tensor, State]:
        """As `nn.LSTM`'s."""
        core, after = self.core, []
        states = _states(core, x, state)
        shape = (x.shape[1], core.hidden_size)
        about: dict[str, Any] = {"hidden_size": core.hidden_size}
        if self.operator == "GRU":
            about["linear_before_reset"] = 1  # PyTorch's GRU
        for layer in range(core.num_layers):
            weights = [self._arranged(part, layer) for part in ("ih", "hh")]
            bias = torch.cat([b for _, b in weights])
            inputs = (x, *(w[None] for w, _ in weights), bias[None], None)
            outputs, *now = torch.onnx.ops.symbolic_multi_out(
                self.operator,
                (*inputs, *(s[layer : layer + 1] for s in states)),
                about,
                dtypes=[torch.float32] * (1 + len(states)),
                shapes=[(x.shape[0], 1, *shape), *[(1, *shape)] * len(states)],
                version=_OPSET,
            )
            x = outputs.squeeze(1)
            after.append(now)
        return x, _state([torch.cat(layers) for layers in zip(*after, strict=True)])

    def _arranged(self, part: str, layer: int) -> tuple[Tensor, Tensor]:
        order = _GATES[self.operator]

        def gates(values: Tensor) -> Tensor:
            chunks = values.chunk(len(order))
            return torch.cat([chunks[place] for place in order])

        weight, bias = _weights(self.core, part, layer)
        return gates(weight), gates(bias)


def _weights(core: nn.RNNBase, part: str, layer: int) -> tuple[Tensor, Tensor]:
    weight, bias = (getattr(core, f"{kind}_{part}_l{layer}") for kind in ("weight", "bias"))
    return weight.detach(), bias.detach()


def _states(core: nn.RNNBase, x: Tensor, state: State | None) -> tuple[Tensor, ...]:
    if state is None:
        zeros = x.new_zeros(core.num_layers, x.shape[1], core.hidden_size)
        return (zeros, zeros.clone()) if core.mode == "LSTM" else (zeros,)
    return (state,) if isinstance(state, Tensor) else state


def _state(states: list[Tensor]) -> State:
    return (states[0], states[1]) if len(states) == 2 else states[0]


def _rnn(carry: tuple[Tensor, ...], given: Tensor, own: Tensor) -> tuple[Tensor, ...]:
    return ((given + own).tanh(),)


def _lstm(carry: tuple[Tensor, ...], given: Tensor, own: Tensor) -> tuple[Tensor, ...]:
    enter, forget, new, leave = (given + own).chunk(4, 1)
    cell = forget.sigmoid() * carry[1] + enter.sigmoid() * new.tanh()
    return leave.sigmoid() * cell.tanh(), cell


def _gru(carry: tuple[Tensor, ...], given: Tensor, own: Tensor) -> tuple[Tensor, ...]:
    (reset, keep, new), (own_reset, own_keep, own_new) = given.chunk(3, 1), own.chunk(3, 1)
    new = (new + (reset + own_reset).sigmoid() * own_new).tanh()
    return (new + (keep + own_keep).sigmoid() * (carry[0] - new),)
