"""Which number format, memory layout and optimizer kernel pay on this machine?

    python tests/benchmarks/kernels.py [--device cuda]

Prints images a second of both networks' training step at batch 64 and 256, for fp32 or bfloat16,
contiguous or channels-last, plain or fused optimizer. `trainables/parts/kernels.py` decides by
what this shows. Needs no data, no Ray and no Optuna.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import time

import torch
import torch.nn.functional as F

from trainables.cifar10_net import TASK as CIFAR10
from trainables.data.splits import ImageMeta
from trainables.mnist_cnn import TASK as MNIST
from trainables.task import Task

SHAPES = {"mnist_cnn": (1, 28), "cifar10_net": (3, 32)}
SECONDS = 1.5  # of each measurement


def speed(
    task: Task, device: str, batch: int, bf16: bool, channels_last: bool, fused: bool
) -> float:
    """Images a second of forward, backward and update; the median of five stretches."""
    channels, side = SHAPES[task.name]
    meta = ImageMeta(
        side, side, channels, tuple("0123456789"), (0.0,) * channels, (1.0,) * channels
    )
    layout = torch.channels_last if channels_last else torch.contiguous_format
    network = task.network(task.Config(), meta).to(device).to(memory_format=layout)  # type: ignore[call-overload]
    optimizer = torch.optim.Adam(network.parameters(), fused=fused)
    images = torch.randn(batch, channels, side, side, device=device)
    images = images.contiguous(memory_format=layout)
    targets = torch.randint(0, 10, (batch,), device=device)

    def step() -> None:
        with torch.autocast(device, torch.bfloat16, enabled=bf16):
            loss = F.cross_entropy(network(images).float(), targets)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def wait() -> None:
        if device == "cuda":
            torch.cuda.synchronize()

    for _ in range(3):
        step()
    speeds = []
    for _ in range(5):
        wait()
        start, done = time.perf_counter(), 0
        while time.perf_counter() - start < SECONDS / 5:
            step()
            done += batch
        wait()
        speeds.append(done / (time.perf_counter() - start))
    return statistics.median(speeds)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    device = parser.parse_args().device
    torch.set_num_threads(1)
    print(f"{device}, {torch.backends.cpu.get_cpu_capability()}, torch {torch.__version__}")
    for task, batch in itertools.product((CIFAR10, MNIST), (64, 256)):
        reference = speed(task, device, batch, False, False, False)
        print(f"{task.name} batch {batch}: fp32, contiguous, plain Adam {reference:,.0f} img/s")
        for bf16, last, fused in itertools.product((False, True), repeat=3):
            if bf16 or last or fused:
                words = ["bf16" if bf16 else "fp32", "channels-last" if last else "contiguous"]
                words.append("fused Adam" if fused else "plain Adam")
                ratio = speed(task, device, batch, bf16, last, fused) / reference
                print(f"  {', '.join(words):34} x {ratio:.2f}", flush=True)


if __name__ == "__main__":
    main()
