"""Which number format and memory layout pay on this processor."""

from __future__ import annotations

from dataclasses import dataclass

import torch


@dataclass(frozen=True)
class Kernels:
    """The choice, as it is recorded in `plan.json`. Evaluation is fp32 always.

    Attributes:
        autocast: bfloat16 in training's forward and backward pass.
        channels_last: convolutions' weights and inputs in NHWC order.
    """

    autocast: bool
    channels_last: bool


def choose_kernels(device: str) -> Kernels:
    """What pays for a convolutional network on `device` (`cpu` or `cuda`).

    bfloat16 pays where the hardware has it (2.5 times faster on the MNIST network with AVX-512
    bf16) and costs up to tenfold where it is emulated, so the CPU is asked. Channels-last never
    lost. `tests/benchmarks/kernels.py` measures both on the machine at hand.
    """
    if device == "cpu":
        native = torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
        return Kernels(autocast=native, channels_last=True)
    return Kernels(autocast=torch.cuda.is_bf16_supported(), channels_last=True)


def pick_device(gpus: float) -> str:
    """`cuda` for a trial that was given (a share of) a GPU, else `cpu`."""
    return "cuda" if gpus > 0 else "cpu"


def gpu_count() -> int:
    """GPUs that torch can use on this machine."""
    return torch.cuda.device_count()
