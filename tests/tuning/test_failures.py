"""A task of one's own, whose trials fail in every way: the search goes on and tells it all."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import optuna
import pandas as pd
import pytest
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from PIL import Image

from tuning.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]
CODE = ("analysis", "search_spaces", "trainables", "tuning", "run_search.py")
TASK = """
from dataclasses import dataclass
from pathlib import Path

from torch import nn

from trainables.data.images import load_images
from trainables.data.stand_ins import digits_source
from trainables.hyperparameters import check, choice
from trainables.parts import fields
from trainables.parts.classifier import Augmentation, build_classifier
from trainables.task import Task

HERE = Path(__file__).parent
FAULTS = ("none", "once", "always", "nan")


@dataclass(frozen=True)
class Config:
    fault: str = choice("none", FAULTS, help="what goes wrong")
    optimizer: str = fields.optimizer("sgd")
    lr: float = fields.lr(1e-2)
    momentum: float = fields.momentum(0.9)
    nesterov: bool = fields.nesterov(False)
    weight_decay: float = fields.weight_decay(0.0)
    batch_size: int = fields.batch_size(128)
    schedule: str = fields.schedule("constant")
    label_smoothing: float = fields.label_smoothing(0.0)
    epochs: int = fields.epochs(3)

    def __post_init__(self):
        check(self)


class Linear(nn.Module):
    def __init__(self, config, meta):
        super().__init__()
        self.out = nn.Linear(meta.height * meta.width * meta.channels, len(meta.classes))

    def forward(self, x):
        return self.out(x.flatten(1))


def build(config, splits, device):
    with (HERE / "builds.txt").open("a") as file:
        file.write(config.fault + "\\n")
    steps = -(-len(splits.train) // config.batch_size)
    seen = []

    def spoil(images, generator):
        seen.append(1)
        if config.fault == "always":
            raise ValueError("the picture is upside down")
        if config.fault == "once" and len(seen) > steps and not (HERE / "raised").exists():
            (HERE / "raised").touch()
            raise OSError("the disk hiccuped")
        return images * float("nan") if config.fault == "nan" else images

    network = Linear(config, splits.meta)
    return build_classifier(
        TASK.name, config, network, splits, device, Augmentation(floats=spoil)
    )


def load(request):
    return load_images(request, published="MNIST", size=28, stand_in=digits_source)


TASK = Task(name="own_linear", Config=Config, network=Linear, build=build, load=load)
"""
SPACE = """
from optuna.distributions import CategoricalDistribution, FloatDistribution

from search_spaces.space import SearchSpace
from trainables.own_linear import FAULTS, TASK

SPACE = SearchSpace(
    task=TASK,
    distributions={
        "fault": CategoricalDistribution(FAULTS),
        "lr": FloatDistribution(1e-3, 1e-1, log=True),
    },
    starts=({"fault": "once"}, {"fault": "always"}, {"fault": "nan"}, {"fault": "none"}),
    epochs=3,
    trials=5,
)
"""
Ended = tuple[Experiment, str, list[str]]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the code with one task and one space file more, as a user adds them."""
    root = tmp_path_factory.mktemp("own") / "tree"
    root.mkdir()
    for name in CODE[:-1]:
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / CODE[-1], root)
    (root / "trainables" / "own_linear.py").write_text(TASK)
    (root / "own_space.py").write_text(SPACE)
    return root


@pytest.fixture(scope="module")
def ended(tree: Path) -> Ended:
    """The experiment, the screen, and what was built, in order."""
    options = ["--data", "embedded", "--scheduler", "none", "--concurrency", "1", "--quiet"]
    options += ["--finalists", "0"]
    names = ["--gpus-per-trial", "0", "--storage", str(tree.parent), "--name", "own"]
    run = [sys.executable, "run_search.py", "--space", "own_space.py", *options, *names]
    done = subprocess.run(run, cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout[-3000:]}\n{done.stderr}"
    builds = (tree / "trainables" / "builds.txt").read_text().split()
    return Experiment(tree.parent / "own"), done.stdout, builds


def test_the_search_goes_on(ended: Ended) -> None:
    experiment, _, _ = ended
    storage = JournalStorage(JournalFileBackend(str(experiment.journal)))
    told = optuna.load_study(study_name=None, storage=storage).trials
    assert [trial.state.name for trial in told] == [
        "COMPLETE", "COMPLETE", "FAIL", "FAIL", "COMPLETE",
    ]  # fmt: skip
    assert [t.read_status().state for t in experiment.trials()] == [t.state.name for t in told]


def test_raised_once_is_retried_from_the_last_checkpoint(ended: Ended) -> None:
    experiment, _, builds = ended
    lines = experiment.trial("t0001").read_results()
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    assert builds.count("once") == 2


def test_always_raising_is_a_failure_with_its_cause(ended: Ended) -> None:
    experiment, screen, builds = ended
    cause = "ValueError: the picture is upside down"
    assert builds.count("always") == 2
    text = experiment.trial("t0002").error.read_text()
    assert text.startswith(f"{cause}\n\nTraceback") and text.rstrip().endswith(cause)
    assert experiment.trial("t0002").read_status().cause == cause
    (event,) = [line for line in screen.splitlines() if "t0002 FAILED" in line]
    assert cause in event
    board = pd.read_csv(experiment.leaderboard).set_index("trial")
    assert (board.loc["t0002", "state"], board.loc["t0002", "cause"]) == ("FAIL", cause)
    summary = screen[screen.index("5 trials:") :]
    assert "3 done, 0 stopped, 2 failed" in summary and cause in summary


def test_a_diverging_trial_is_not_tried_again(ended: Ended) -> None:
    experiment, screen, builds = ended
    assert builds.count("nan") == 1
    status = experiment.trial("t0003").read_status()
    assert (status.epochs, status.score) == (0, None)
    assert "non-finite training loss in epoch 1 at step 1" in status.cause
    assert status.cause in screen


def test_failed_trials_rank_last(ended: Ended) -> None:
    experiment, _, _ = ended
    board = pd.read_csv(experiment.leaderboard)
    assert set(board["trial"].tail(2)) == {"t0002", "t0003"}
    assert board["score"].tail(2).isna().all()


def test_the_own_network_is_exported_and_predicts(ended: Ended, tree: Path) -> None:
    experiment, _, _ = ended
    assert (experiment.best / "model.pt").is_file()
    picture = experiment.root.parent / "picture.png"
    Image.new("L", (28, 28), 90).save(picture)
    command = [sys.executable, "-m", "analysis", "predict", str(experiment.root), str(picture)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(picture) in done.stdout and "%" in done.stdout
