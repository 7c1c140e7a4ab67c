"""What is shipped is what was trained, proven in a fresh process, and test is opened once."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from analysis import handover
from analysis.export.bundle import load_bundle
from analysis.export.described import describe, is_described
from analysis.export.judge import NotProvenError
from analysis.export.rescore import FreshProcess
from analysis.frames.load import load
from trainables.data.splits import Split, Splits
from trainables.errors import BadInput
from trainables.files import read_json, write_json
from trainables.parts.classifier import classify
from tuning.experiment import Experiment

ROOT = Path(__file__).resolve().parents[2]
Copy = Callable[[], Experiment]


@pytest.fixture(scope="module")
def metrics(finished: Experiment) -> dict[str, Any]:
    values: dict[str, Any] = read_json(finished.best / "metrics.json")
    return values


def hand_over(experiment: Experiment, splits: Splits, *, open_test: bool) -> bool:
    with FreshProcess() as fresh:
        return handover.hand_over(experiment, splits, fresh, open_test=open_test)


def leftovers(experiment: Experiment) -> list[str]:
    names = (path.name for path in experiment.root.iterdir())
    return [name for name in names if "best" in name or name.endswith(".tmp")]


def test_the_winner_is_the_best_trial(finished: Experiment, metrics: dict[str, Any]) -> None:
    first = load(finished.root).leaderboard.iloc[0]
    said = (metrics["trial"], metrics["seed"], metrics["epoch"], metrics["val"]["accuracy"])
    assert said == (first["trial"], first["seed"], first["best_epoch"], first["score"])
    assert metrics["provenance"]["kind"] == "stand-in"
    assert metrics["baseline"]["trial"] == "baseline"
    assert metrics["baseline"]["val"]["accuracy"] == finished.trial("baseline").read_status().score


@pytest.mark.parametrize("part", ["val", "test"])
def test_metrics_in_detail(part: str, metrics: dict[str, Any], digits: Splits) -> None:
    split = getattr(digits, part)
    for report in (metrics[part], metrics["baseline"][part]):
        confusion = np.array(report["confusion"])
        assert confusion.shape == (10, 10)
        assert confusion.sum() == report["count"] == len(split)
        assert list(confusion.sum(1)) == list(np.bincount(split.targets, minlength=10))
        assert report["accuracy"] == pytest.approx(np.trace(confusion) / len(split))
        by_class = np.diag(confusion) / confusion.sum(1)
        assert list(report["class_accuracy"]) == list(digits.meta.classes)
        assert list(report["class_accuracy"].values()) == pytest.approx(list(by_class))
    gap = metrics["train"]["accuracy"] - metrics["val"]["accuracy"]
    assert metrics["train_val_gap"] == pytest.approx(gap)
    assert metrics["train"]["count"] == len(digits.train)


def test_test_was_opened_once(finished: Experiment, metrics: dict[str, Any]) -> None:
    (opening,) = map(json.loads, finished.test_openings.read_text().splitlines())
    assert set(opening["trials"]) == {metrics["trial"], "baseline"}
    assert opening["result"][metrics["trial"]] == metrics["test"]["accuracy"]


def test_the_export_loads_in_a_fresh_process(
    finished: Experiment, metrics: dict[str, Any], digits: Splits, tmp_path: Path
) -> None:
    np.savez(tmp_path / "val.npz", inputs=digits.val.inputs, targets=digits.val.targets)
    code = (
        "import sys, numpy as np, torch\n"
        "from pathlib import Path\n"
        "from analysis.export.bundle import load_bundle\n"
        "from trainables.parts.classifier import classify\n"
        "torch.set_num_threads(1)\n"
        "bundle, val = load_bundle(Path(sys.argv[1])), np.load(sys.argv[2])\n"
        "logits = classify(bundle.network, val['inputs'], bundle.meta, 'cpu')\n"
        "assert 'ray' not in sys.modules\n"
        "print(int((logits.argmax(1) == val['targets']).sum()))\n"
    )
    run = [sys.executable, "-c", code, str(finished.best), str(tmp_path / "val.npz")]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) == np.trace(np.array(metrics["val"]["confusion"]))


def test_an_interrupted_search_keeps_test_closed(copy: Copy, digits: Splits) -> None:
    experiment = copy()
    assert hand_over(experiment, digits, open_test=False)
    assert not experiment.test_openings.exists()
    metrics = read_json(experiment.best / "metrics.json")
    assert metrics["test"] is None and metrics["baseline"]["test"] is None
    # Not even closed splits are asked for it.
    again = hand_over(experiment, digits.closed(), open_test=False)
    assert again and not experiment.test_openings.exists()


def test_a_run_killed_before_it_described(
    finished: Experiment, digits: Splits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = Experiment(Path(shutil.copytree(finished.root, tmp_path / "killed")))
    metrics, card = experiment.best / "metrics.json", experiment.best / "MODEL_CARD.md"
    told = card.read_text()
    shown: list[Path] = []

    def describing(experiment: Experiment, bundle: Path) -> None:
        shown.append(bundle)
        describe(experiment, bundle)

    monkeypatch.setattr(handover, "describe", describing)
    assert hand_over(experiment, digits, open_test=True) and not shown
    metrics.write_text(metrics.read_text() + "\n")  # written again, but not its sum
    assert hand_over(experiment, digits, open_test=True) and len(shown) == 1
    card.unlink()
    (experiment.best / "SHA256SUMS").unlink()  # as an older version wrote it
    assert hand_over(experiment, digits, open_test=True) and len(shown) == 2
    assert card.read_text() == told and is_described(experiment.best)


def test_a_test_that_cannot_be_scored_takes_no_export_away(copy: Copy, digits: Splits) -> None:
    experiment = copy()
    small = Split(digits.test.inputs[:, :20, :20], digits.test.targets)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        hand_over(experiment, replace(digits, sealed_test=small), open_test=True)
    assert read_json(experiment.best / "metrics.json")["test"] is None
    assert load_bundle(experiment.best).meta == digits.meta


def test_tampered_weights_are_not_shipped(copy: Copy, digits: Splits) -> None:
    experiment = copy()
    best = experiment.trial(load(experiment.root).leaderboard["trial"].iloc[0]).best
    weights = torch.load(best, weights_only=True)
    torch.save({name: torch.zeros_like(value) for name, value in weights.items()}, best)
    with pytest.raises(NotProvenError, match=r"scores .* on val, its trial"):
        hand_over(experiment, digits, open_test=True)
    assert leftovers(experiment) == []
    assert not experiment.test_openings.exists()


def test_a_claimed_score_is_not_shipped(copy: Copy, digits: Splits) -> None:
    experiment = copy()
    winner = experiment.trial(load(experiment.root).leaderboard["trial"].iloc[0])
    write_json(winner.root / "status.json", read_json(winner.root / "status.json") | {"score": 1.0})
    with pytest.raises(NotProvenError, match=r"its trial 1\.0"):
        hand_over(experiment, digits, open_test=True)
    assert leftovers(experiment) == []
    assert not experiment.test_openings.exists()


def test_another_processor_may_round_a_score_otherwise(copy: Copy, digits: Splits) -> None:
    experiment = copy()
    winner = experiment.trial(load(experiment.root).leaderboard["trial"].iloc[0])
    status = read_json(winner.root / "status.json")
    write_json(winner.root / "status.json", status | {"score": status["score"] + 0.004})
    with pytest.raises(NotProvenError, match="on val, its trial"):
        hand_over(experiment, digits, open_test=True)
    plan = read_json(experiment.plan)
    write_json(experiment.plan, plan | {"machine": plan["machine"] | {"system": "elsewhere"}})
    assert hand_over(experiment, digits, open_test=True)
    write_json(winner.root / "status.json", status | {"score": status["score"] + 0.008})
    shutil.rmtree(experiment.best)
    with pytest.raises(NotProvenError, match="on val, its trial"):
        hand_over(experiment, digits, open_test=True)


def test_an_export_that_does_not_load_is_not_shipped(
    copy: Copy, digits: Splits, monkeypatch: pytest.MonkeyPatch
) -> None:
    experiment = copy()
    monkeypatch.setattr("analysis.export.written.MODEL", "elsewhere.pt")
    with pytest.raises(NotProvenError, match="fresh process"):
        hand_over(experiment, digits, open_test=True)
    assert leftovers(experiment) == []


def test_no_score_no_export(copy: Copy, digits: Splits) -> None:
    experiment = copy()
    for directory in experiment.trials():
        status = read_json(directory.root / "status.json")
        lost = {"state": "FAIL", "score": None, "best_epoch": None}
        write_json(directory.root / "status.json", status | lost)
    assert hand_over(experiment, digits, open_test=True) is False
    assert experiment.leaderboard.is_file()
    assert leftovers(experiment) == [] and not experiment.test_openings.exists()


def test_a_failed_baseline_is_no_reference(copy: Copy, digits: Splits) -> None:
    experiment = copy()
    status = experiment.trial("baseline").root / "status.json"
    write_json(status, read_json(status) | {"state": "FAIL", "score": None, "best_epoch": None})
    assert hand_over(experiment, digits, open_test=True)
    metrics = read_json(experiment.best / "metrics.json")
    assert metrics["baseline"] is None
    (opening,) = map(json.loads, experiment.test_openings.read_text().splitlines())
    assert list(opening["result"]) == [metrics["trial"]]


def test_a_bundle_is_checked(finished: Experiment, tmp_path: Path, digits: Splits) -> None:
    with pytest.raises(BadInput, match="no exported model"):
        load_bundle(tmp_path)
    bundle = load_bundle(finished.best)
    assert bundle.meta == digits.meta
    logits = classify(bundle.network, digits.val.inputs[:7], bundle.meta, "cpu")
    assert logits.shape == (7, 10) and logits.dtype == np.float32
