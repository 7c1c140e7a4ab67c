"""The task: what it starts from, what of that it keeps, and how its pictures are fed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from trainables.data.pretrained import Pretrained, WeightsFile
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.parts.resnet import ResNet18
from trainables.resnet18_finetune import TASK, Config
from trainables.task import begin
from trainables.trainer import save_weights

SETTINGS = {"image_size": 32, "batch_size": 16, "epochs": 1}


def pictures(root: Path, *, mode: str = "RGB", sides: tuple[int, ...] = (40,)) -> Path:
    """A folder of 12 pictures in each of two classes."""
    rng = np.random.default_rng(0)
    for name, level in (("dark", 60), ("light", 190)):
        (root / name).mkdir(parents=True)
        for number in range(12):
            side = sides[number % len(sides)]
            pixels = rng.normal(level, 20, (side, side, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).convert(mode).save(root / name / f"{number}.png")
    return root


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "mine.pt"
    save_weights(ResNet18(classes=2, side=32).state_dict(), path)
    return path


def load(root: Path, weights: str | WeightsFile, side: int | None = 32) -> Splits:
    return TASK.load(DataRequest(directory=root, weights=weights, side=side))


def test_the_defaults_are_the_textbooks() -> None:
    config = Config()
    assert (config.frozen_stages, config.optimizer, config.lr) == (5, "sgd", 1e-3)
    assert (config.momentum, config.batch_size, config.schedule) == (0.9, 4, "constant")
    assert config.head_lr_multiplier == config.layer_decay == config.crop == 1.0


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"frozen_stages": 6}, "frozen_stages=6: must be a whole number from 0 to 5"),
        ({"frozen_stages": -1}, "frozen_stages=-1"),
        ({"image_size": 16}, "image_size=16: must be a whole number from 32 to 512"),
        ({"crop": 0.0}, "crop=0.0"),
        ({"batch_size": 1}, "batch_size=1: must be a whole number from 2"),
        ({"schedule": "one_cycle"}, "schedule='one_cycle': must be one of constant, cosine"),
    ],
)
def test_refused(settings: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Config(**settings)  # type: ignore[arg-type]


def test_weights_bring_their_normalisation(tmp_path: Path, file: Path, fresh_cache: Path) -> None:
    root = pictures(tmp_path / "rgb")
    told = WeightsFile("mine", file, "of mine", mean=(1.0, 2.0, 3.0), std=(4.0, 5.0, 6.0))
    splits = load(root, told)
    assert (splits.meta.mean, splits.meta.std) == ((1.0, 2.0, 3.0), (4.0, 5.0, 6.0))
    assert str(splits.provenance) == f"own: pictures in {root}; from weights of mine"
    without = load(root, "none")
    assert without.weights is None and without.meta.mean != splits.meta.mean
    assert "from weights" not in str(without.provenance)


def test_grey_pictures_are_shown_as_rgb(tmp_path: Path, file: Path, fresh_cache: Path) -> None:
    told = WeightsFile("mine", file, "of mine", mean=(90.0, 120.0, 150.0), std=(40.0, 50.0, 60.0))
    splits = load(pictures(tmp_path / "grey", mode="L"), told)
    assert splits.meta.channels == 1
    assert (splits.meta.mean, splits.meta.std) == ((120.0,), (50.0,))
    result = begin(TASK, SETTINGS, splits, device="cpu", seed=0, threads=1).run_epoch()
    assert 0 <= result["val_accuracy"] <= 1


def test_pictures_are_decoded_at_the_largest_size(tmp_path: Path, fresh_cache: Path) -> None:
    same, mixed = pictures(tmp_path / "same"), pictures(tmp_path / "mixed", sides=(40, 50))
    shapes = [load(root, "none", side).meta.height for root in (same, mixed) for side in (32, 64)]
    assert shapes == [32, 40, 32, 64]  # of one size and smaller: as they are


@pytest.mark.parametrize(
    ("classes", "count", "kept"),
    [(None, 2, True), (("dark", "light"), 2, True), (("cat", "dog"), 2, False), (None, 5, False)],
)
def test_the_head_is_kept_where_it_tells_these_classes_apart(
    classes: tuple[str, ...] | None,
    count: int,
    kept: bool,
    tmp_path: Path,
    file: Path,
    fresh_cache: Path,
) -> None:
    splits = load(pictures(tmp_path / "rgb"), WeightsFile("mine", file, "of mine"))
    torch.manual_seed(0)
    state = ResNet18(classes=count, side=32).state_dict()
    arrays = {name: value.numpy() for name, value in state.items()}
    assert splits.weights is not None
    weights: Pretrained = replace(splits.weights, arrays=arrays, classes=classes)
    trainer = begin(
        TASK, SETTINGS, replace(splits, weights=weights), device="cpu", seed=9, threads=1
    )
    found = trainer.module.state_dict()
    assert torch.equal(found["layer4.1.conv2.weight"], state["layer4.1.conv2.weight"])
    same = found["fc.weight"].shape == state["fc.weight"].shape
    assert (same and torch.equal(found["fc.weight"], state["fc.weight"])) == kept


def test_notes(tmp_path: Path, file: Path, fresh_cache: Path) -> None:
    root = pictures(tmp_path / "rgb")
    kept = TASK.notes(Config(views=3), load(root, WeightsFile("mine", file, "of mine")))
    assert kept == ("Frozen stages: their output is kept, of each picture and of 3 augmented "
                    "views of it",)  # fmt: skip
    large = TASK.notes(
        Config(image_size=224),
        replace(load(root, WeightsFile("mine", file, "of mine")), train=range(20_000)),
    )
    assert large[1].startswith("frozen_stages=1,2,3,4: up to 30 GB are too much to keep")
    (warned,) = TASK.notes(Config(), load(root, "none"))
    assert warned.startswith("--weights none: what is frozen stays random")
