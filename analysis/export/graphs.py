"""Networks as graphs, written and opened: TorchScript, torch.export's archive, ONNX."""

from __future__ import annotations

import copy
import logging
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from analysis.export.formats import ONNX, PT2, TORCHSCRIPT, Format
from trainables.portable import BATCH, STEPS, Portable

Run = Callable[..., list[np.ndarray]]  # the inputs, in order -> the outputs
_EXAMPLE = {BATCH: 2, STEPS: 3}  # lengths that no graph takes for fixed ones, as it would 0 and 1


def write_graph(made: Format, portable: Portable, path: Path) -> None:
    """Write a network with its preprocessing inside, its open axes of any length.

    Raises:
        Exception: whatever PyTorch raises where it cannot make a graph of the network.
    """
    write = {TORCHSCRIPT: _write_torchscript, PT2: _write_pt2, ONNX: _write_onnx}[made]
    example = tuple(torch.from_numpy(port.zeros(**_EXAMPLE)) for port in portable.inputs)
    # With gradients allowed and none wanted, networks take their general way, and no short cut
    # that pays on a CPU without them.
    with _quiet(), torch.enable_grad():
        write(portable, example, path)


def open_graph(made: Format, path: Path) -> Run:
    """The graph in a file, as a function of arrays, on the CPU."""
    with _quiet():
        if made == ONNX:
            return _onnx_run(path)
        module = torch.jit.load(path) if made == TORCHSCRIPT else torch.export.load(path).module()
    return torch_run(module)


def torch_run(module: Callable[..., Any]) -> Run:
    """A module as a function of arrays."""

    def run(*arrays: np.ndarray) -> list[np.ndarray]:
        with torch.no_grad():
            result = module(*(torch.from_numpy(np.array(array)) for array in arrays))
        return [t.numpy() for t in ((result,) if isinstance(result, Tensor) else result)]

    return run


def _onnx_run(path: Path) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors
    options.intra_op_num_threads = 1  # the same numbers on any number of cores
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    names = [port.name for port in session.get_inputs()]

    def run(*arrays: np.ndarray) -> list[np.ndarray]:
        outputs: list[np.ndarray] = session.run(None, dict(zip(names, arrays, strict=True)))
        return outputs

    return run


def _write_torchscript(portable: Portable, example: tuple[Tensor, ...], path: Path) -> None:
    module = copy.deepcopy(portable.module).requires_grad_(False)
    torch.jit.save(torch.jit.trace(module, example, check_trace=False), path)


def _write_pt2(portable: Portable, example: tuple[Tensor, ...], path: Path) -> None:
    from trainables.parts.cells import Scanned, respelt

    module = respelt(portable.module, Scanned).requires_grad_(False)
    shapes = _shapes(portable)
    made = torch.export.export(module, example, dynamic_shapes=shapes, strict=False)
    torch.export.save(made, path)


def _write_onnx(portable: Portable, example: tuple[Tensor, ...], path: Path) -> None:
    import onnx

    from trainables.parts.cells import OnnxOperators, respelt

    module = respelt(portable.module, OnnxOperators).requires_grad_(False)
    program = torch.onnx.export(
        module,
        example,
        dynamic_shapes=_shapes(portable),
        input_names=[port.name for port in portable.inputs],
        output_names=[port.name for port in portable.outputs],
        dynamo=True,
        verbose=False,
    )
    assert program is not None
    program.save(path)
    onnx.checker.check_model(path)


def _shapes(portable: Portable) -> tuple[Any, ...]:
    """Which axes of the inputs are of any length."""
    lengths = {name: torch.export.Dim(name) for name in _EXAMPLE}
    first, *state = (
        {axis: lengths[name] for axis, name in enumerate(port.shape) if isinstance(name, str)}
        for port in portable.inputs
    )
    return (first, tuple(state)) if state else (first,)  # of forward(data, *state)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without PyTorch's notes on how it makes and opens graphs; what is wrong is raised."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
