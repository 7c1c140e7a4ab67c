"""One picture file to one uint8 array, in the form a network was trained on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from trainables.errors import BadInput

_GREY_MODES = ("1", "L", "I", "I;16", "I;16B", "F")


def picture_size(path: Path) -> tuple[int, int, bool]:
    """(height, width, is it grey) from the file's header, without decoding it.

    Raises:
        BadInput: not a picture that Pillow can open.
    """
    try:
        with Image.open(path) as image:
            turned = image.getexif().get(0x0112, 1) >= 5  # EXIF orientations 5..8 swap the sides
            width, height = image.size[::-1] if turned else image.size
            return height, width, image.mode in _GREY_MODES
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise BadInput(f"{path}: not a readable picture ({error})") from error


def read_picture(path: Path, height: int, width: int, channels: int) -> np.ndarray:
    """Decode a picture to uint8 [height, width, channels].

    Turned as its EXIF data says, transparency laid on white, then cut about its middle to the
    aspect ratio and resized (bilinear, antialiased). 16-bit grey is brought to 8 bits.

    Raises:
        BadInput: the file is corrupt or not a picture; the line names it.
    """
    try:
        with Image.open(path) as opened:
            image = _eight_bit(ImageOps.exif_transpose(opened))
            if image.has_transparency_data:
                image = image.convert("RGBA")
                white = Image.new("RGBA", image.size, "white")
                image = Image.alpha_composite(white, image)
            image = image.convert("L" if channels == 1 else "RGB")
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        what = "cannot be read" if isinstance(error, OSError) and error.errno else "corrupt picture"
        raise BadInput(f"{path}: {what} ({error})") from error
    if image.size != (width, height):
        image = ImageOps.fit(image, (width, height), Image.Resampling.BILINEAR)
    return np.asarray(image, dtype=np.uint8).reshape(height, width, channels)


def _eight_bit(image: Image.Image) -> Image.Image:
    if image.mode not in ("I", "I;16", "I;16B", "F"):
        return image
    levels = np.asarray(image, dtype=np.float64)
    if image.mode.startswith("I;16") or levels.max(initial=0) > 255:
        levels = levels / 257  # 65535 -> 255; the wider modes do not say how far they go
    return Image.fromarray(levels.clip(0, 255).astype(np.uint8))
