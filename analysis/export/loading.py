"""How an exported model is loaded, in three lines, for its card."""

from __future__ import annotations

from typing import Any

from analysis.export.formats import ONNX, PT2, TORCHSCRIPT, Format
from trainables.portable import BATCH, STEPS, Port


def loading(made: Format, config: dict[str, Any]) -> str:
    """Python that loads the model, run in its directory, and asks it of an input of zeros."""
    inputs = [Port.from_json(port) for port in config["inputs"]]
    names = ", ".join(port.name for port in inputs)
    told = ", ".join(port["name"] for port in config["outputs"])
    zeros = ", ".join(_zeros(port) for port in inputs)
    given = f"{names} = {zeros}  # yours here"
    if made == ONNX:
        pairs = ", ".join(f'"{port.name}": {port.name}' for port in inputs)
        return (
            f"import numpy as np, onnxruntime; {given}\n"
            f'session = onnxruntime.InferenceSession("{made.file}")\n'
            f"({told},) = session.run(None, {{{pairs}}})"
        )
    if made in (TORCHSCRIPT, PT2):
        load = "torch.jit.load({!r})" if made == TORCHSCRIPT else "torch.export.load({!r}).module()"
        tensors = ", ".join(f"torch.from_numpy({port.name})" for port in inputs)
        return (
            f"import numpy as np, torch; {given}\n"
            f"model = {load.format(made.file)}\n"
            f"{told} = model({tensors})"
        )
    trust = ", trust=True" if config["code_sha256"] is not None else ""
    return (
        f"import numpy as np, pathlib, analysis.export.bundle; {given}\n"
        f'model = analysis.export.bundle.load_bundle(pathlib.Path("."){trust})\n'
        f"({told},) = model.run({names})"
    )


def _zeros(port: Port) -> str:
    shape = tuple(1 if axis in (BATCH, STEPS) else axis for axis in port.shape)
    return f"np.zeros({shape}, np.{port.dtype})"
