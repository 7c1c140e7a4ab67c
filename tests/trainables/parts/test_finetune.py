"""Frozen means free: what is kept is what would be computed, and training on it is the same."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from tests.conftest import MakeSplits
from trainables.data.kept import Kept
from trainables.data.pretrained import Pretrained
from trainables.data.splits import Splits
from trainables.parts.classifier import classify
from trainables.parts.finetune import FrozenStages, build_finetuner, parameter_groups
from trainables.parts.resnet import ResNet18
from trainables.parts.views import Augmenter
from trainables.resnet18_finetune import Config
from trainables.trainer import Trainer

IDLE, FLIPS = Augmenter(False, 1.0, 0.0), Augmenter(True, 0.6, 0.2)
NOTHING = Kept(Path("nowhere"), most=0)  # has room for no array


@pytest.fixture(scope="module")
def splits(make_splits: MakeSplits) -> Splits:
    """120 training pictures of 32x32 in three classes, and weights to start from."""
    torch.manual_seed(0)
    network = ResNet18(classes=3, side=32)
    with torch.no_grad():
        for _ in range(5):
            network(torch.randn(32, 3, 32, 32))
    arrays = {name: value.numpy() for name, value in network.state_dict().items()}
    weights = Pretrained("file", "of a test", arrays, (120.0,) * 3, (60.0,) * 3, None, "1234")
    found = make_splits(32, 32, 3, classes=3, count=120)
    return replace(found, weights=weights)


def network(splits: Splits, config: Config) -> ResNet18:
    torch.manual_seed(1)
    made = ResNet18(3, config.image_size, config.frozen_stages, config.dropout)
    assert splits.weights is not None
    made.load_state_dict({n: torch.from_numpy(a) for n, a in splits.weights.arrays.items()})
    return made


def trainer(
    splits: Splits, kept: Kept, augmenter: Augmenter = IDLE, **settings: Any
) -> tuple[Trainer, ResNet18]:
    options = {"image_size": 32, "batch_size": 16, "epochs": 3, "lr": 0.01} | settings
    config = Config(**options)
    made = network(splits, config)
    return build_finetuner("test", config, made, splits, "cpu", augmenter, kept), made


def stages(
    splits: Splits, kept: Kept, frozen: int, augmenter: Augmenter = IDLE, views: int = 2
) -> FrozenStages:
    made = network(splits, Config(frozen_stages=frozen, image_size=32)).train()
    return FrozenStages(made, splits, "cpu", augmenter, views, kept)


def epoch(source: FrozenStages, number: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """All of an epoch's batches, and its targets."""
    batches = list(source.batches(16, number, torch.Generator().manual_seed(seed)))
    return tuple(torch.cat(parts) for parts in zip(*batches, strict=True))  # type: ignore[return-value]


@pytest.mark.parametrize("augmenter", [IDLE, FLIPS])
@pytest.mark.parametrize("frozen", [1, 3, 5])
def test_what_is_kept_is_what_would_be_computed(
    splits: Splits, tmp_path: Path, frozen: int, augmenter: Augmenter
) -> None:
    kept, plain = (stages(splits, k, frozen, augmenter) for k in (Kept(tmp_path), NOTHING))
    for number in (0, 1):
        (inputs, targets), (expected, order) = epoch(kept, number), epoch(plain, number)
        assert torch.equal(targets, order)
        assert (inputs - expected).abs().max() <= 1e-5 * expected.abs().max()
    assert kept.state == "kept" and plain.state == "computed each time: no room to keep it"
    assert len(list(tmp_path.glob("*.npy"))) == (1 if augmenter.idle else 2)


@pytest.mark.parametrize("augmenter", [IDLE, FLIPS])
def test_training_on_what_is_kept_gives_the_same_model(
    splits: Splits, tmp_path: Path, augmenter: Augmenter
) -> None:
    models = []
    for kept in (Kept(tmp_path), NOTHING):
        training, made = trainer(splits, kept, augmenter, frozen_stages=5, views=2)
        results = [training.run_epoch() for _ in range(3)]
        models.append((results, classify(made, splits.val.inputs, splits.meta, "cpu")))
    (first, logits), (second, expected) = models
    assert first[-1]["val_loss"] == pytest.approx(second[-1]["val_loss"], rel=1e-4)
    assert (logits.argmax(1) == expected.argmax(1)).all()
    assert first[-1]["frozen"] == "kept"


def test_a_write_that_fails_changes_no_training(splits: Splits, tmp_path: Path) -> None:
    class Full(Kept):
        def array(self, *arguments: Any) -> np.ndarray | None:
            *_, make = arguments
            next(make())  # the first piece is made, then the disk is full
            return None

    training, made = trainer(splits, Full(tmp_path), FLIPS, frozen_stages=3, dropout=0.3)
    plain, _ = trainer(splits, NOTHING, FLIPS, frozen_stages=3, dropout=0.3)
    modes: list[bool] = []
    made.layer4.register_forward_pre_hook(lambda module, _: modes.append(module.training))
    torch.manual_seed(5)  # of dropout
    first = training.run_epoch()
    torch.manual_seed(5)
    expected = plain.run_epoch()
    assert modes[0] and first["train_loss"] == expected["train_loss"]
    assert first["frozen"] == "computed each time: no room to keep it"


def test_other_weights_in_the_frozen_stages_are_other_output(
    splits: Splits, tmp_path: Path
) -> None:
    """Wherever they came from: a checkpoint, say."""
    training, made = trainer(splits, Kept(tmp_path), frozen_stages=5)
    with torch.no_grad():
        made.layer4[1].bn2.weight.mul_(2)
    training.run_epoch()
    first = {path.name for path in tmp_path.glob("*.npy")}
    original, _ = trainer(splits, Kept(tmp_path), frozen_stages=5)
    original.run_epoch()
    assert len({path.name for path in tmp_path.glob("*.npy")} - first) == 2
    with torch.no_grad():  # what lies above changes nothing below
        original.module.get_parameter("fc.weight").mul_(2)
    stages(splits, Kept(tmp_path), 5)
    assert len(list(tmp_path.glob("*.npy"))) == 4


def test_a_checkpoint_is_of_its_weights(splits: Splits, tmp_path: Path) -> None:
    training, _ = trainer(splits, Kept(tmp_path), frozen_stages=5)
    training.save(tmp_path / "last.pt")
    assert splits.weights is not None
    others = replace(splits, weights=replace(splits.weights, digest="of others"))
    with pytest.raises(ValueError, match="of others"):
        trainer(others, Kept(tmp_path), frozen_stages=5)[0].load(tmp_path / "last.pt")


@pytest.mark.parametrize("change", [{"image_size": 48}, {"threads": 2}, {"mean": (1.0, 2.0, 3.0)}])
def test_what_changes_the_output_changes_its_name(
    change: dict[str, Any], splits: Splits, tmp_path: Path
) -> None:
    trainer(splits, Kept(tmp_path), frozen_stages=5)[0].run_epoch()
    torch.set_num_threads(change.pop("threads", 1))
    fed = replace(splits, meta=replace(splits.meta, mean=change.pop("mean", splits.meta.mean)))
    trainer(fed, Kept(tmp_path), frozen_stages=5, **change)[0].run_epoch()
    assert len(list(tmp_path.glob("*.npy"))) == 4


def test_a_last_batch_of_one_is_taken_into_the_one_before(splits: Splits, tmp_path: Path) -> None:
    odd = replace(splits, train=splits.train.head(33), digest="of 33")
    source = stages(odd, NOTHING, 0)
    sizes = [len(t) for _, t in source.batches(16, 0, torch.Generator().manual_seed(0))]
    assert sizes == [16, 17]
    training, _ = trainer(odd, Kept(tmp_path), frozen_stages=2, schedule="cosine")
    for _ in range(3):
        training.run_epoch()
    assert training.optimizer.param_groups[0]["lr"] == pytest.approx(0, abs=1e-9)


def test_more_views_than_there_is_room_for_are_not_kept(splits: Splits, tmp_path: Path) -> None:
    room = Kept(tmp_path, most=1_000_000, spare=0)  # bytes; a view of 120 pictures takes 245,760
    assert stages(splits, room, 5, FLIPS, views=3).state == "kept"
    assert stages(splits, room, 5, FLIPS, views=9).state.endswith("no room to keep it")


def test_a_search_with_the_same_weights_makes_nothing_twice(splits: Splits, tmp_path: Path) -> None:
    made = []
    for _ in range(2):
        trainer(splits, Kept(tmp_path), frozen_stages=5)[0].run_epoch()
        made.append({path.stat().st_ino for path in tmp_path.glob("*.npy")})
    assert made[0] == made[1] and len(made[0]) == 2  # train and val
    trainer(splits, Kept(tmp_path), frozen_stages=4)[0].run_epoch()
    other = replace(splits, digest="of other pictures")
    trainer(other, Kept(tmp_path), frozen_stages=5)[0].run_epoch()
    assert len(list(tmp_path.glob("*.npy"))) == 6


def test_views_come_in_turn_behind_frozen_stages_and_new_before_none(
    splits: Splits, tmp_path: Path
) -> None:
    behind, before = (stages(splits, Kept(tmp_path), n, FLIPS, views=2) for n in (5, 0))
    for source, again in ((behind, True), (before, False)):
        generator = torch.Generator().manual_seed(3)
        shown = []
        for number in range(3):
            ((inputs, _),) = source.batches(200, number, generator)  # in an order of its own
            shown.append(inputs.flatten(1).norm(dim=1).sort().values)
        assert torch.allclose(shown[0], shown[2]) == again
        assert not torch.allclose(shown[0], shown[1])


def test_random_weights_are_not_kept(splits: Splits, tmp_path: Path) -> None:
    all_trained, _ = trainer(splits, Kept(tmp_path), frozen_stages=0)
    assert "frozen" not in all_trained.run_epoch()
    made, without = network(splits, Config(image_size=32)), replace(splits, weights=None)
    source = FrozenStages(made, without, "cpu", IDLE, 0, Kept(tmp_path))
    epoch(source, 0)
    assert source.state == "computed each time" and not list(tmp_path.glob("*.npy"))


@pytest.mark.parametrize("frozen", [0, 2, 5])
def test_an_epochs_score_is_the_finished_networks(
    splits: Splits, tmp_path: Path, frozen: int
) -> None:
    training, made = trainer(splits, Kept(tmp_path), frozen_stages=frozen)
    result = training.run_epoch()
    logits = classify(made.eval(), splits.val.inputs, splits.meta, "cpu", made.evaluation_batch)
    accuracy = float((logits.argmax(1) == splits.val.targets).mean())
    assert result["val_accuracy"] == accuracy
    loss = torch.nn.functional.cross_entropy(
        torch.from_numpy(logits), torch.from_numpy(np.array(splits.val.targets))
    )
    assert result["val_loss"] == float(loss)  # to the last bit


def test_each_stage_learns_as_fast_as_was_asked_for(splits: Splits) -> None:
    config = Config(frozen_stages=2, lr=0.1, head_lr_multiplier=5.0, layer_decay=0.5)
    groups = parameter_groups(network(splits, config), config)
    assert [group["lr"] for group in groups] == pytest.approx([0.1, 0.05, 0.025, 0.5])
    count = sum(p.numel() for group in groups for p in group["params"])
    trained = (p for p in network(splits, config).parameters() if p.requires_grad)
    assert count == sum(p.numel() for p in trained)


def test_warm_up(splits: Splits, tmp_path: Path) -> None:
    for schedule, last in (("constant", 0.01), ("cosine", 0.0)):
        training, _ = trainer(splits, Kept(tmp_path), schedule=schedule, warm_up=0.34, epochs=3)
        lrs = [training.run_epoch()["lr"] for _ in range(3)]
        assert lrs[0] < 0.002 and lrs[1] == pytest.approx(0.01, rel=0.05), schedule
        assert training.optimizer.param_groups[0]["lr"] == pytest.approx(last, abs=1e-6)


KILLED = """
import pickle, sys
from pathlib import Path
import torch
from tests.trainables.parts.test_finetune import FLIPS, trainer
from trainables.data.kept import Kept
torch.set_num_threads(1)
folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
splits = pickle.loads((folder / "splits.pickle").read_bytes())
training, made = trainer(splits, Kept(folder / "kept"), FLIPS, frozen_stages=3, dropout=0.3,
                         schedule="cosine", warm_up=0.2, optimizer="adamw")
if (folder / "last.pt").is_file():
    training.load(folder / "last.pt")
for _ in range(training.epoch, epochs):
    print("epoch", training.epoch + 1, flush=True)
    training.run_epoch()
    training.save(folder / "last.pt")
torch.save(made.state_dict(), folder / "weights.pt")
"""


def test_killed_in_the_middle_and_resumed_it_ends_with_the_same_weights(
    splits: Splits, tmp_path: Path
) -> None:
    def start(folder: Path) -> subprocess.Popen[str]:
        folder.mkdir(exist_ok=True)
        (folder / "splits.pickle").write_bytes(pickle.dumps(splits.closed()))
        command = [sys.executable, "-c", KILLED, str(folder), "3"]
        root = Path(__file__).resolve().parents[3]
        return subprocess.Popen(command, cwd=root, stdout=subprocess.PIPE, text=True)

    whole = start(tmp_path / "whole")
    killed = start(tmp_path / "killed")
    assert killed.stdout is not None
    for line in killed.stdout:
        if line == "epoch 2\n":
            time.sleep(0.05)
            killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    resumed = start(tmp_path / "killed")
    printed, _ = resumed.communicate()
    assert printed.startswith(("epoch 2\n", "epoch 3\n")) and resumed.returncode == 0
    assert whole.wait() == 0
    ends = [torch.load(tmp_path / name / "weights.pt") for name in ("whole", "killed")]
    assert all(torch.equal(ends[0][name], value) for name, value in ends[1].items())
