"""A finished model in a directory of its own: weights, configuration, what its inputs mean.

best/
  model.pt         state dict, loads with `weights_only`; in an export of another format, that
  space.py         the user's own file, where the task is defined in one and weights alone are there
  config.json      task, hyperparameters, what its inputs mean (classes, symbols, scale),
                   provenance; `undrawn`: why a picture is missing
  metrics.json     val, test, baseline, references, and which trial and seed it is
  MODEL_CARD.md    all of it in words
  versions.json    of what trained and exported it
  SHA256SUMS       of all files
  *                what the task adds: pictures, the interval of a forecast
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from torch import nn

from analysis.export.formats import PT, Format, check_installed, format_of
from analysis.export.graphs import Run, open_graph, torch_run
from analysis.export.sums import check_sums
from search_spaces.find import find_space
from trainables.data.series import SeriesMeta
from trainables.data.splits import ImageMeta
from trainables.data.text import TextMeta
from trainables.errors import BadInput
from trainables.files import read_json, sha256
from trainables.portable import Port
from trainables.task import Task, find_task
from trainables.trainer import load_tensors
from tuning.experiment import CONFIG, MODEL, SPACE_FILE

_METAS = (ImageMeta, TextMeta, SeriesMeta)


@dataclass(frozen=True)
class Bundle:
    """A model loaded from its directory, on the CPU, in evaluation mode.

    Attributes:
        meta: what its inputs mean.
        inputs, outputs: of `run`.
        run: the raw inputs, in order -> the outputs; NumPy arrays.
        task, network: None where the file holds a graph, which needs neither.
    """

    meta: Any
    provenance: dict[str, Any]
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    run: Run
    task: Task | None = None
    network: Any = None


def load_bundle(
    directory: Path, *, trust: bool = False, of: type | None = None, command: str = ""
) -> Bundle:
    """Load an exported model, in whichever format it is.

    Args:
        trust: whether code that lies in the directory may run: a task of the user's own, or an
            archive of TorchScript or torch.export, which is a program and may hold pickles.
        of: what its inputs must be described by (`ImageMeta` for pictures) for `command`.

    Raises:
        BadInput: the directory holds no export, a file of it is damaged, or its weights do not fit
            its configuration, or its code is not trusted or not what the search had.
    """
    found = format_of(directory)
    if found is None:
        raise BadInput(f"{directory}: no exported model (there is no {MODEL}, nor another format)")
    if found.program and not trust:
        raise BadInput(
            f"{directory / found.file}: is a program, and may hold pickles; if you know where it "
            "comes from, give --trust"
        )
    check_installed(found.reads, str(directory / found.file))
    try:
        check_sums(directory, (found.file, CONFIG))
        config = read_json(directory / CONFIG)
        if found.graph:
            bundle = _graph(directory, found, config)
        else:
            bundle = _weights(directory, found, config, trust=trust)
    except BadInput:
        raise
    except Exception as error:  # a damaged file makes its library raise anything
        reason = f"{type(error).__name__}: {' '.join(str(error).split())}"
        raise BadInput(f"{directory}: no exported model ({reason})") from None
    if of is not None and not isinstance(bundle.meta, of):
        what = bundle.task.scoring.examples if bundle.task else bundle.inputs[0].name
        raise BadInput(f"{command}: not for {config['task']}, whose model is of {what}")
    if of not in (None, ImageMeta) and not bundle.inputs:  # pictures are raw inputs themselves
        raise BadInput(f"{command}: {config['task']} does not say how its model takes raw inputs")
    return bundle


def _graph(directory: Path, found: Format, config: dict[str, Any]) -> Bundle:
    described = config["meta"]
    meta = next(
        (m.from_json(described) for m in _METAS if {f.name for f in fields(m)} == {*described}),
        described,
    )
    inputs, outputs = (tuple(map(Port.from_json, config[which])) for which in ("inputs", "outputs"))
    run = open_graph(found, directory / found.file)
    return Bundle(meta, config["provenance"], inputs, outputs, run)


def _weights(directory: Path, found: Format, config: dict[str, Any], *, trust: bool) -> Bundle:
    weights = read_weights(directory / found.file, found)
    code = config["code_sha256"]
    task = find_task(config["task"]) if code is None else own_task(directory, code, trust=trust)
    meta = task.scoring.meta.from_json(config["meta"])
    network = build_network(task, config["parameters"], meta, weights)
    if task.scoring.portable is None:
        return Bundle(meta, config["provenance"], (), (), torch_run(network), task, network)
    made = task.scoring.portable(network, meta)
    run = torch_run(made.module)
    return Bundle(meta, config["provenance"], made.inputs, made.outputs, run, task, network)


def read_weights(path: Path, found: Format) -> Any:
    """A state dict; no code in the file runs."""
    if found == PT:
        return load_tensors(path)
    from safetensors.torch import load_file

    return load_file(path)


def own_task(directory: Path, expected: str, *, trust: bool) -> Task:
    """The task in the copy of a user's file in an experiment or an export.

    Raises:
        BadInput: not trusted, gone, or not the file that the search ran with.
    """
    file = directory / SPACE_FILE
    if not trust:
        raise BadInput(f"{file}: is code that came with the model; read it, then give --trust")
    try:
        found = sha256(file.read_bytes())
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror})") from None
    if found != expected:
        raise BadInput(f"{file}: is not the file that the search ran with (SHA-256 differs)")
    return find_space(str(file)).task


def build_network(
    task: Task, parameters: dict[str, Any], meta: Any, weights: dict[str, Any]
) -> nn.Module:
    """The task's network with these hyperparameters and weights, in evaluation mode."""
    network = task.network(task.Config(**parameters), meta)
    network.load_state_dict(weights)
    return network.eval()
