"""What a worker looks at after an epoch, where `--tensorboard full` wants it, and leaves behind.

Nothing here draws a random number of torch's or changes a weight, so a trial trains to the last bit
as it does without.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trainables.data.splits import Splits
from trainables.files import write_json
from trainables.inspection import Inspection, Points
from trainables.parts.graph import graph_of
from trainables.parts.head import seen_by_head
from trainables.parts.histograms import histograms
from trainables.trainer import Trainer
from tuning.trial_directory import cause_of
from tuning.view_files import ViewFiles


@dataclass(frozen=True)
class Look:
    """A network after an epoch.

    Attributes:
        histograms: by tensor.
        graph: None: it was kept before.
        figures: of a best epoch, by name; None: there is none of this one, as of no mistakes.
        error: why some of it is missing; None: nothing is.
    """

    epoch: int
    histograms: Mapping[str, Any]
    graph: Mapping[str, Any] | None
    figures: Mapping[str, Any]
    points: Points | None
    error: str | None


def look_at(
    trainer: Trainer, inspection: Inspection, splits: Splits, files: ViewFiles, *, is_best: bool
) -> Look:
    """Look at a trainer's network; of an epoch that is not the best so far, at its numbers alone.

    Val is scored once more to see what passes the head; what frozen stages make of it stays kept.
    Whatever a network does that cannot be looked at, its trial goes on.
    """
    module, part, meta = trainer.module, splits.val, splits.meta
    graph = None
    if inspection.example is not None and not files.graph.is_file():
        graph = _graph(module, inspection.example, meta)
    found: Mapping[str, Any] = {}
    figures: dict[str, Any] = dict.fromkeys(inspection.drawings) if is_best else {}
    points: Points | None = None
    error: str | None = None
    try:
        found = histograms(module)
        if is_best and (inspection.drawings or inspection.points):
            whole = bool(inspection.drawings)
            seen = seen_by_head(module, lambda: trainer.evaluate("val"), outputs=whole)
            if seen is not None:
                points = inspection.points(seen, module, part, meta) if inspection.points else None
                figures |= inspection.figures(seen, part, meta)
    except Exception as unseen:
        error = cause_of(unseen)
    return Look(trainer.epoch, found, graph, figures, points, error)


def leave(look: Look, files: ViewFiles) -> None:
    """Write down what was seen; an epoch that is trained again overwrites what it left."""
    files.folder.mkdir(exist_ok=True)
    write_json(files.histograms(look.epoch), look.histograms)
    if look.graph is not None:
        write_json(files.graph, look.graph)
    for name, values in look.figures.items():
        if values is None:  # an earlier best epoch's would be shown as this one's
            files.figure(name).unlink(missing_ok=True)
        else:
            write_json(files.figure(name), {"epoch": look.epoch, "values": values})
    if look.points is not None:
        files.write_points(look.points, look.epoch)
    if look.error is not None:
        write_json(files.error, {"epoch": look.epoch, "error": look.error})


def _graph(module: Any, example: Any, meta: Any) -> dict[str, Any]:
    try:
        return graph_of(module, example(module, meta))
    except Exception as error:  # a user's network may be beyond what can be traced
        return {"error": cause_of(error)}
