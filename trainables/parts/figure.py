"""A figure to draw on, without a screen, and the PNG that comes of it."""

from __future__ import annotations

import io
import warnings
from typing import Any


def new_figure(width: float, height: float, *, fitted: bool = True) -> Any:
    """An empty figure, in inches of 80 pixels; `fitted`: what is put on it makes itself room."""
    from matplotlib.figure import Figure  # half a second, for who draws only

    return Figure(figsize=(width, height), dpi=80, layout="constrained" if fitted else None)


def png_of(figure: Any) -> bytes:
    """What was drawn."""
    png = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a name may be in any script
        figure.savefig(png, format="png")
    return png.getvalue()
