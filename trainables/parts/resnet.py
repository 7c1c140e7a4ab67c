"""torchvision's ResNet-18, cut in two: the frozen stages, and what is trained on their output."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from trainables.parts.vision import import_torchvision

_resnet = import_torchvision().models.resnet

STAGES = ("stem", "layer1", "layer2", "layer3", "layer4")
HEAD = ("fc.weight", "fc.bias")  # in the state dict
_EVALUATED = 1_000 * 32 * 32  # pixels in a batch of evaluation: a gigabyte at most within the stem


class ResNet18(_resnet.ResNet):  # type: ignore[misc,name-defined]
    """torchvision's ResNet-18, unchanged but for its head: its state dict is torchvision's.

    K. He et al., "Deep Residual Learning for Image Recognition", 2016. Pictures of any size are
    brought to `side`, grey ones are taken as RGB. Frozen stages are not trained, their batch
    normalisation stays in evaluation mode, and they are computed in fp32 always: what they make
    of a picture never changes, so it may be computed once.

    Args:
        classes: how many.
        side: pixels.
        frozen: stages from the input on that are not trained, 0 (none) .. 5 (all but the head).
        dropout: share of the head's inputs dropped in training.
    """

    def __init__(self, classes: int, side: int, frozen: int = 0, dropout: float = 0.0) -> None:
        super().__init__(_resnet.BasicBlock, [2, 2, 2, 2], num_classes=classes)
        self.side = side
        self.frozen = frozen
        self.dropout = dropout
        for parameter in nn.ModuleList(self.stages()[:frozen]).parameters():
            parameter.requires_grad_(False)

    @property
    def evaluation_batch(self) -> int:
        """Pictures scored at a time; fixed by `side`: the same score needs the same batch."""
        return max(1, _EVALUATED // self.side**2)

    def stages(self) -> list[nn.Module]:
        """The five stages, in order; the stem is its layers in a row."""
        stem = nn.Sequential(self.conv1, self.bn1, self.relu, self.maxpool)
        return [stem, self.layer1, self.layer2, self.layer3, self.layer4]

    def train(self, mode: bool = True) -> ResNet18:
        """As PyTorch's, but frozen stages stay in evaluation mode."""
        super().train(mode)
        for stage in self.stages()[: self.frozen]:
            stage.eval()
        return self

    def prefix(self, pictures: Tensor) -> Tensor:
        """What the frozen stages make of normalised pictures [n, 1 or 3, height, width].

        Returns:
            float32; [n, 3, side, side] with none frozen, [n, 512] (the head's inputs) with all.
        """
        x = _shown(pictures, self.side)
        x = x.contiguous(memory_format=_layout(self.conv1.weight))
        with (
            torch.no_grad(),
            torch.autocast(x.device.type, enabled=False),
            torch.backends.cudnn.flags(enabled=True, allow_tf32=False),
        ):
            for stage in self.stages()[: self.frozen]:
                x = stage(x)
            return self.avgpool(x).flatten(1) if self.frozen == len(STAGES) else x

    def rest(self, x: Tensor) -> Tensor:
        """From what `prefix` gives to logits [n, classes]."""
        if self.frozen < len(STAGES):
            for stage in self.stages()[self.frozen :]:
                x = stage(x)
            x = self.avgpool(x).flatten(1)
        logits: Tensor = self.fc(F.dropout(x, self.dropout, self.training))
        return logits

    def forward(self, pictures: Tensor) -> Tensor:  # [n, 1 or 3, height, width] -> [n, classes]
        return self.rest(self.prefix(pictures))

    def plain(self) -> Plain:
        """A copy without the cut, in evaluation mode and the ordinary memory layout."""
        made = Plain(self.fc.out_features, self.side)
        made.load_state_dict(self.state_dict())
        return made.eval()


class Plain(_resnet.ResNet):  # type: ignore[misc,name-defined]
    """The same network for evaluation only, whole: torchvision's, and how pictures come to it."""

    def __init__(self, classes: int, side: int) -> None:
        super().__init__(_resnet.BasicBlock, [2, 2, 2, 2], num_classes=classes)
        self.side = side

    def forward(self, pictures: Tensor) -> Tensor:
        """[n, 1 or 3, height, width], normalised -> logits [n, classes]."""
        logits: Tensor = super().forward(_shown(pictures, self.side))
        return logits


def _shown(pictures: Tensor, side: int) -> Tensor:
    """Pictures [n, 1 or 3, height, width] as the stem takes them: [n, 3, side, side]."""
    if pictures.shape[-2:] != (side, side):
        pictures = F.interpolate(
            pictures, (side, side), mode="bilinear", antialias=True, align_corners=False
        )
    return pictures.expand(-1, 3, -1, -1)


def prefix_numbers(frozen: int, side: int) -> int:
    """How many numbers the frozen stages make of a picture of `side` pixels."""
    if frozen == len(STAGES):
        return 512
    halvings = (0, 2, 2, 3, 4)[frozen]
    for _ in range(halvings):
        side = math.ceil(side / 2)
    channels = (3, 64, 64, 128, 256)[frozen]
    return int(channels * side**2)


def _layout(weight: Tensor) -> torch.memory_format:
    """The memory layout that a convolution's weights are in."""
    channels_last = weight.is_contiguous(memory_format=torch.channels_last)
    return torch.channels_last if channels_last else torch.contiguous_format
