"""Training what is left of a ResNet-18 behind its frozen stages, whose output is kept."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import asdict
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from trainables.data.kept import Kept
from trainables.data.splits import Split, Splits
from trainables.data.state_dict import digest_of
from trainables.parts.classifier import normaliser, on_device, place, scores, take, training_loss
from trainables.parts.kernels import choose_kernels
from trainables.parts.optimizers import make_optimizer, make_schedule
from trainables.parts.resnet import STAGES, ResNet18, prefix_numbers
from trainables.parts.views import Augmenter
from trainables.trainer import Trainer

NO_ROOM = "computed each time: no room to keep it"
_LAYOUT = 1  # raise it when what frozen stages are fed changes


def build_finetuner(
    name: str,
    config: Any,
    network: ResNet18,
    splits: Splits,
    device: str,
    augmenter: Augmenter,
    kept: Kept,
) -> Trainer:
    """A Trainer for what is not frozen in `network`.

    Args:
        name: the task's; with `config` it identifies checkpoints.
        config: that of `resnet18_finetune`.
        kept: where the output of frozen stages is kept, once for all trials. Without room for it,
            and with weights drawn anew for each trial, the stages are computed anew each epoch.
    """
    kernels = choose_kernels(device)
    module = place(network, device, kernels)
    optimizer = make_optimizer(config, parameter_groups(network, config))
    steps = config.epochs * len(_batches(len(splits.train), config.batch_size))
    warm_up = round(config.warm_up * steps)
    digest = splits.weights.digest if splits.weights is not None else ""
    source = FrozenStages(network, splits, device, augmenter, config.views, kept)

    def batches(generator: torch.Generator) -> Iterator[tuple[Tensor, Tensor]]:
        return source.batches(config.batch_size, trainer.epoch, generator)

    def loss(
        module: nn.Module, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        return training_loss(network.rest(inputs), targets, config.label_smoothing)

    def evaluate(module: nn.Module, split: str) -> dict[str, float]:
        part = splits.val if split == "val" else splits.test
        targets = torch.from_numpy(np.array(part.targets)).to(device)
        logits = torch.cat([network.rest(x).float() for x in source.unaugmented(split, part)])
        return scores(logits, targets)

    trainer = Trainer(
        module,
        optimizer,
        make_schedule(config, optimizer, steps, warm_up),
        epochs=config.epochs,
        batches=batches,
        loss=loss,
        evaluate=evaluate,
        device=device,
        # With a head alone there is nothing to gain.
        autocast=kernels.autocast and network.frozen < len(STAGES),
        about={"task": name, "config": asdict(config), "weights": digest},
        show=lambda module: {"frozen": source.state} if source.state else {},
    )
    return trainer


def parameter_groups(network: ResNet18, config: Any) -> list[dict[str, Any]]:
    """What is trained, and how fast: the last stage first, then those below it, the head last.

    Each stage further down learns by a factor slower (layer-wise decay: J. Howard and S. Ruder,
    "Universal Language Model Fine-tuning", 2018).
    """
    trained = list(enumerate(network.stages()))[network.frozen :]
    stages = [
        {"params": list(s.parameters()), "lr": config.lr * config.layer_decay ** (4 - number)}
        for number, s in reversed(trained)
    ]
    head = {"params": list(network.fc.parameters()), "lr": config.lr * config.head_lr_multiplier}
    return [*stages, head]


def _batches(count: int, size: int) -> list[slice]:
    """Where each batch lies; a last one of a single picture, which batch normalisation cannot
    train on, is taken into the one before.
    """
    starts = list(range(0, count, size))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return [slice(a, b) for a, b in zip(starts, [*starts[1:], count], strict=True)]


class FrozenStages:
    """Batches of what a network's frozen stages make of pictures; the pictures, where none is.

    Augmented pictures are new each epoch; behind frozen stages an epoch shows one of `views`
    views in turn, the same to every trial, so that their output can be kept (0: new ones there
    too).

    Attributes:
        state: in words, whether their output is kept.
    """

    def __init__(
        self,
        network: ResNet18,
        splits: Splits,
        device: str,
        augmenter: Augmenter,
        views: int,
        kept: Kept,
    ) -> None:
        self._network = network
        self._splits = splits
        self._device = device
        self._augmenter = augmenter
        self._views = views if network.frozen else 0
        self._kept = kept
        kernels = choose_kernels(device)
        self._normalise = normaliser(splits.meta, device, kernels)
        self._targets = torch.from_numpy(np.array(splits.train.targets)).to(device)
        repeats = augmenter.idle or self._views
        self._keeps = bool(network.frozen and splits.weights and repeats)
        self._open: dict[str, tuple[str, np.ndarray]] = {}  # by part: the key and the array
        self._stages = ""  # the digest of what is frozen, once it is needed
        self.state = "" if not network.frozen else "kept" if self._keeps else "computed each time"
        arrays = (1 if augmenter.idle else self._views) * len(splits.train) + len(splits.val)
        if self._keeps and 4 * arrays * prefix_numbers(network.frozen, network.side) > kept.most:
            self._keeps, self.state = False, NO_ROOM

    @cached_property
    def _pictures(self) -> Any:
        """The training pictures on the device; only where they are needed."""
        return on_device(self._splits.train, self._device)[0]

    def batches(
        self, size: int, epoch: int, generator: torch.Generator
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """The training batches of the epoch after `epoch` are done, in a shuffled order."""
        drawn, view = self._drawn(epoch, generator)
        kept = self._kept_train(drawn, view) if self._keeps else None
        count = len(self._targets)
        order = torch.randperm(count, generator=generator, device=self._device)
        for rows in _batches(count, size):
            chosen = order[rows]
            if kept is None:
                of_chosen = None if drawn is None else drawn[chosen]
                x = self._outputs(take(self._pictures, chosen), of_chosen)
            else:
                x = _channels_second(torch.from_numpy(kept[chosen.cpu().numpy()])).to(self._device)
            yield x, self._targets[chosen]

    def unaugmented(self, name: str, part: Split) -> Iterator[Tensor]:
        """What the stages make of a part, an evaluation's batch at a time, in order."""
        size = self._network.evaluation_batch
        kept = self._array(name, name, part, None) if self._keeps and name != "test" else None
        for start in range(0, len(part), size):
            if kept is None:
                pictures = torch.from_numpy(np.array(part.inputs[start : start + size]))
                yield self._outputs(pictures.to(self._device), None)
            else:
                x = torch.from_numpy(np.array(kept[start : start + size]))
                yield _channels_second(x).to(self._device)

    def _drawn(self, epoch: int, generator: torch.Generator) -> tuple[Tensor | None, int]:
        if self._augmenter.idle:
            return None, 0
        view = 0
        if self._views:
            view = epoch % self._views
            generator = torch.Generator().manual_seed(view)
        return self._augmenter.draw(len(self._targets), generator).to(self._device), view

    def _kept_train(self, drawn: Tensor | None, view: int) -> np.ndarray | None:
        if drawn is None:
            return self._array("train", "train", self._splits.train, None)
        what = f"train {asdict(self._augmenter)} {view}"
        return self._array("train", what, self._splits.train, drawn)

    def _array(self, name: str, what: str, part: Split, drawn: Tensor | None) -> np.ndarray | None:
        """Kept output, made where it is not there yet; None: there is no room.

        Of each part one array is open at a time: what is open takes room on the disk even where
        it was removed.
        """
        if name in self._open and self._open[name][0] == what:
            return self._open[name][1]
        self._open.pop(name, None)
        size = self._network.evaluation_batch

        def outputs(first: int) -> Tensor:
            rows = slice(first, first + size)
            pictures = torch.from_numpy(np.array(part.inputs[rows])).to(self._device)
            return _channels_last(self._outputs(pictures, None if drawn is None else drawn[rows]))

        def pieces() -> Iterator[np.ndarray]:
            with torch.no_grad():
                for first in range(0, len(part), size):
                    yield outputs(first).cpu().numpy()

        with torch.no_grad():
            shape = (len(part), *outputs(len(part) - 1).shape[1:])
        found = self._kept.array(self._key(what, shape), shape, pieces)
        if found is None:
            self._keeps, self.state = False, NO_ROOM
        else:
            self._open[name] = (what, found)
        return found

    def _key(self, what: str, shape: tuple[int, ...]) -> str:
        """Everything that decides the numbers, so that equal keys are equal arrays.

        The weights are those that the frozen stages have now, wherever they came from.
        """
        splits, side = self._splits, self._network.side
        if not self._stages:
            stages = nn.ModuleList(self._network.stages()[: self._network.frozen])
            state = {n: value.cpu().numpy() for n, value in stages.state_dict().items()}
            self._stages = digest_of(state)
        parts = (
            *(_LAYOUT, torch.__version__, _processor(self._device), torch.get_num_threads()),
            *(self._stages, splits.digest, splits.meta.mean, splits.meta.std, side, what, shape),
        )
        return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()[:24]

    def _outputs(self, pictures: Tensor, drawn: Tensor | None) -> Tensor:
        """What the stages make of uint8 [n, height, width, channels]."""
        x = pictures.permute(0, 3, 1, 2).float()
        if drawn is not None:
            x = self._augmenter.apply(x, drawn, self._network.side)
        return self._network.prefix(self._normalise(x))


def _channels_last(x: Tensor) -> Tensor:
    """As arrays are kept: what convolutions read without a copy."""
    return x.permute(0, 2, 3, 1) if x.dim() == 4 else x


def _channels_second(x: Tensor) -> Tensor:
    return x.permute(0, 3, 1, 2) if x.dim() == 4 else x


def _processor(device: str) -> str:
    """What computes: another kind may round otherwise."""
    if device == "cuda":
        return torch.cuda.get_device_name()
    return f"cpu {torch.backends.cpu.get_cpu_capability()}"
