"""`python -m analysis export`, and what is done with a model from its directory alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from filelock import FileLock
from PIL import Image

from analysis.__main__ import main
from tests.analysis.asked import refusal, said
from trainables.data.splits import Splits
from trainables.files import read_json, sha256, write_json
from trainables.mnist_cnn import TASK
from trainables.trainer import load_tensors
from tuning.experiment import Experiment

Screen = pytest.CaptureFixture[str]
BESIDE = {"config.json", "metrics.json", "MODEL_CARD.md", "versions.json", "SHA256SUMS"}


def contents(root: Path) -> dict[Path, str]:
    return {p: sha256(p.read_bytes()) for p in root.rglob("*") if p.is_file()}


@pytest.fixture(scope="module")
def away(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where exports are copied to, and nothing else lies."""
    return tmp_path_factory.mktemp("away")


@pytest.fixture(scope="module")
def experiment(finished: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    root = tmp_path_factory.mktemp("exporting") / "digits"
    shutil.copytree(finished.root, root)
    return Experiment(root)


@pytest.fixture(scope="module")
def beaten(experiment: Experiment) -> str:
    """Which of the two that ended did not win: that is up to the processor's rounding."""
    (beaten,) = {"t0000", "t0003"} - {read_json(experiment.best / "metrics.json")["trial"]}
    return beaten


@pytest.fixture(scope="module")
def picture(digits: Splits, away: Path) -> Path:
    Image.fromarray(digits.val.inputs[0, ..., 0]).save(away / "digit.png")
    return away / "digit.png"


@pytest.fixture(scope="module")
def onnx(experiment: Experiment, away: Path) -> Path:
    """The winner, exported to its default place, then copied away from its experiment."""
    pytest.importorskip("onnxscript")
    trial = read_json(experiment.best / "metrics.json")["trial"]
    line = said("export", experiment.root, "--format", "onnx")
    assert re.search(
        r"onnx, 0\.\d\d MB; loaded in .* 100 val inputs .*the same class for all", line
    )
    (made,) = experiment.exports.iterdir()
    assert made.name == f"{trial}-onnx" and trial in line and str(made) in line
    return Path(shutil.copytree(made, away / "onnx"))


def test_what_an_export_holds(onnx: Path, experiment: Experiment) -> None:
    assert {path.name for path in onnx.iterdir()} == {*BESIDE, "model.onnx"}
    metrics, best = read_json(onnx / "metrics.json"), read_json(experiment.best / "metrics.json")
    export = metrics.pop("export")
    assert metrics == best
    assert (export["format"], export["inputs"], export["same_class"]) == ("onnx", 100, True)
    assert 0 < export["max_abs_difference"] <= export["tolerance"] == 1e-4
    versions = read_json(onnx / "versions.json")["exported"]
    assert {"torch", "onnx", "onnxruntime"} <= versions.keys() and export["versions"].items() <= {
        *versions.items()
    }
    config = read_json(onnx / "config.json")
    assert config["inputs"][0]["shape"] == ["batch", 28, 28, 1] and config["format"] == "onnx"


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="sha256sum: not on this system")
def test_coreutils_checks_the_sums(onnx: Path, finished: Experiment) -> None:
    for directory, model in ((onnx, "model.onnx"), (finished.best, "model.pt")):
        command = ["sha256sum", "--strict", "-c", "SHA256SUMS"]
        done = subprocess.run(command, cwd=directory, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        checked = {line.partition(":")[0] for line in done.stdout.splitlines()}
        assert checked == {*BESIDE, model} - {"SHA256SUMS"}


def test_the_best_model_has_its_card(finished: Experiment) -> None:
    card = (finished.best / "MODEL_CARD.md").read_text()
    metrics = read_json(finished.best / "metrics.json")
    for told in (metrics["val"], metrics["test"], metrics["baseline"]["val"]):
        low, high = told["interval"]
        assert f"{told['accuracy']:.4f} ({low:.4f} to {high:.4f})" in card
    assert "stand-in: scikit-learn's handwritten digits" in card
    assert "5 trials (3 done, 1 stopped early, 1 failed)" in card
    assert "Test had been opened 1 time" in card


def test_the_cards_lines_load_it(
    onnx: Path, finished: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for directory in (onnx, finished.best):
        card = (directory / "MODEL_CARD.md").read_text()
        (lines,) = re.findall(r"```python\n(.*?)\n```", card, re.DOTALL)
        assert len(lines.splitlines()) == 3
        monkeypatch.chdir(directory)
        scope: dict[str, Any] = {}
        exec(lines, scope)
        assert scope["logits"].shape == (1, 10) and np.isfinite(scope["logits"]).all()


def test_predict_from_the_directory_alone(
    onnx: Path,
    finished: Experiment,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Screen,
) -> None:
    assert said("predict", onnx, picture) == said("predict", finished.root, picture)
    assert "generate: not for mnist_cnn" in refusal(capsys, "generate", onnx)
    monkeypatch.setattr("analysis.export.formats.importlib.util.find_spec", lambda name: None)
    line = refusal(capsys, "predict", onnx, picture)
    assert "model.onnx: needs onnxruntime, not installed here: pip install" in line


def test_a_damaged_file_is_named(onnx: Path, tmp_path: Path, picture: Path, capsys: Screen) -> None:
    for name in ("model.onnx", "config.json", "SHA256SUMS"):
        damaged = Path(shutil.copytree(onnx, tmp_path / name))
        content = (damaged / name).read_bytes()
        (damaged / name).write_bytes(bytes([content[0] ^ 0x80]) + content[1:])  # one bit
        assert name in (line := refusal(capsys, "predict", damaged, picture))
        assert "no exported model" in line
        assert name == "SHA256SUMS" or "its SHA-256 is not the one in SHA256SUMS" in line


def test_an_archive_that_may_hold_code_is_opened_when_trusted(
    experiment: Experiment, away: Path, picture: Path, capsys: Screen
) -> None:
    said("export", experiment.root, "--format", "pt2", "--out", away / "archive")
    assert {path.name for path in (away / "archive").iterdir()} == {*BESIDE, "model.pt2"}
    assert "is a program" in refusal(capsys, "predict", away / "archive", picture)
    trusted = said("predict", away / "archive", picture, "--trust")
    assert trusted == said("predict", experiment.root, picture)


def test_a_finished_trial_while_the_search_runs(
    experiment: Experiment, beaten: str, tmp_path: Path
) -> None:
    experiment.owner_lock.touch()
    before = contents(experiment.root)
    with FileLock(experiment.owner_lock):
        assert experiment.is_owned
        how = ("--trial", beaten, "--format", "safetensors", "--out", tmp_path / "new" / "one")
        assert f"Exported {beaten}" in said("export", experiment.root, *how)
    assert contents(experiment.root) == before
    safetensors = pytest.importorskip("safetensors.torch")
    found = safetensors.load_file(tmp_path / "new" / "one" / "model.safetensors")
    wanted = load_tensors(experiment.trial(beaten).best)
    assert found.keys() == wanted.keys()
    assert all(np.array_equal(found[name], wanted[name]) for name in wanted)
    metrics = read_json(tmp_path / "new" / "one" / "metrics.json")
    status = experiment.trial(beaten).read_status()
    assert (metrics["val"]["accuracy"], metrics["seed"]) == (status.score, status.seed)
    of_baseline = experiment.trial("baseline").read_status().score
    assert metrics["baseline"]["val"] == {"accuracy": of_baseline}
    assert (
        metrics["test"] is None
        and "Test was not opened for this model"
        in (tmp_path / "new" / "one" / "MODEL_CARD.md").read_text()
    )


def test_what_says_something_else_is_not_exported(
    experiment: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Screen
) -> None:
    from safetensors.torch import save_file

    def rounded(weights: dict[str, Any], path: Path) -> None:
        save_file({name: w.half().float() for name, w in weights.items()}, path)

    monkeypatch.setattr("analysis.export.convert.save_file", rounded)
    out = tmp_path / "deep" / "er"
    order = ["export", str(experiment.root), "--format", "safetensors", "--out", str(out)]
    assert main(order) == 1
    printed = capsys.readouterr()
    assert printed.out == "" and "NOT exported: " in printed.err and "100 val" in printed.err
    assert not list(tmp_path.iterdir())


def test_a_task_that_says_nothing_of_raw_inputs(
    experiment: Experiment,
    beaten: str,
    tmp_path: Path,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Screen,
) -> None:
    silent = replace(TASK.scoring, portable=None)
    monkeypatch.setattr("trainables.mnist_cnn.TASK", replace(TASK, scoring=silent))
    order = ("export", experiment.root, "--trial", beaten, "--out", tmp_path / "out", "--format")
    assert "mnist_cnn has no `portable`" in refusal(capsys, *order, "onnx")
    assert not list(tmp_path.iterdir())
    assert "100 val inputs" in said(*order, "pt")
    assert "holds weights alone" in (tmp_path / "out" / "MODEL_CARD.md").read_text()
    alone = said("predict", tmp_path / "out", picture)  # by the outputs that it is scored by
    monkeypatch.undo()
    assert said("predict", tmp_path / "out", picture) == alone
    features = replace(silent, outputs=lambda *given: np.ones((1, 3), np.float32))
    monkeypatch.setattr("trainables.mnist_cnn.TASK", replace(TASK, scoring=features))
    line = refusal(capsys, "predict", tmp_path / "out", picture)
    assert "not a number for each class" in line


def test_outputs_that_portable_does_not_know_of(
    experiment: Experiment,
    tmp_path: Path,
    picture: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Screen,
) -> None:
    def outputs(network: Any, part: Any, meta: Any, device: str) -> np.ndarray:
        return -TASK.scoring.outputs(network, part, meta, device)

    usual = said("predict", experiment.root, picture)
    task = replace(TASK, scoring=replace(TASK.scoring, outputs=outputs))
    monkeypatch.setattr("trainables.mnist_cnn.TASK", task)
    order = ["export", str(experiment.root), "--out", str(tmp_path / "out"), "--format"]
    assert main([*order, "pt"]) == 1
    assert "which its `portable` does not agree with" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
    assert said("predict", experiment.root, picture) != usual


def test_refusals(
    copy: Callable[[], Experiment],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Screen,
) -> None:
    experiment = copy()
    before = contents(tmp_path)

    def line(*options: object) -> str:
        return refusal(capsys, "export", experiment.root, *options)

    pt = ("--format", "pt")
    assert "it has no best/" in line(*pt)
    assert "--trial t0009: no such trial" in line(*pt, "--trial", "t0009")
    assert "--trial t0002: failed, and has no model (non-finite" in line(*pt, "--trial", "t0002")
    assert "error: --format: invalid choice: 'tflite'" in line("--format", "tflite")
    (tmp_path / "file").touch()
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    given = (*pt, "--trial", "t0003", "--out")
    assert "is a file" in line(*given, tmp_path / "file")
    assert "holds 'thesis.tex'" in line(*given, tmp_path / "full")
    assert "the search's own" in line(*given, experiment.root / "trials")
    assert "the search's own" in line(*given, experiment.root)
    monkeypatch.setattr("analysis.export.formats.importlib.util.find_spec", lambda name: None)
    asked = line("--format", "onnx", "--trial", "t0003")
    assert "not installed" in asked and "pip install" in asked and "[onnx]" in asked
    monkeypatch.undo()
    again = f"python -m analysis replay {experiment.root} t0003 --keep"
    experiment.trial("t0003").best.unlink()
    assert again in line(*pt, "--trial", "t0003")
    status = experiment.trial("t0001").root / "status.json"
    write_json(status, read_json(status) | {"score": None, "cause": "asked to"})
    told = "--trial t0001: was stopped before its first epoch ended, and has no model (asked to)"
    assert told in line(*pt, "--trial", "t0001")
    write_json(status, read_json(status) | {"state": "RUNNING"})
    assert "--trial t0001: has not ended" in line(*pt, "--trial", "t0001")
    with FileLock(experiment.owner_lock):
        assert "still being trained" in line(*pt, "--trial", "t0001")
    write_json(experiment.plan, read_json(experiment.plan) | {"layout": 1})
    assert "written by an older version of run_search" in line(*pt, "--trial", "t0000")
    assert not experiment.exports.exists() and before.keys() - contents(tmp_path).keys() == {
        experiment.trial("t0003").best
    }
