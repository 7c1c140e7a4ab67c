"""What a forecaster takes off its past and puts on its forecast again: the level of a series."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

LEVELS = ("none", "last", "instance")
_EPSILON = 1e-5


def shifted(past: Tensor, level: str) -> tuple[Tensor, Callable[..., Tensor]]:
    """The past [n, columns, steps] without its level, and what gives that to a forecast.

    Args:
        level: `none`; `last`, the last value is taken off; `instance`, each window's own mean and
            deviation (T. Kim et al., "Reversible Instance Normalization", ICLR 2022, without
            weights).

    Returns:
        the past, and a function of a forecast [n, columns, steps] and the indices of its columns
        where they are not the past's own.
    """
    if level == "none":
        shift, scale = torch.zeros_like(past[..., :1]), None
    elif level == "last":
        shift, scale = past[..., -1:], None
    else:
        shift = past.mean(-1, keepdim=True)
        scale = (past.var(-1, unbiased=False, keepdim=True) + _EPSILON).sqrt()

    def back(forecast: Tensor, columns: list[int] | slice = slice(None)) -> Tensor:
        if scale is not None:
            forecast = forecast * scale[:, columns]
        return forecast + shift[:, columns]

    moved = past - shift
    return (moved if scale is None else moved / scale), back
