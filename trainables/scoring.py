"""How a finished model is scored in detail: for its export, the proof of it, and the screen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from torch import nn

from trainables.data.splits import Splits
from trainables.inspection import NOTHING, Inspection
from trainables.portable import Portable

CLOSE = 1e-3  # outputs that differ by less, of their size, say the same


def differing(trained: np.ndarray, exported: np.ndarray) -> int:
    """How many examples two arrays of outputs [n, ...] say something else of."""
    apart = np.abs(trained - exported) > CLOSE * np.maximum(1, np.abs(trained))
    return int(apart.reshape(len(trained), -1).any(1).sum())


def no_references(config: Any, splits: Splits, part: Any) -> dict[str, dict[str, Any]]:
    """Of a task whose only reference is the baseline."""
    return {}


def no_shares(outputs: np.ndarray, part: Any, meta: Any, config: Any) -> dict[str, np.ndarray]:
    """Of a task that says only what its scores are, not how they came together."""
    return {}


def no_extras(outputs: np.ndarray, part: Any, meta: Any, config: Any) -> dict[str, Any]:
    """Of a task whose model is all there is to export."""
    return {}


@dataclass(frozen=True)
class Scoring:
    """What a task's models say, and how good that is. A part is `train`, `val` or `test`.

    Attributes:
        examples: what is scored, in the plural: `pictures`.
        meta: the class of `splits.meta`; has `from_json`.
        outputs: (network, part, meta, device) -> float32 [n, ...], what the network says of each
            example, computed as training's own evaluation does.
        report: (outputs, part, meta, config) -> {metric: value}; has `loss`, `count`, and the
            metric that trials are scored by without its `val_`.
        each: (outputs, part, meta, config) -> {metric: [n]}, what each example adds to a score
            that is their mean, in the part's order; from it comes the score's interval.
        overlap: (config) -> how many neighbours of a part are judged on some of the same truth;
            1: none but itself.
        differing: (outputs, outputs) -> how many examples they say something else of.
        references: (config, splits, part) -> {name: report}: simple methods on the same part,
            that a model should beat.
        extras: (outputs, part, meta, config) -> {file name: JSON value}, what the export holds
            beside the model; the part is val.
        ranges: by metric, the lowest and the highest value it can have.
        inspection: how else than by scores its networks are looked at.
        sample: examples of train that are enough to show how far it is from val.
        portable: (network, meta) -> the network with raw numbers in and out, by which it is used
            once it is exported. None: it is exported as weights only, and used by nothing here.
    """

    examples: str
    meta: Any
    outputs: Callable[[nn.Module, Any, Any, str], np.ndarray]
    report: Callable[[np.ndarray, Any, Any, Any], dict[str, Any]]
    each: Callable[[np.ndarray, Any, Any, Any], Mapping[str, np.ndarray]] = no_shares
    overlap: Callable[[Any], int] = lambda config: 1
    differing: Callable[[np.ndarray, np.ndarray], int] = differing
    references: Callable[[Any, Splits, Any], Mapping[str, Mapping[str, Any]]] = no_references
    extras: Callable[[np.ndarray, Any, Any, Any], Mapping[str, Any]] = no_extras
    ranges: Mapping[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    inspection: Inspection = NOTHING
    sample: int = 10_000
    portable: Callable[[nn.Module, Any], Portable] | None = None
