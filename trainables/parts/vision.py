"""`import torchvision` on any build of torch.

The Linux wheel of torchvision is linked against CUDA torch. Beside a CPU-only torch its compiled
operators do not load, and the import dies with `operator torchvision::nms does not exist` while it
registers shapes for them. Declaring the two operators it asks for lets the import pass; models,
data sets and transforms use neither. Where torchvision imports by itself nothing is touched.
"""

from __future__ import annotations

from types import ModuleType

import torch

_SCHEMAS = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)


def import_torchvision() -> ModuleType:
    """Import and return torchvision, declaring its missing operators first where it needs that."""
    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        _declare_missing_operators()
        import torchvision
    return torchvision


def _declare_missing_operators() -> None:
    library = torch.library.Library("torchvision", "FRAGMENT")
    for schema in _SCHEMAS:
        name = schema.partition("(")[0]
        if not hasattr(torch.ops.torchvision, name):
            library.define(schema)
    _KEPT.append(library)  # the declarations live as long as the library object


_KEPT: list[torch.library.Library] = []
