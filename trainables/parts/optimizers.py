"""torch.optim's optimizers and learning-rate schedules, from a Config."""

from __future__ import annotations

import inspect
from collections.abc import Iterable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.optim import Optimizer, lr_scheduler

_Original = TypeVar("_Original", bound=Optimizer)


def _uncompiled(original: type[_Original]) -> type[_Original]:
    """An optimizer of torch's without the guards that keep `torch.compile` out of its methods.

    At a process's first update they import the whole compiler, SymPy included, which costs every
    worker a second on CPU; and nothing here compiles an update.
    """
    guarded = ("add_param_group", "zero_grad", "state_dict", "load_state_dict")
    methods = {name: inspect.unwrap(getattr(original, name)) for name in guarded}
    # One of the guards on `step` is what turns gradients off in it.
    methods["step"] = torch.no_grad()(inspect.unwrap(original.step))
    return type(original.__name__, (original,), methods)


_SGD = _uncompiled(torch.optim.SGD)
_Adam = _uncompiled(torch.optim.Adam)
_AdamW = _uncompiled(torch.optim.AdamW)


def make_optimizer(
    config: Any, parameters: Iterable[nn.Parameter] | Iterable[dict[str, Any]]
) -> Optimizer:
    """SGD, Adam or AdamW as `config.optimizer` says, with PyTorch's fused kernels.

    Groups of parameters may have an `lr` of their own. Fused is faster on CPU as on CUDA
    (`tests/benchmarks/kernels.py` measures it).
    """
    common = dict(lr=config.lr, weight_decay=config.weight_decay, fused=True)
    match config.optimizer:
        case "sgd":
            nesterov = config.nesterov and config.momentum > 0
            return _SGD(parameters, momentum=config.momentum, nesterov=nesterov, **common)
        case "adam":
            return _Adam(parameters, **common)
        case "adamw":
            return _AdamW(parameters, **common)
    raise AssertionError(config.optimizer)  # Config has checked it


def adamw(parameters: Iterable[nn.Parameter], *, lr: float, weight_decay: float) -> Optimizer:
    """AdamW with PyTorch's fused kernel; with no weight decay it is Adam."""
    return _AdamW(parameters, lr=lr, weight_decay=weight_decay, fused=True)


def make_schedule(
    config: Any, optimizer: Optimizer, steps: int, warm_up: int = 0
) -> lr_scheduler.LRScheduler | None:
    """The schedule over all `steps` updates of a full training; None keeps lr constant.

    One-cycle (L. N. Smith, arXiv 1708.07120) leaves momentum alone: the searched value holds.

    Args:
        warm_up: updates over which lr first rises in a line (P. Goyal et al., arXiv 1706.02677);
            one-cycle, which rises anyway, has none.
    """
    match config.schedule:
        case "constant":
            return _rising(optimizer, warm_up) if warm_up else None
        case "cosine":
            if not warm_up:
                return lr_scheduler.CosineAnnealingLR(optimizer, T_max=steps)
            falling = lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, steps - warm_up))
            both = [_rising(optimizer, warm_up), falling]
            return lr_scheduler.SequentialLR(optimizer, both, milestones=[warm_up])
        case "one_cycle":
            return lr_scheduler.OneCycleLR(
                optimizer, max_lr=config.lr, total_steps=steps, cycle_momentum=False
            )
    raise AssertionError(config.schedule)


def _rising(optimizer: Optimizer, steps: int) -> lr_scheduler.LRScheduler:
    return lr_scheduler.LinearLR(optimizer, start_factor=1 / (steps + 1), total_iters=steps)
