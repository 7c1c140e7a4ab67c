"""How fast does Trainer train sequences? Against a plain hand-written loop of the same modules.

    python tests/benchmarks/sequence_speed.py [--text FILE] [--series FILE.csv] [--device cuda]

Both train the same network on the same arrays from the same batches, one thread, in turns, each
time in a fresh process; the seconds of each repeat are compared within the run and the median
ratio is printed.

- ours: a trial as a search runs it, with result lines, checkpoints, TensorBoard events, samples;
- plain: the loop one would write by hand: batches, loss, clipping, update, and scoring on val.
"""

from __future__ import annotations

import argparse
import multiprocessing
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from search_spaces.find import find_space
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.parts.kernels import choose_kernels
from tuning.begun import alone
from tuning.events import TrialEvents
from tuning.experiment import Experiment
from tuning.ownership import begin_run
from tuning.status import TrialStatus
from tuning.trial_run import TrialRun, TrialSettings

CONFIGS: dict[str, dict[str, Any]] = {
    "char_rnn": {"hidden_size": 256, "window": 64, "batch_size": 64, "epochs": 2},
    "forecast_rnn": {
        "cell": "gru", "hidden_size": 128, "window": 336, "segment": 48, "shared": True,
        "batch_size": 64, "epochs": 3,
    },
}  # fmt: skip
CHARACTERS = 300_000  # of the text: enough for the ratio
Batch = tuple[Tensor, Tensor]


def ours(name: str, config: dict[str, Any], splits: Splits, device: str) -> None:
    """A trial of a search, in a temporary experiment, without Ray."""
    space = find_space(name)
    with tempfile.TemporaryDirectory() as root:
        experiment = Experiment(Path(root))
        run = begin_run(experiment)
        settings = TrialSettings(Path(root), run, space.metric, "min", None, 1, device)
        trial = TrialRun(space.task, "t0000", alone(0, config), splits, settings, spared=True)
        directory = experiment.trial("t0000").root
        events = TrialEvents(directory, config, space)
        status = TrialStatus("t0000", "COMPLETE", 0.0, None, config["epochs"], 0.0, 0)
        while not trial.finished:
            result = trial.run_epoch()
            events.epoch(result, status)
        events.end(status)


def plain(name: str, config: dict[str, Any], splits: Splits, device: str) -> None:
    """The loop by hand, around the same network."""
    task = find_space(name).task
    settings = task.Config(**config)
    torch.manual_seed(0)
    network: Any = task.network(settings, splits.meta).to(device)
    optimizer = torch.optim.Adam(network.parameters(), settings.lr)
    epoch, score = (_text if name == "char_rnn" else _series)(network, settings, splits, device)
    for _ in range(settings.epochs):
        network.train()
        total = 0.0
        for loss in epoch():  # in the number format that ours chooses
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), settings.clip)
            optimizer.step()
            total += loss.item()
        network.eval()
        with torch.inference_mode():
            print(f"  {name} train {total:.2f} val {score():.4f}")


def _text(
    network: Any, settings: Any, splits: Splits, device: str
) -> tuple[Callable[[], Iterator[Tensor]], Callable[[], float]]:
    symbols = torch.from_numpy(splits.train.symbols.astype(np.int64)).to(device)
    each = (len(symbols) - 1) // settings.batch_size
    rows = [symbols[i : i + each * settings.batch_size].view(-1, each).T for i in (0, 1)]
    inputs, targets = (row.contiguous() for row in rows)
    val = torch.from_numpy(splits.val.symbols.astype(np.int64)).to(device)[:, None]

    def epoch() -> Iterator[Tensor]:
        state: Any = None
        for start in range(0, each, settings.window):
            window = slice(start, start + settings.window)
            with torch.autocast(device, torch.bfloat16, enabled=choose_kernels(device).autocast):
                logits, state = network(inputs[window], state)
            parts = [state] if isinstance(state, Tensor) else state
            detached = [part.detach() for part in parts]
            state = detached[0] if isinstance(state, Tensor) else tuple(detached)
            yield F.cross_entropy(logits.float(), targets[window].reshape(-1))

    def score() -> float:
        state, total = None, 0.0
        for start in range(0, len(val) - 1, 1_000):
            window = val[start : start + 1_001]
            logits, state = network(window[:-1], state)
            total += float(F.cross_entropy(logits, window[1:, 0], reduction="sum"))
        return total / (len(val) - 1)

    return epoch, score


def _series(
    network: Any, settings: Any, splits: Splits, device: str
) -> tuple[Callable[[], Iterator[Tensor]], Callable[[], float]]:
    past, whole = settings.window, settings.window + settings.horizon
    train, val = (
        torch.from_numpy(rows).to(device).unfold(0, whole, 1)
        for rows in (splits.train.values, splits.val.values[splits.val.first - past :])
    )

    def epoch() -> Iterator[Tensor]:
        for chosen in torch.randperm(len(train), device=device).split(settings.batch_size):
            windows = train[chosen]
            with torch.autocast(device, torch.bfloat16, enabled=choose_kernels(device).autocast):
                ahead = network(windows[..., :past])
            yield F.mse_loss(ahead.float(), windows[..., past:])

    def score() -> float:
        errors = [
            F.mse_loss(network(w[..., :past]), w[..., past:], reduction="sum")
            for w in val.split(128)
        ]
        return float(sum(errors)) / val[..., past:].numel()

    return epoch, score


def _timed(
    way: Callable[..., None], name: str, config: dict[str, Any], file: Path | None, device: str
) -> float:
    torch.set_num_threads(1)
    splits = find_space(name).task.load(DataRequest("real" if file else "embedded", file))
    if name == "char_rnn":
        splits = Splits(
            splits.train.head(CHARACTERS), splits.val.head(CHARACTERS // 8), splits.meta,
            splits.provenance, "cut",
        )  # fmt: skip
    torch.optim.Adam([torch.zeros(1)])  # imports half of torch, once a process
    start = time.perf_counter()
    way(name, config, splits, device)
    return time.perf_counter() - start


def main() -> None:
    """Print, for each task, the seconds of both ways and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path)
    parser.add_argument("--series", type=Path)
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--repeats", type=int, default=5)
    options = parser.parse_args()
    for name, file in (("char_rnn", options.text), ("forecast_rnn", options.series)):
        config = {**find_space(name).baseline, **CONFIGS[name]}
        seconds: dict[str, list[float]] = {way.__name__: [] for way in (ours, plain)}
        for repeat in range(options.repeats):
            for way in (ours, plain)[:: 1 if repeat % 2 else -1]:
                # A process of its own: what one way changes in it is no help to the next.
                spawn = multiprocessing.get_context("spawn")
                with ProcessPoolExecutor(1, mp_context=spawn) as fresh:
                    job = fresh.submit(_timed, way, name, config, file, options.device)
                    seconds[way.__name__].append(job.result())
        ratios = [b / a for a, b in zip(seconds["ours"], seconds["plain"], strict=True)]
        medians = {way: statistics.median(values) for way, values in seconds.items()}
        print(
            f"{name}: ours {medians['ours']:.1f} s, plain {medians['plain']:.1f} s; "
            f"ours is {statistics.median(ratios):.2f} x as fast ({min(ratios):.2f} to "
            f"{max(ratios):.2f})"
        )


if __name__ == "__main__":
    main()
