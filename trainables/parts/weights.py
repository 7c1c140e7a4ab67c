"""What a ResNet-18 is fine-tuned from: ImageNet's weights, a file, or what is pretrained here."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import torch

from trainables.data.download import fetch
from trainables.data.pretrained import BUILT_IN, Pretrained, WeightsFile
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.data.state_dict import check_fits, digest_of, read_state_dict
from trainables.data.textures import CLASSES, SIDE
from trainables.errors import BadInput
from trainables.parts.pretraining import MEAN, STD, pretrained_file
from trainables.parts.resnet import HEAD, ResNet18
from trainables.parts.vision import import_torchvision

_MEAN, _STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's, of RGB in 0..1
NETWORK = "ResNet-18"


def load_weights(request: DataRequest) -> Pretrained | None:
    """What training is to start from; None: random weights.

    `auto` is ImageNet's weights where they can be had, and else, said loudly, weights that the
    same network is given here, once, on drawn textures.

    Raises:
        BadInput: they cannot be had, or are not those of this network.
    """
    asked = request.weights
    if isinstance(asked, WeightsFile):
        if asked.mean is None:
            request.say(
                f"Note: {asked.name}: how its pictures were normalised is not known; ImageNet's "
                "mean and deviation are taken"
            )
        return _of_file(asked)
    if asked == "none":
        return None
    if asked == BUILT_IN:
        return _built_in(request.say)
    path = imagenet_file()
    try:
        if not path.is_file():
            fetch(_published().url, path, _sum(path), request.say)
    except OSError as error:
        if asked == "imagenet":
            raise BadInput(
                f"--weights imagenet: {error}; put the file {path.name} into {path.parent}"
            ) from error
        request.say(f"!! {error}")
        weights = _built_in(request.say)
        request.say(f"!! NOT ImageNet's weights: {weights.name}")
        return weights
    return _imagenet(path, f"--weights {asked}")


def refuse_what_has_seen_val(request: DataRequest, splits: Splits) -> None:
    """Raise BadInput where the weights were trained on the same pictures, cut another way.

    Weights that have seen val would make every score a lie.
    """
    file = request.weights
    before = file.trained_on if isinstance(file, WeightsFile) else None
    if before is None or before.data != name_of(request, splits):
        return
    assert isinstance(file, WeightsFile)
    if before.val_too:
        raise BadInput(
            f"--weights {file.asked}: trained on train and val of the same pictures "
            "(--retrain-on-all); take weights that have not seen val"
        )
    if before.digest == splits.digest:
        return
    if before.split_seed != request.split_seed:
        raise BadInput(
            f"--weights {file.asked}: trained on the same pictures split by --split-seed "
            f"{before.split_seed}, so on some that are val now; give that seed"
        )
    if before.size == (splits.meta.height, splits.meta.width):
        raise BadInput(
            f"--weights {file.asked}: trained on {before.data} before its pictures changed, so "
            "perhaps on some that are val now; put new pictures into a folder of their own"
        )


def name_of(request: DataRequest, splits: Splits) -> str:
    """What tells data apart that weights were trained on."""
    directory = request.directory
    return str(directory.resolve()) if directory is not None else splits.provenance.name


def imagenet_file() -> Path:
    """Where torchvision keeps ImageNet's weights of ResNet-18 on this machine."""
    return Path(torch.hub.get_dir()) / "checkpoints" / _published().url.rpartition("/")[2]


def _published():  # type: ignore[no-untyped-def]
    return import_torchvision().models.ResNet18_Weights.IMAGENET1K_V1


def _sum(path: Path) -> str:
    """The beginning of the content's SHA-256, which PyTorch's file names carry."""
    return path.stem.rpartition("-")[2]


def _imagenet(path: Path, option: str) -> Pretrained:
    try:
        found = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise BadInput(f"{option}: {path} cannot be read ({error.strerror})") from error
    if not found.startswith(_sum(path)):
        raise BadInput(
            f"{option}: {path} is not the published file (its SHA-256 begins with {found[:8]}); "
            "remove it"
        )
    return _of_file(WeightsFile("imagenet", path, "ImageNet's (torchvision)"))


def _built_in(say: Callable[[str], None]) -> Pretrained:
    path = pretrained_file(lambda: ResNet18(classes=len(CLASSES), side=SIDE), say)
    name = "pretrained here on drawn textures"
    return _of_file(WeightsFile(BUILT_IN, path, name, MEAN, STD, CLASSES))


def _of_file(file: WeightsFile) -> Pretrained:
    option = f"--weights {file.asked}"
    arrays = read_state_dict(file.path, option)
    with torch.device("meta"):  # names and shapes alone
        wanted = ResNet18(classes=2, side=32).state_dict()
    check_fits(arrays, wanted, HEAD, what=f"{option}: {file.path}", network=NETWORK)
    return Pretrained(
        found=file.asked,
        name=file.name,
        arrays=arrays,
        mean=file.mean or tuple(255 * value for value in _MEAN),
        std=file.std or tuple(255 * value for value in _STD),
        classes=file.classes,
        digest=digest_of(arrays),
    )
