"""Bring a state dict to another format, and hold what comes of it against what was trained."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from analysis.export.bundle import build_network, load_bundle
from analysis.export.formats import PT, SAFETENSORS, Format
from analysis.export.graphs import write_graph
from analysis.export.judge import NotProvenError
from analysis.export.parity import INPUTS, Parity
from analysis.export.rescore import FreshProcess
from analysis.export.written import described
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import read_json, write_json
from trainables.task import Task
from trainables.trainer import load_tensors
from tuning.experiment import CONFIG, MODEL, SPACE_FILE, SUMS


def convert(directory: Path, made: Format, splits: Splits, fresh: FreshProcess) -> Parity:
    """Put another format in the place of the state dict in a directory, and ask it in `fresh`.

    The task's own code has been trusted, and imported already.

    Raises:
        BadInput: there is no way to this format.
        NotProvenError: it does not load, or what it says has not even the right shape; or a
            classifier's `portable` says something else than its `outputs`.
    """
    loaded = load_bundle(directory, trust=True)
    task, network, meta = loaded.task, loaded.network, loaded.meta
    assert task is not None
    config = read_json(directory / CONFIG)
    weights = load_tensors(directory / MODEL)
    portable = task.scoring.portable(network, meta) if task.scoring.portable else None
    if made != PT:
        (directory / MODEL).unlink()
    if made == SAFETENSORS:
        # Cloned: two names of one tensor, as tied layers have, are two tensors there.
        cloned = {name: tensor.clone().contiguous() for name, tensor in weights.items()}
        save_file(cloned, directory / made.file)
    elif made.graph:
        if portable is None:
            raise BadInput(
                f"--format {made.name}: the Scoring of {task.name} has no `portable`, which says "
                "how its network takes raw inputs; pt and safetensors hold weights alone"
            )
        (directory / SPACE_FILE).unlink(missing_ok=True)
        try:
            write_graph(made, portable, directory / made.file)
        except Exception as error:  # PyTorch raises anything where it can make no graph
            line = (str(error).strip() or "no message").splitlines()[0]
            raise BadInput(
                f"--format {made.name}: no graph can be made of {task.name}'s network "
                f"({type(error).__name__}: {line})"
            ) from error
    ports = described(portable) if portable else {}
    write_json(directory / CONFIG, config | {"format": made.name} | ports)
    (directory / SUMS).unlink(missing_ok=True)  # those of what it was made of
    try:
        return _parity(directory, task, config, weights, splits, fresh)
    except (ChildProcessError, ValueError) as error:
        raise NotProvenError(str(error)) from error


def _parity(
    directory: Path,
    task: Task,
    config: dict[str, Any],
    weights: dict[str, Any],
    splits: Splits,
    fresh: FreshProcess,
) -> Parity:
    """What an export says in a fresh process, beside what the trained network says here."""
    meta = task.scoring.meta.from_json(config["meta"])
    network = build_network(task, config["parameters"], meta, weights)
    if task.scoring.portable is None:
        part = splits.val.head(INPUTS)
        with fresh.rescoring(directory, part, 1, "cpu") as exported:
            trained = task.scoring.outputs(network, part, meta, "cpu")
            return Parity.of(trained, exported(), classifies=False)
    portable = task.scoring.portable(network, meta)
    if portable.classifies:  # a task of the user's own may have other outputs than its portable
        part = splits.val.head(INPUTS)
        said = portable.trained(portable.examples(part, INPUTS))
        scored = task.scoring.outputs(network, part, meta, "cpu")
        apart = Parity.of(scored, said, classifies=True)
        if not apart.holds:
            raise NotProvenError(
                f"the Scoring of {task.name} has `outputs` of its own, which its `portable` does "
                f"not agree with ({apart}); give it a `portable` that does, or portable=None"
            )
    raw = portable.examples(splits.val, INPUTS)
    with fresh.rescoring(directory, raw, 1, "cpu") as exported:
        trained = portable.trained(raw)
        return Parity.of(trained, portable.own(exported()), classifies=portable.classifies)
