"""README's own task in one file: searched, exported, and imported again only when trusted."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis import load
from analysis.__main__ import main
from tuning.experiment import Experiment

ROOT = Path(__file__).resolve().parents[1]


def _run(*arguments: str | Path, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)], cwd=cwd, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With `stripes.py` from the README, and `results/mine` that it was searched into."""
    folder = tmp_path_factory.mktemp("own")
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    (example,) = (block for block in blocks if "SPACE = SearchSpace(" in block)
    (folder / "stripes.py").write_text(example)
    done = _run(
        *(ROOT / "run_search.py", "--space", "stripes.py", "--name", "mine", "--storage"),
        *("results", "--trials", "3", "--concurrency", "1", "--repeats", "1"),
        *("--tensorboard", "full", "--tensorboard-every", "2"),
        cwd=folder,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "own: noisy stripes" in done.stdout
    assert "predict results/mine IMAGE... --trust" in done.stdout
    return folder


@pytest.fixture
def experiment(folder: Path) -> Experiment:
    return Experiment(folder / "results" / "mine")


@pytest.fixture(scope="module")
def picture(folder: Path) -> Path:
    x, y = np.meshgrid(np.arange(12), np.arange(12))
    Image.fromarray((127 + 100 * np.sin(0.8 * (x + y))).astype(np.uint8)).save(folder / "rise.png")
    return folder / "rise.png"


def test_every_trial_trained_the_users_network(experiment: Experiment) -> None:
    results = load(experiment.root)
    assert len(results.trials) == 3 and set(results.trials["state"]) <= {"COMPLETE", "PRUNED"}
    assert {"config/hidden", "config/lr"} <= set(results.trials.columns)
    assert results.trials["score"].max() > 0.5


def test_its_network_is_shown_by_tensorboard(experiment: Experiment) -> None:
    shown = [d for d in experiment.trial_directories() if (d.root / "views").is_dir()]
    rest = {d.id for d in experiment.trials()} - {d.id for d in shown}
    assert rest == {"t0001"} and len(shown) > 2  # the finalists' re-runs too
    for directory in shown:
        views = directory.root / "views"
        assert {"graph.json", "confusion.png", "points.tsv", "sprites.png"} <= {
            path.name for path in views.iterdir()
        }
        assert "node" in json.loads((views / "graph.json").read_text())
        assert directory.events() and (directory.root / "projector_config.pbtxt").is_file()


def test_the_file_is_kept_with_its_hash(experiment: Experiment, folder: Path) -> None:
    original = (folder / "stripes.py").read_bytes()
    plan = json.loads(experiment.plan.read_text())
    assert plan["space_sha256"] == hashlib.sha256(original).hexdigest()
    assert experiment.space_file.read_bytes() == original
    assert (experiment.best / "space.py").read_bytes() == original


def test_the_export_is_imported_only_with_trust(experiment: Experiment, picture: Path) -> None:
    predict = ("-m", "analysis", "predict", experiment.root, picture)
    refused = _run(*predict)
    assert refused.returncode == 2 and refused.stdout == ""
    assert refused.stderr.count("\n") == 1 and "--trust" in refused.stderr
    assert str(experiment.best / "space.py") in refused.stderr
    trusted = _run(*predict, "--trust")
    assert trusted.returncode == 0, trusted.stderr
    assert "rising" in trusted.stdout and "falling" in trusted.stdout


def test_its_graph_is_no_code(
    experiment: Experiment, picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript")
    out = str(tmp_path / "graph")
    order = ["export", str(experiment.root), "--format", "onnx", "--out", out]
    assert main(order) == 2 and "--trust" in capsys.readouterr().err
    assert main([*order, "--trust"]) == 0
    assert not (tmp_path / "graph" / "space.py").exists()
    assert main(["predict", out, str(picture)]) == 0
    assert "rising" in capsys.readouterr().out


def test_showing_the_leaderboard_needs_no_trust(experiment: Experiment) -> None:
    shown = _run("-m", "analysis", "show", experiment.root)
    assert shown.returncode == 0 and "t0002" in shown.stdout


def test_a_changed_copy_is_refused_even_with_trust(
    experiment: Experiment, picture: Path, tmp_path: Path
) -> None:
    copy = experiment.best / "space.py"
    original = copy.read_bytes()
    marker = tmp_path / "was-imported"
    copy.write_bytes(original + f"\nopen({str(marker)!r}, 'w')\n".encode())
    try:
        refused = _run("-m", "analysis", "predict", experiment.root, picture, "--trust")
    finally:
        copy.write_bytes(original)
    assert refused.returncode == 2 and "SHA-256 differs" in refused.stderr
    assert not marker.exists()
