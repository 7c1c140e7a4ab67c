"""What a classifier of pictures takes for what: counted, its surest mistakes, and as points."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.data.splits import ImageMeta, Split
from trainables.inspection import Points, Seen
from trainables.parts.pngs import png, to_text

MOST_CLASSES = 100  # in the matrix, those with the most mistakes: more could not be read
SHOWN = 12  # mistakes
LARGEST = 64  # pixels a side of a point's picture


def picture_example(network: nn.Module, meta: ImageMeta) -> Tensor:
    """One black picture."""
    return torch.zeros(1, meta.channels, meta.height, meta.width)


def confusion_figures(seen: Seen, part: Split, meta: ImageMeta) -> dict[str, Any]:
    """`confusion` and `most_confused`; nothing where the head does not give logits a picture."""
    if seen.outputs.shape != (len(part), len(meta.classes)):
        return {}
    predicted, shares = seen.outputs.argmax(1), _shares(seen.outputs)
    found = {"confusion": _confusion(predicted, part.targets, meta.classes)}
    wrong = np.flatnonzero(predicted != part.targets)
    if len(wrong):
        surest = wrong[np.argsort(-shares[wrong, predicted[wrong]], kind="stable")[:SHOWN]]
        found["most_confused"] = {
            "pictures": [
                {
                    "picture": to_text(png(part.inputs[row])),
                    "is": meta.classes[part.targets[row]],
                    "taken_for": meta.classes[predicted[row]],
                    "share": float(shares[row, predicted[row]]),
                }
                for row in surest
            ]
        }
    return found


def picture_points(seen: Seen, network: nn.Module, part: Split, meta: ImageMeta) -> Points | None:
    """Pictures as the last hidden layer has them, with their class and what they are taken for."""
    if seen.outputs.shape != (len(part), len(meta.classes)):
        return None
    predicted, targets = seen.outputs[seen.rows].argmax(1), part.targets[seen.rows]
    step = math.ceil(max(part.inputs.shape[1:3]) / LARGEST)
    return Points(
        seen.hidden,
        {
            "label": [meta.classes[n] for n in targets],
            "taken for": [meta.classes[n] for n in predicted],
            "right": ["yes" if right else "no" for right in predicted == targets],
        },
        part.inputs[seen.rows][:, ::step, ::step],
    )


def _shares(logits: np.ndarray) -> np.ndarray:
    """Softmax: what a model gives each class, [n, classes]."""
    powers = np.exp(logits.astype(np.float64) - logits.max(1, keepdims=True))
    shares: np.ndarray = powers / powers.sum(1, keepdims=True)
    return shares


def _confusion(
    predicted: np.ndarray, targets: np.ndarray, classes: tuple[str, ...]
) -> dict[str, Any]:
    counts = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(counts, (targets, predicted), 1)
    shown = np.arange(len(classes))
    if len(classes) > MOST_CLASSES:
        mistakes = counts.sum(1) + counts.sum(0) - 2 * counts.diagonal()
        shown = np.sort(np.argsort(-mistakes, kind="stable")[:MOST_CLASSES])
    return {
        "classes": [classes[n] for n in shown],
        "of": len(classes),
        "right": int(counts.trace()),
        "examples": len(targets),
        "counts": counts[np.ix_(shown, shown)].tolist(),
    }
