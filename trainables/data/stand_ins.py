"""The built-in pictures for where there is no network: made of what is installed, or drawn."""

from __future__ import annotations

import numpy as np
from PIL import Image

from trainables.data.drawn import CLASSES, drawn_pictures
from trainables.data.source import ImageSource, RawImages
from trainables.data.splits import Provenance, Split

_DRAWN_TRAIN, _DRAWN_TEST = slice(0, 7_000), slice(7_000, 10_000)
DIGIT_SIDE = 28  # MNIST's, so that the textbook network fits unchanged


def digits_source() -> ImageSource:
    """For MNIST: scikit-learn's 1,797 handwritten digits, enlarged from 8x8 to 28x28.

    They have no test part: one is cut by the split seed. Source: E. Alpaydin and C. Kaynak,
    "Optical Recognition of Handwritten Digits", UCI, 1998.
    """
    note = "easy: small, clean digits; scores near 100 % are common and say nothing about MNIST"
    provenance = Provenance("stand-in", "scikit-learn's handwritten digits", note)
    return ImageSource(provenance, f"digits {DIGIT_SIDE}", _read_digits)


def drawn_source() -> ImageSource:
    """For CIFAR-10: 7,000 + 3,000 drawn pictures of 32x32 in ten classes."""
    note = "drawn shapes, not photographs: scores say nothing about CIFAR-10"
    provenance = Provenance("stand-in", "drawn pictures", note)

    def read() -> RawImages:
        images, labels = drawn_pictures(10_000, seed=0)
        train, test = (Split(images[part], labels[part]) for part in (_DRAWN_TRAIN, _DRAWN_TEST))
        return RawImages(train, CLASSES, test=test)

    return ImageSource(provenance, "drawn 7000 3000", read)


def _read_digits() -> RawImages:
    from sklearn.datasets import load_digits  # 2 s to import, and needed only once: cached after

    images, labels = load_digits(return_X_y=True)
    grey = np.rint(images.reshape(-1, 8, 8) * (255 / 16)).astype(np.uint8)
    size = (DIGIT_SIDE, DIGIT_SIDE)
    enlarged = [np.asarray(Image.fromarray(d).resize(size, Image.Resampling.BICUBIC)) for d in grey]
    classes = tuple(str(digit) for digit in range(10))
    return RawImages(Split(np.stack(enlarged)[..., None], labels.astype(np.int64)), classes)
