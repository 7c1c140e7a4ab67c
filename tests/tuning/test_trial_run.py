"""One trial in its directory: what it leaves behind, and going on after a crash anywhere."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from trainables.data.splits import Splits
from trainables.leg import Leg
from trainables.mnist_cnn import TASK
from trainables.trainer import Trainer
from tuning.begun import alone
from tuning.experiment import Experiment
from tuning.logged import Logged
from tuning.options import TENSORBOARD
from tuning.ownership import SupersededError, begin_run
from tuning.trial_directory import TrialDirectory
from tuning.trial_run import TrialRun, TrialSettings, settle

CONFIG = {"batch_size": 128, "conv1": 4, "conv2": 4, "hidden": 16, "lr": 0.01, "epochs": 3}
TIMES = ("seconds", "samples_per_second", "wall_time")


@pytest.fixture
def settings(tmp_path: Path) -> TrialSettings:
    run = begin_run(Experiment(tmp_path))
    return TrialSettings(tmp_path, run, "val_accuracy", "max", None, threads=1, device="cpu")


def open_run(
    settings: TrialSettings,
    splits: Splits,
    trial: str = "t0001",
    spared: bool = False,
    **changes: Any,
) -> TrialRun:
    config = CONFIG | changes
    return TrialRun(TASK, trial, alone(7, config), splits.closed(), settings, spared)


def directory_of(settings: TrialSettings, trial: str = "t0001") -> TrialDirectory:
    return Experiment(settings.root).trial(trial)


def timeless(result: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name not in TIMES}


def lines(settings: TrialSettings, trial: str = "t0001") -> list[dict[str, Any]]:
    return [timeless(line) for line in directory_of(settings, trial).read_results()]


def test_what_a_trial_leaves_behind(settings: TrialSettings, digits: Splits) -> None:
    run = open_run(settings, digits)
    returned = []
    while not run.finished:
        returned.append(run.run_epoch())
    directory = directory_of(settings)
    assert directory.read_results() == returned
    assert {path.name for path in directory.root.iterdir()} == {
        "best.pt",
        "last.pt",
        "result.jsonl",
        "write.lock",
    }
    assert [line["epoch"] for line in returned] == [1, 2, 3]
    needed = {"epoch", "train_loss", "val_loss", "val_accuracy", "lr", "seconds"}
    assert needed | {"train_accuracy", "samples_per_second"} <= set(returned[0])
    for weights in (directory.best, directory.last):
        torch.load(weights, weights_only=True)


def test_the_kept_weights_score_the_best_line(settings: TrialSettings, digits: Splits) -> None:
    run = open_run(settings, digits, lr=0.05)
    while not run.finished:
        run.run_epoch()
    best = max(directory_of(settings).read_results(), key=lambda line: line["val_accuracy"])
    fresh = TASK.build(TASK.Config(**CONFIG), digits, "cpu")
    fresh.module.load_state_dict(torch.load(directory_of(settings).best, weights_only=True))
    assert fresh.evaluate("val")["accuracy"] == best["val_accuracy"]


@pytest.mark.parametrize("mode", TENSORBOARD)
def test_logging_changes_no_bit_of_a_training(
    mode: str, settings: TrialSettings, digits: Splits
) -> None:
    def trained(logged: Logged, trial: str) -> tuple[list[dict[str, Any]], Any]:
        run = open_run(
            *(replace(settings, logged=logged), digits, trial),
            dropout=0.3,
            rotate=10.0,
            epochs=2,
        )
        while not run.finished:
            run.run_epoch()
        last = torch.load(directory_of(settings, trial).last, weights_only=True)
        return lines(settings, trial), last

    (plain, without), (other, found) = (
        trained(Logged("off"), "t0000"),
        trained(Logged(mode), "t0010"),
    )
    assert other == plain
    for part in ("module", "generator", "torch_rng"):
        ours, theirs = (
            {part: last[part]} if isinstance(last[part], torch.Tensor) else last[part]
            for last in (found, without)
        )
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    assert directory_of(settings, "t0010").root.joinpath("views").is_dir() == (mode == "full")


def test_each_epoch_that_a_checkpoint_covers_has_its_histograms(
    settings: TrialSettings, digits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = replace(settings, logged=Logged("full"))
    run = open_run(full, digits, "t0000")
    run.run_epoch()
    with monkeypatch.context() as patch:
        patch.setattr(TrialDirectory, "append_result", crash)
        with pytest.raises(Crash):
            run.run_epoch()
    again = open_run(full, digits, "t0000")
    while not again.finished:
        again.run_epoch()
    views = directory_of(settings, "t0000").root / "views"
    assert sorted(path.name for path in views.glob("histograms*")) == [
        f"histograms-000{epoch}.json" for epoch in (1, 2, 3)
    ]


class Crash(Exception):
    """Stands for SIGKILL at one place."""


def crash(*_: Any, **__: Any) -> None:
    raise Crash


@pytest.mark.parametrize(
    "place", ["before the checkpoint", "before best", "before the line", "in the line"]
)
@pytest.mark.parametrize("crashed_epoch", [1, 2, 3])
def test_a_crash_costs_and_repeats_no_line(
    place: str,
    crashed_epoch: int,
    settings: TrialSettings,
    digits: Splits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = replace(settings, root=settings.root / "whole")
    whole.root.mkdir()
    whole = replace(whole, run=begin_run(Experiment(whole.root)))
    run = open_run(whole, digits)
    while not run.finished:
        run.run_epoch()

    run = open_run(settings, digits)
    for _ in range(crashed_epoch - 1):
        run.run_epoch()
    with monkeypatch.context() as patch:
        if place == "before best":
            patch.setattr("tuning.trial_run.save_weights", crash)
        elif place == "before the checkpoint":
            patch.setattr(Trainer, "save", crash)
        else:
            patch.setattr(TrialDirectory, "append_result", crash)
        with pytest.raises(Crash):
            run.run_epoch()  # each of the three is the best yet
    if place == "in the line":
        with directory_of(settings).results.open("a") as file:
            file.write('{"epoch": ')  # the torn line of a process that was killed while writing
    again = open_run(settings, digits)
    while not again.finished:
        again.run_epoch()
    assert lines(settings) == lines(whole)
    for name in ("best", "last"):
        ours, theirs = (
            torch.load(getattr(directory_of(s), name), weights_only=True) for s in (settings, whole)
        )
        ours, theirs = (d.get("module", d) for d in (ours, theirs))
        assert all(torch.equal(ours[key], theirs[key]) for key in theirs)


def test_a_full_disk_leaves_no_line_whose_weights_are_not_there(
    settings: TrialSettings, digits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("tuning.trial_run.save_weights", full)
        with pytest.raises(OSError, match="No space"):
            open_run(settings, digits).run_epoch()
        assert directory_of(settings).last.is_file() and lines(settings) == []
        with pytest.raises(OSError, match="No space"):  # nor once the driver ends the trial
            settle(directory_of(settings), settings)
        assert lines(settings) == []
    settle(directory_of(settings), settings)
    assert len(lines(settings)) == 1 and directory_of(settings).best.is_file()


def test_an_orphan_of_another_run_writes_nothing(settings: TrialSettings, digits: Splits) -> None:
    orphan = open_run(settings, digits)
    orphan.run_epoch()
    files = {path: path.read_bytes() for path in directory_of(settings).root.iterdir()}
    begin_run(Experiment(settings.root))
    with pytest.raises(SupersededError, match="another run owns"):
        orphan.run_epoch()
    with pytest.raises(SupersededError, match="another run owns"):
        open_run(settings, digits)
    assert {path: path.read_bytes() for path in directory_of(settings).root.iterdir()} == files


def test_a_finished_trial_is_not_trained_again(settings: TrialSettings, digits: Splits) -> None:
    run = open_run(settings, digits)
    while not run.finished:
        run.run_epoch()
    before = directory_of(settings).results.read_bytes()
    again = open_run(settings, digits)
    assert again.finished
    assert directory_of(settings).results.read_bytes() == before


def test_another_configuration_does_not_go_on(settings: TrialSettings, digits: Splits) -> None:
    open_run(settings, digits).run_epoch()
    with pytest.raises(ValueError, match=r"last\.pt was made by"):
        open_run(settings, digits, lr=0.02)


@pytest.mark.parametrize(("spared", "epochs"), [(False, 3), (True, 8)])
def test_patience_ends_all_but_the_baseline(
    spared: bool, epochs: int, settings: TrialSettings, digits: Splits
) -> None:
    # A learning rate that moves no weight: the first epoch stays the best.
    impatient = replace(settings, patience=2)
    run = open_run(impatient, digits, spared=spared, lr=1e-8, optimizer="sgd", epochs=8)
    while not run.finished:
        run.run_epoch()
    assert [line["epoch"] for line in lines(settings)] == list(range(1, epochs + 1))


def test_patience_is_remembered_over_a_crash(settings: TrialSettings, digits: Splits) -> None:
    still: dict[str, Any] = {"lr": 1e-8, "optimizer": "sgd", "epochs": 8}
    impatient = replace(settings, patience=2)
    for _ in range(2):
        open_run(impatient, digits, **still).run_epoch()
    again = open_run(impatient, digits, **still)
    assert not again.finished
    again.run_epoch()
    assert again.finished


def test_result_lines_are_plain_json(settings: TrialSettings, digits: Splits) -> None:
    open_run(settings, digits).run_epoch()
    (text,) = directory_of(settings).results.read_text().splitlines()
    values = json.loads(text)
    assert all(isinstance(value, (int, float)) for value in values.values())


def test_an_heir_begins_with_what_another_has_left(settings: TrialSettings, digits: Splits) -> None:
    whole = [Leg(0, 7, CONFIG), Leg(1, 8, CONFIG | {"lr": 0.002})]
    straight = TrialRun(TASK, "t0000", whole, digits.closed(), settings, False)
    scores = [timeless(straight.run_epoch()) for _ in range(3)]
    parent = open_run(settings, digits, "t0001")
    parent.run_epoch()
    heir = directory_of(settings, "t0002")
    heir.root.mkdir()
    shutil.copyfile(directory_of(settings, "t0001").last, heir.inherited)

    def begun(**changes: Any) -> TrialRun:
        changed = replace(settings, **changes)
        return TrialRun(TASK, "t0002", whole[1:], digits.closed(), changed, False)

    assert not begun(patience=1).finished  # the parent's epochs are not its own
    assert timeless(begun().run_epoch()) == scores[1]
    assert timeless(begun().run_epoch()) == scores[2]  # from its own checkpoint
    assert [line["epoch"] for line in lines(settings, "t0002")] == [2, 3]
    heir.best.unlink()
    heir.results.write_text("")  # a kill between the checkpoint and the line
    assert begun().finished
    assert [line["epoch"] for line in lines(settings, "t0002")] == [3]
