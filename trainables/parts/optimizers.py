"""torch.optim's optimizers and learning-rate schedules, from a Config."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch
from torch import nn
from torch.optim import lr_scheduler


def make_optimizer(config: Any, parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
    """SGD, Adam or AdamW as `config.optimizer` says, with PyTorch's fused kernels.

    Fused is faster on CPU as on CUDA (`tests/benchmarks/kernels.py` measures it).
    """
    common = dict(lr=config.lr, weight_decay=config.weight_decay, fused=True)
    match config.optimizer:
        case "sgd":
            nesterov = config.nesterov and config.momentum > 0
            return torch.optim.SGD(
                parameters, momentum=config.momentum, nesterov=nesterov, **common
            )
        case "adam":
            return torch.optim.Adam(parameters, **common)
        case "adamw":
            return torch.optim.AdamW(parameters, **common)
    raise AssertionError(config.optimizer)  # Config has checked it


def make_schedule(
    config: Any, optimizer: torch.optim.Optimizer, steps: int
) -> lr_scheduler.LRScheduler | None:
    """The schedule over all `steps` updates of a full training; None keeps lr constant.

    One-cycle (L. N. Smith, arXiv 1708.07120) leaves momentum alone: the searched value holds.
    """
    match config.schedule:
        case "constant":
            return None
        case "cosine":
            return lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
        case "one_cycle":
            return lr_scheduler.OneCycleLR(
                optimizer, max_lr=config.lr, total_steps=steps, cycle_momentum=False
            )
    raise AssertionError(config.schedule)
