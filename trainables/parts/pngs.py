"""Pictures as PNG: one, as text within JSON, and many on one sheet."""

from __future__ import annotations

import base64
import io
import math

import numpy as np
from PIL import Image


def png(picture: np.ndarray) -> bytes:
    """A picture uint8 [height, width, 1 or 3], encoded."""
    content = io.BytesIO()
    Image.fromarray(picture[:, :, 0] if picture.shape[2] == 1 else picture).save(
        content, "PNG", compress_level=1
    )
    return content.getvalue()


def to_text(content: bytes) -> str:
    """Base64, as JSON takes it."""
    return base64.b64encode(content).decode("ascii")


def from_text(text: str) -> np.ndarray:
    """The picture that `to_text` was given as PNG: uint8 [height, width, 3]."""
    return np.array(Image.open(io.BytesIO(base64.b64decode(text))).convert("RGB"))


def sheet(pictures: np.ndarray) -> bytes:
    """Pictures uint8 [n, height, width, channels] side by side, row after row, in a square PNG.

    As many across as down, the last places black: how a projector wants its sprites.
    """
    count, height, width, channels = pictures.shape
    across = math.ceil(math.sqrt(count))
    padded = np.zeros((across**2, height, width, channels), np.uint8)
    padded[:count] = pictures
    rows = padded.reshape(across, across, height, width, channels).swapaxes(1, 2)
    return png(rows.reshape(across * height, across * width, channels))
