"""The formats a model is exported in: which file each is, what it needs, and whether it is code."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from trainables.errors import BadInput
from tuning.experiment import CONFIG, MODEL, Experiment


@dataclass(frozen=True)
class Format:
    """One of them.

    Attributes:
        name: as `--format` has it.
        file: what the model is in.
        graph: whether the network and its preprocessing are in the file, and not weights alone.
        program: whether the file may hold code or pickles, so that only a trusted one is opened.
        needs: packages of the extra `onnx`, to write it.
        reads: those of them that open it.
        note: what a user should know of it, in one line.
    """

    name: str
    file: str
    graph: bool = False
    program: bool = False
    needs: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    note: str = ""


PT = Format("pt", MODEL)
SAFETENSORS = Format("safetensors", "model.safetensors")
TORCHSCRIPT = Format(
    "torchscript",
    "model.ts",
    graph=True,
    program=True,
    note="TorchScript is deprecated in PyTorch, which names torch.export (--format pt2) in its "
    "place",
)
PT2 = Format("pt2", "model.pt2", graph=True, program=True)
ONNX = Format(
    "onnx",
    "model.onnx",
    graph=True,
    needs=("onnx", "onnxscript", "onnxruntime"),
    reads=("onnxruntime",),
)
FORMATS = {f.name: f for f in (PT, SAFETENSORS, TORCHSCRIPT, PT2, ONNX)}


def check_installed(packages: tuple[str, ...], option: str) -> None:
    """Raise BadInput, with the command that helps, unless packages of the extra are installed."""
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    if missing:
        raise BadInput(
            f"{option}: needs {', '.join(missing)}, not installed here: "
            "pip install -c constraints.txt -e '.[onnx]'"
        )


def format_of(directory: Path) -> Format | None:
    """The format of the model in a directory; None: there is none."""
    return next((f for f in FORMATS.values() if (directory / f.file).is_file()), None)


def find_bundle(name: str, storage: Path) -> Path:
    """The exported model at this path, or else `best/` of the experiment of this name.

    Raises:
        BadInput: neither is there.
    """
    try:
        if (Path(name) / CONFIG).is_file() and format_of(Path(name)) is not None:
            return Path(name)
        return Experiment.find(name, storage).best
    except OSError as error:
        raise BadInput(f"{name}: cannot be read ({error.strerror})") from error
