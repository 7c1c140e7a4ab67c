"""A trial trained again is the same to the last bit, and what is not the same is said."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from analysis.__main__ import main
from analysis.replay import Replay
from trainables.errors import NonFiniteLoss
from trainables.files import code_digest, read_json, write_json
from trainables.trainer import Trainer, load_tensors
from tuning.experiment import Experiment
from tuning.ownership import Ownership

Screen = pytest.CaptureFixture[str]


@pytest.mark.parametrize("trial", ["baseline", "t0000", "t0001"])  # t0001 was stopped early
def test_every_epoch_is_the_same(trial: str, trained: Experiment, capsys: Screen) -> None:
    assert main(["replay", str(trained.root), trial]) == 0
    *epochs, last = capsys.readouterr().out.splitlines()
    assert len(epochs) == trained.trial(trial).read_status().epochs
    assert all(line.endswith(": the same") for line in epochs)
    assert last == f"{trial}: every epoch is the same to the last bit"


def test_a_record_that_is_not_what_training_gives(trained: Experiment, capsys: Screen) -> None:
    assert main(["replay", str(trained.root), "t0002"]) == 1  # its line was made up
    epoch, last = capsys.readouterr().out.splitlines()
    assert epoch.endswith("recorded 0.990000: DIFFERENT")
    assert last == "t0002: 1 of 1 epochs are not the same to the last bit"


@pytest.mark.parametrize("number", ["val_accuracy", "val_loss", "train_loss", "lr"])
def test_one_bit_of_any_number_is_a_difference(
    number: str, copy: Callable[[], Experiment], capsys: Screen
) -> None:
    experiment = copy()
    results = experiment.trial("t0001").results
    (line,) = map(json.loads, results.read_text().splitlines())
    results.write_text(json.dumps(line | {number: math.nextafter(line[number], 2.0)}) + "\n")
    assert main(["replay", str(experiment.root), "t0001"]) == 1
    assert capsys.readouterr().out.endswith("1 of 1 epochs are not the same to the last bit\n")


def test_elsewhere_the_score_is_held_within_a_tolerance(
    copy: Callable[[], Experiment], capsys: Screen
) -> None:
    experiment = copy()
    plan = read_json(experiment.plan)
    plan["machine"]["system"] = "another machine"
    write_json(experiment.plan, plan)
    results = experiment.trial("t0001").results
    (line,) = map(json.loads, results.read_text().splitlines())
    for by, code in ((0.01, 0), (0.05, 1)):
        moved = line | {"val_accuracy": line["val_accuracy"] - by}
        results.write_text(json.dumps(moved) + "\n")
        assert main(["replay", str(experiment.root), "t0001"]) == code
        assert "within 0.02" in capsys.readouterr().out


def test_keep_puts_the_weights_back(copy: Callable[[], Experiment]) -> None:
    directory = copy().trial("t0000")
    was = load_tensors(directory.best)
    directory.best.unlink()
    assert list(Replay(Experiment.of(directory), "t0000").epochs())
    assert not directory.best.exists()
    assert main(["replay", str(Experiment.of(directory).root), "t0000", "--keep"]) == 0
    again = load_tensors(directory.best)
    assert all(torch.equal(again[name], value) for name, value in was.items())


def test_keep_changes_nothing_where_the_best_epoch_is_not_the_same(
    copy: Callable[[], Experiment],
) -> None:
    directory = copy().trial("t0002")  # its line was made up, and so is its score
    status = read_json(directory.root / "status.json") | {"best_epoch": 1}
    write_json(directory.root / "status.json", status)
    directory.best.write_bytes(b"its weights")
    assert main(["replay", str(Experiment.of(directory).root), "t0002", "--keep"]) == 1
    assert directory.best.read_bytes() == b"its weights"


def test_a_running_search_is_not_written_into(
    copy: Callable[[], Experiment], capsys: Screen
) -> None:
    experiment = copy()
    with Ownership(experiment) as ownership:
        ownership.take()
        assert main(["replay", str(experiment.root), "t0001", "--keep"]) == 2
        assert "its search is running" in capsys.readouterr().err
        assert main(["replay", str(experiment.root), "t0001"]) == 0


def test_training_that_diverges_now_is_not_the_same(
    trained: Experiment, capsys: Screen, monkeypatch: pytest.MonkeyPatch
) -> None:
    def diverged(trainer: Trainer) -> None:
        raise NonFiniteLoss("non-finite training loss in epoch 1 at step 3")

    monkeypatch.setattr(Trainer, "run_epoch", diverged)
    assert main(["replay", str(trained.root), "t0001"]) == 1
    assert "val_accuracy nan, recorded" in capsys.readouterr().out


def refusal(capsys: Screen, experiment: Experiment, trial: str) -> str:
    assert main(["replay", str(experiment.root), trial]) == 2
    printed = capsys.readouterr()
    (line,) = printed.err.splitlines()
    assert printed.out == ""
    return line


def test_refusals(copy: Callable[[], Experiment], capsys: Screen, tmp_path: Path) -> None:
    experiment = copy()
    assert "replay t0099: no such trial" in refusal(capsys, experiment, "t0099")
    plan = read_json(experiment.plan)
    digest = plan["data"]["digest"]
    write_json(experiment.plan, plan | {"data": plan["data"] | {"digest": "1" * 64}})
    said = refusal(capsys, experiment, "t0000")
    assert f"the data changed: SHA-256 was 111111111111, is {digest[:12]}" in said
    older = {key: value for key, value in plan["code"].items() if key != "trainables_sha256"}
    write_json(experiment.plan, plan | {"code": older})
    assert "trainables/ was not recorded, is " in refusal(capsys, experiment, "t0000")
    code = plan["code"] | {"trainables_sha256": "2" * 64}
    write_json(experiment.plan, plan | {"code": code})
    said = refusal(capsys, experiment, "t0000")
    assert f"trainables/ was 222222222222, is {code_digest()[:12]}" in said
    gone = {"kind": "auto", "directory": str(tmp_path / "gone")}
    write_json(experiment.plan, plan | {"data": plan["data"] | gone})
    assert "its data, " in refusal(capsys, experiment, "t0000")
    write_json(experiment.plan, plan)
    experiment.trial("t0001").results.unlink()
    assert "replay t0001: no epoch of it is on record" in refusal(capsys, experiment, "t0001")
