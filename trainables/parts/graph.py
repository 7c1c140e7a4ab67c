"""The graph of a network, as TensorBoard draws it."""

from __future__ import annotations

import contextlib
import io
import warnings
from typing import Any

import torch
from torch import Tensor, nn


def graph_of(module: nn.Module, example: Tensor) -> dict[str, Any]:
    """The operations that one batch goes through, traced: a GraphDef, as JSON has it.

    Draws no random number and leaves the module as it was.

    Raises:
        Exception: of whatever kind, where the network cannot be traced.
    """
    # Half a second to import, and of use to nobody who does not want a graph.
    from google.protobuf.json_format import MessageToDict
    from torch.utils.tensorboard._pytorch_graph import graph

    device = next(module.parameters()).device
    quiet = contextlib.redirect_stdout(io.StringIO())  # it prints why it fails, before it raises
    cuda = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(cuda), torch.no_grad(), warnings.catch_warnings(), quiet:
        warnings.simplefilter("ignore")  # that tracing is deprecated, and what it may not see
        made, _ = graph(module, (example.to(device),))
    found: dict[str, Any] = MessageToDict(made)
    return found
