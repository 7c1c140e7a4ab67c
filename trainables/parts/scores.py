"""Scores of a classifier in detail, for the export and the screen."""

from __future__ import annotations

from typing import Any

import numpy as np


def classification_report(
    logits: np.ndarray, targets: np.ndarray, classes: tuple[str, ...]
) -> dict[str, Any]:
    """Accuracy, mean cross-entropy, accuracy by class and the confusion matrix.

    Args:
        logits: float32 [n, classes].
        targets: int64 [n].

    Returns:
        `accuracy`, `loss`, `count`, `class_accuracy` {class: value or None where it has no
        example}, `confusion` (rows: truth, columns: prediction, counts).
    """
    predicted = logits.argmax(1)
    each = classification_shares(logits, targets)
    confusion = np.zeros((len(classes), len(classes)), np.int64)
    np.add.at(confusion, (targets, predicted), 1)
    totals = confusion.sum(1)
    return {
        **{name: float(values.mean()) for name, values in each.items()},
        "count": len(targets),
        "class_accuracy": {
            name: float(confusion[i, i] / totals[i]) if totals[i] else None
            for i, name in enumerate(classes)
        },
        "confusion": confusion.tolist(),
    }


def classification_shares(logits: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
    """Of each example: `accuracy` (1 where it is right) and `loss` (cross-entropy); [n] each."""
    wide = logits.astype(np.float64)
    peak = wide.max(1)
    log_norm = peak + np.log(np.exp(wide - peak[:, None]).sum(1))
    return {
        "accuracy": (logits.argmax(1) == targets).astype(np.float64),
        "loss": log_norm - wide[np.arange(len(targets)), targets],
    }
