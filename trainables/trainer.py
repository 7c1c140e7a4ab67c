"""The one training loop. It knows no task and no tuner: it runs in a notebook, a test, a trial."""

from __future__ import annotations

import io
import math
import os
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LRScheduler

from trainables.errors import NonFiniteLoss
from trainables.files import replacing

GRAD_NORM = "grad_norm"
NORM_EVERY = 10  # updates: where nothing is clipped the norm is measured at these, for it costs
Batch = tuple[Tensor, Tensor]


class Trainer:
    """Trains one module for `epochs` epochs; tasks differ in the functions they hand it.

    Args:
        module: on `device` already.
        optimizer, schedule: `schedule` steps once an update; None keeps the learning rate.
        epochs: full length; the schedule was made for it.
        batches: (generator) -> one epoch of (inputs, targets), shuffled with that generator.
        loss: (module, inputs, targets) -> (mean loss, {metric: sum over the batch}).
        evaluate: (module, `val` or `test`) -> {metric: value}; called in eval mode, fp32.
        device: `cpu` or `cuda`.
        autocast: train in bfloat16 where that pays (`parts/kernels.py`).
        about: what made this training (task, config); kept in checkpoints, compared on load.
        clip: largest norm of the gradient; a longer one is shortened to it. None: as it is.
        show: (module) -> {name: text}, what the module as it stands makes, for a reader.
        figures: (module) -> {name: JSON values}, the same for the eye, from which the task's
            `drawings` make pictures.

    Example:
        >>> torch.manual_seed(0)
        >>> trainer = TASK.build(TASK.Config(epochs=2), splits, "cpu")
        >>> trainer.run_epoch()["val_accuracy"]
    """

    def __init__(
        self,
        module: nn.Module,
        optimizer: torch.optim.Optimizer,
        schedule: LRScheduler | None,
        *,
        epochs: int,
        batches: Callable[[torch.Generator], Iterator[Batch]],
        loss: Callable[[nn.Module, Tensor, Tensor], tuple[Tensor, dict[str, Tensor]]],
        evaluate: Callable[[nn.Module, str], dict[str, float]],
        device: str,
        autocast: bool,
        about: dict[str, Any],
        clip: float | None = None,
        show: Callable[[nn.Module], dict[str, str]] = lambda module: {},
        figures: Callable[[nn.Module], dict[str, Any]] = lambda module: {},
    ) -> None:
        self.module = module
        self.optimizer = optimizer
        self.schedule = schedule
        self.epochs = epochs
        self.epoch = 0  # epochs done
        self.result: dict[str, Any] = {}  # of the last epoch; a checkpoint carries it
        self.device = device
        self.about = about
        self._batches = batches
        self._loss = loss
        self._evaluate = evaluate
        self._autocast = autocast
        self._clip = clip
        self._show = show
        self._figures = figures
        self._trainable = sum(p.numel() for p in module.parameters() if p.requires_grad)
        # As DataLoader does: order and augmentation get a seed drawn from the global generator.
        self._generator = torch.Generator(device=device)
        self._generator.manual_seed(int(torch.randint(2**62, (), dtype=torch.int64)))

    def run_epoch(self) -> dict[str, Any]:
        """Train one epoch and score it on val.

        Returns:
            `epoch` (1 for the first), `train_loss` and `train_<metric>` (running, as trained:
            with augmentation and dropout), `val_<metric>`, `lr` (at the epoch's first update, of
            the first group of parameters), `grad_norm` (length of the gradient of all that is
            trained: the mean over the updates, before clipping; without clipping over the first
            and every tenth), `trainable_parameters` (numbers), `samples_per_second` (training
            alone), `seconds` (with scoring), `wall_time` (at its end, seconds since 1970), and
            the texts of `show`.

        Raises:
            NonFiniteLoss: at the step on CPU; at the epoch's end on a GPU, where looking at every
                step would stall it. Also for a score that is not finite.
            RuntimeError: all epochs have been run.
        """
        if self.epoch >= self.epochs:
            raise RuntimeError(f"all {self.epochs} epochs have been run")
        start = time.perf_counter()
        lr = float(self.optimizer.param_groups[0]["lr"])
        train, count = self._train()
        trained = time.perf_counter()
        self.epoch += 1
        result: dict[str, Any] = {"epoch": self.epoch}
        norm = train.pop(GRAD_NORM)
        result |= {f"train_{k}": v for k, v in train.items()} | {GRAD_NORM: norm}
        result |= {f"val_{k}": v for k, v in self.evaluate("val").items()}
        result |= {
            "lr": lr,
            "trainable_parameters": self._trainable,
            "samples_per_second": count / (trained - start),
            "seconds": time.perf_counter() - start,
            "wall_time": time.time(),
        }
        if not all(math.isfinite(value) for value in result.values()):
            raise NonFiniteLoss(f"non-finite score in epoch {self.epoch}: {result}")
        result |= self._show(self.module)
        self.result = result
        return result

    def _train(self) -> tuple[dict[str, float], int]:
        """One pass over the training data: ({metric: mean}, examples seen)."""
        self.module.train()
        check_each_step = self.device == "cpu"
        sums: dict[str, Tensor] = {}
        count = measured = 0
        for step, (inputs, targets) in enumerate(self._batches(self._generator)):
            with torch.autocast(self.device, torch.bfloat16, enabled=self._autocast):
                loss, metrics = self._loss(self.module, inputs, targets)
            if check_each_step and not math.isfinite(loss.item()):
                self._diverged(f"step {step + 1}")
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            size = len(targets)
            if (norm := self._norm(step)) is not None:
                metrics = {**metrics, GRAD_NORM: norm * size}
                measured += size
            self.optimizer.step()
            if self.schedule is not None:
                self.schedule.step()
            for name, value in {"loss": loss.detach() * size, **metrics}.items():
                sums[name] = sums[name] + value if name in sums else value
            count += size
        norm_sum = sums.pop(GRAD_NORM)
        means = {name: float(total) / count for name, total in sums.items()}
        means[GRAD_NORM] = float(norm_sum) / measured
        if not math.isfinite(means["loss"]):
            self._diverged("its end")
        return means, count

    def _norm(self, step: int) -> Tensor | None:
        """Of the gradient, which is clipped here; None where it is not measured."""
        if self._clip is not None:
            return nn.utils.clip_grad_norm_(self.module.parameters(), self._clip)
        if step % NORM_EVERY:
            return None
        gradients = [p.grad for p in self.module.parameters() if p.grad is not None]
        return nn.utils.get_total_norm(gradients)

    def evaluate(self, split: str) -> dict[str, float]:
        """Score the module on `val` or `test` as it stands, in fp32 without TF32."""
        self.module.eval()
        with torch.inference_mode(), torch.backends.cudnn.flags(enabled=True, allow_tf32=False):
            return self._evaluate(self.module, split)

    def figures(self) -> dict[str, Any]:
        """{name: JSON values} of what the module makes as it stands, to be drawn."""
        self.module.eval()
        return self._figures(self.module)

    def save(self, path: Path) -> None:
        """Write everything that `load` needs to go on exactly, atomically.

        The file holds tensors and plain values only: it loads with `weights_only=True`.
        """
        save_tensors(self.state(), path)

    def state(self) -> dict[str, Any]:
        """What `save` writes."""
        return {
            "about": self.about,
            "epoch": self.epoch,
            "result": self.result,
            "module": self.module.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "schedule": self.schedule.state_dict() if self.schedule is not None else {},
            "generator": self._generator.get_state(),
            "torch_rng": torch.get_rng_state(),
            "cuda_rng": torch.cuda.get_rng_state() if self.device == "cuda" else None,
        }

    def load(self, path: Path) -> None:
        """Go on from a checkpoint: weights, optimizer, schedule, epoch and random states.

        Raises:
            ValueError: the checkpoint was made by another task or configuration.
        """
        state = load_tensors(path, self.device)
        if state["about"] != self.about:
            raise ValueError(f"{path} was made by {state['about']}, not by {self.about}")
        self.epoch, self.result = state["epoch"], state["result"]
        self.module.load_state_dict(state["module"])
        self.optimizer.load_state_dict(state["optimizer"])
        if self.schedule is not None:
            self.schedule.load_state_dict(state["schedule"])
        self._generator.set_state(state["generator"].cpu())
        torch.set_rng_state(state["torch_rng"].cpu())
        if self.device == "cuda":
            torch.cuda.set_rng_state(state["cuda_rng"].cpu())

    def take_over(self, state: Mapping[str, Any]) -> None:
        """Go on with what another configuration has trained (`state` of its Trainer).

        Weights, what the optimizer remembers, and the epoch are the other's. Everything else is
        this one's own: learning rate, as far on in its schedule as the other was, weight decay,
        dropout, random numbers. They may differ in what is `adjustable` of their Configs.

        Raises:
            RuntimeError: the other's network is another one.
        """
        self.epoch, self.result = state["epoch"], state["result"]
        self.module.load_state_dict(state["module"])
        groups = self.optimizer.state_dict()["param_groups"]
        memory = state["optimizer"]["state"]
        self.optimizer.load_state_dict({"state": memory, "param_groups": groups})
        if self.schedule is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", UserWarning)  # that no update comes in between
                for _ in range(state["schedule"]["last_epoch"]):
                    self.schedule.step()

    def _diverged(self, where: str) -> None:
        raise NonFiniteLoss(f"non-finite training loss in epoch {self.epoch + 1} at {where}")


def save_weights(weights: Mapping[str, Tensor], path: Path) -> None:
    """Write a state dict, on the CPU and in the ordinary memory layout, atomically."""
    save_tensors({name: t.detach().cpu().contiguous() for name, t in weights.items()}, path)


def save_tensors(value: Any, path: Path) -> None:
    """`torch.save`, atomically.

    Raises:
        OSError: such as a full disk; from a file `torch.save` itself makes a RuntimeError of it.
    """
    content = io.BytesIO()
    torch.save(value, content)
    with replacing(path) as temporary:
        temporary.write_bytes(content.getbuffer())
        with temporary.open("rb") as file:  # a power cut must not leave the epoch's line alone
            os.fsync(file.fileno())


def load_tensors(path: Path, device: str = "cpu") -> Any:
    """`torch.load` that takes tensors and plain values only, never code."""
    return torch.load(path, map_location=device, weights_only=True)
