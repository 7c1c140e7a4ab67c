"""Classify picture files with an exported model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.export.bundle import Bundle, load_bundle
from trainables.data.pictures import read_picture
from trainables.data.splits import ImageMeta, Split
from trainables.errors import BadInput

_BATCH = 100  # pictures at a time


def predict(bundle: Path, pictures: list[Path], *, trust: bool = False) -> list[dict[str, float]]:
    """Probabilities by class, most probable first, for each picture file.

    Raises:
        BadInput: no exported model there, none that sorts pictures, one whose code is not trusted,
            or a file that is no readable picture.
    """
    loaded = load_bundle(bundle, trust=trust, of=ImageMeta, command="predict")
    meta = loaded.meta
    images = [read_picture(p, meta.height, meta.width, meta.channels) for p in pictures]
    batches = (np.stack(images[n : n + _BATCH]) for n in range(0, len(images), _BATCH))
    logits = np.concatenate([_outputs(loaded, batch) for batch in batches]).astype(np.float64)
    if logits.shape != (len(images), len(meta.classes)):
        raise BadInput(f"predict: {bundle}: its outputs are not a number for each class")
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    return [
        {meta.classes[label]: float(row[label]) for label in np.argsort(-row, kind="stable")}
        for row in shares
    ]


def _outputs(loaded: Bundle, pictures: np.ndarray) -> np.ndarray:
    """As they are scored where the task is at hand, which may have its own way; else the graph's.

    Args:
        pictures: uint8 [n, height, width, channels].

    Returns:
        float32 [n, classes], before softmax.
    """
    if loaded.task is None:
        return loaded.run(pictures)[0]
    part = Split(pictures, np.zeros(len(pictures), np.int64))
    return loaded.task.scoring.outputs(loaded.network, part, loaded.meta, "cpu")
