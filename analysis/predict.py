"""Classify picture files with an exported model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analysis.bundle import load_bundle
from trainables.data.pictures import read_picture
from trainables.data.splits import ImageMeta, Split


def predict(bundle: Path, pictures: list[Path], *, trust: bool = False) -> list[dict[str, float]]:
    """Probabilities by class, most probable first, for each picture file.

    Raises:
        BadInput: no exported model there, none of pictures, one whose code is not trusted, or a
            file that is no readable picture.
    """
    loaded = load_bundle(bundle, trust=trust, of=ImageMeta, command="predict")
    meta = loaded.meta
    images = [read_picture(p, meta.height, meta.width, meta.channels) for p in pictures]
    part = Split(np.stack(images), np.zeros(len(images), np.int64))
    logits = loaded.task.scoring.outputs(loaded.network, part, meta, "cpu").astype(np.float64)
    shares = np.exp(logits - logits.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    return [
        {meta.classes[label]: float(row[label]) for label in np.argsort(-row, kind="stable")}
        for row in shares
    ]
