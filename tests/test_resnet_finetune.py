"""A folder of pictures and a file of weights to a fine-tuned model, and on from that one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

import analysis
from analysis.__main__ import main
from tests.conftest import Refused
from tests.test_resume import run
from trainables.files import read_json
from trainables.parts.resnet import ResNet18
from trainables.parts.vision import import_torchvision
from trainables.trainer import save_weights
from tuning.experiment import Experiment

SMALL = ["--space", "resnet_finetune", "--gpus-per-trial", "0", "--max-epochs", "2"]
SMALL += ["--concurrency", "1"]
SMALL += ["--set", "image_size=32", "--set", "batch_size=4,16"]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With `pictures/`, 40 in each of three classes, and `mine.pt`."""
    root = tmp_path_factory.mktemp("finetune")
    rng = np.random.default_rng(0)
    for name, colour in (("red", (200, 60, 60)), ("green", (60, 180, 60)), ("blue", (50, 60, 200))):
        (root / "pictures" / name).mkdir(parents=True)
        for number in range(40):
            pixels = rng.normal(colour, 70, (32, 32, 3)).clip(0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(root / "pictures" / name / f"{number}.png")
    torch.manual_seed(0)
    save_weights(ResNet18(classes=9, side=32).state_dict(), root / "mine.pt")
    return root


@pytest.fixture(scope="module")
def first(place: Path) -> tuple[Experiment, str]:
    options = ["--data-dir", "pictures", "--weights", "mine.pt", "--trials", "3"]
    options += ["--finalists", "0"]
    said = run(place, *SMALL, *options, "--name", "first")
    return Experiment(place / "first"), said


def test_the_weights_stand_everywhere(first: tuple[Experiment, str]) -> None:
    experiment, said = first
    name = "own: pictures in pictures; from weights of mine.pt"
    assert f"Data: {name}" in said
    assert "Note: Frozen stages: their output is kept, of each picture and of 2 augmented" in said
    plan = read_json(experiment.plan)
    assert plan["data"]["weights"]["asked"] == plan["data"]["weights"]["found"] == "mine.pt"
    assert len(plan["data"]["weights"]["digest"]) == 64 and "2 augmented" in plan["notes"][0]
    assert (pd.read_csv(experiment.leaderboard)["provenance"] == name).all()
    config = read_json(experiment.best / "config.json")
    assert config["provenance"]["weights"] == "of mine.pt"
    assert config["meta"]["mean"] == pytest.approx([123.675, 116.28, 103.53])  # ImageNet's


def test_the_screen_compares_depths(first: tuple[Experiment, str]) -> None:
    experiment, said = first
    assert "seconds an epoch" in said and "parameters" in said
    epochs = analysis.load(experiment.root).epochs
    frozen = epochs[epochs["trial"] == "t0000"]
    assert set(frozen["frozen"]) == {"kept"} and set(frozen["trainable_parameters"]) == {1539}


def test_the_export_is_a_state_dict_of_torchvisions(first: tuple[Experiment, str]) -> None:
    state = torch.load(first[0].best / "model.pt", weights_only=True)
    import_torchvision().models.resnet18(num_classes=3).load_state_dict(state)


def test_the_best_model_classifies_and_is_tuned_on(
    first: tuple[Experiment, str], place: Path
) -> None:
    predict = [sys.executable, "-m", "analysis", "predict", str(first[0].root)]
    done = subprocess.run(
        [*predict, str(place / "pictures" / "red" / "3.png")],
        cwd=Path(__file__).resolve().parents[1], capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert "red" in done.stdout
    options = ["--data-dir", "pictures", "--weights", "first", "--trials", "1"]
    options += ["--finalists", "0"]
    said = run(place, *SMALL, *options, "--name", "second")
    assert "from weights of the best model of first" in said
    experiment = Experiment(place / "second")
    began, ended = (read_json(e.best / "metrics.json") for e in (first[0], experiment))
    # It goes on from there, the head too: where it began is no lower bound, but nearly.
    assert ended["val"]["accuracy"] >= began["val"]["accuracy"] - 0.1
    run(place, "--resume", "second", "--trials", "+1")
    assert len(experiment.trials()) == 2


def test_a_trial_replays_to_the_last_bit(first: tuple[Experiment, str]) -> None:
    for trial in ("t0000", "t0001"):
        assert main(["replay", str(first[0].root), trial]) == 0


def test_refusals(
    first: tuple[Experiment, str],
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
    refused: Refused,
) -> None:
    monkeypatch.chdir(place)
    with_pictures = [*SMALL, "--data-dir", "pictures"]
    other = refused(*with_pictures, "--storage", ".", "--weights", "first", "--split-seed", "3")
    assert "--weights first: trained on the same pictures split by --split-seed 0" in other
    (place / "bad.pt").write_bytes(b"no weights")
    bad = refused(*with_pictures, "--storage", ".", "--weights", "bad.pt", "--name", "third")
    assert "bad.pt is no file of torch.save" in bad
    assert not (place / "third").exists()
    # The weights are no longer what the search began from.
    kept = (place / "mine.pt").read_bytes()
    torch.manual_seed(1)
    save_weights(ResNet18(classes=9, side=32).state_dict(), place / "mine.pt")
    changed = refused("--storage", ".", "--resume", "first", "--trials", "+1")
    (place / "mine.pt").write_bytes(kept)
    assert changed.endswith("the weights it began from are others now")
