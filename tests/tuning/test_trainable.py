"""A task as an ordinary Tune trainable: nothing of one trial reaches the next in its process."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.tuning.rehearsal import Rehearsal
from trainables.data.splits import Splits
from trainables.mnist_cnn import TASK
from tuning.trainable import trainable
from tuning.trial_run import TrialSettings

ROOT = Path(__file__).resolve().parents[2]
CHEAP = {"batch_size": 128, "conv1": 4, "conv2": 4, "hidden": 16, "epochs": 2}
FIRST = {**CHEAP, "lr": 0.01, "dropout": 0.3, "rotate": 10.0, "seed": 3}
OTHER = {**CHEAP, "lr": 0.1, "optimizer": "sgd", "schedule": "one_cycle", "hidden": 8, "seed": 4}


def with_data(splits: Splits, settings: TrialSettings | None = None) -> type:
    """What `tune.with_parameters` makes, without an object store."""

    class WithData(trainable(TASK)):  # type: ignore[misc]
        def setup(self, config: dict[str, Any]) -> None:
            super().setup(config, data=splits.closed(), settings=settings)

    return WithData


def armed_with(trial: str, config: dict[str, Any]) -> dict[str, Any]:
    """What a search suggests."""
    legs = [{"start": 0, "seed": 1, "config": config}]
    return {"trial": trial, "spared": False, "legs": legs}


def scores(actor: Any) -> list[tuple[float, float]]:
    found = []
    done = False
    while not done:
        result = actor.train()
        found.append((result["val_loss"], result["val_accuracy"]))
        done = result["done"]
    return found


def test_a_reused_actor_scores_as_a_fresh_one(digits: Splits) -> None:
    fresh = scores(with_data(digits)(dict(FIRST)))
    actor = with_data(digits)(dict(OTHER))
    assert scores(actor) != fresh
    torch.set_num_threads(2)
    torch.rand(1000)  # whatever ran in between
    assert actor.reset(dict(FIRST))
    assert scores(actor) == fresh
    assert actor.reset(dict(FIRST))
    assert scores(actor) == fresh


def test_a_reset_lets_go_of_the_trial_before(digits: Splits) -> None:
    actor = with_data(digits)(dict(FIRST))
    actor.train()
    module = weakref.ref(actor._trainer.module)
    actor.reset(dict(OTHER))
    gc.collect()
    assert module() is None


def test_save_and_restore_goes_on_exactly(digits: Splits, tmp_path: Path) -> None:
    whole = scores(with_data(digits)(dict(FIRST)))
    actor = with_data(digits)(dict(FIRST))
    actor.train()
    actor.save_checkpoint(str(tmp_path))
    other = with_data(digits)(dict(OTHER))
    other.train()
    other.reset(dict(FIRST))
    other.load_checkpoint(str(tmp_path))
    assert scores(other) == whole[1:]


def test_arming_touches_no_file(digits: Splits, rehearse: Callable[..., Rehearsal]) -> None:
    search = rehearse()
    before = sorted(search.experiment.root.rglob("*"))
    armed = armed_with("t0000", {"lr": "no number"})
    actor: Any = with_data(digits, search.settings)(dict(armed))
    assert actor.reset({**armed, "trial": "t0001"})
    assert sorted(search.experiment.root.rglob("*")) == before


def test_an_error_is_written_to_the_trial(
    digits: Splits, rehearse: Callable[..., Rehearsal]
) -> None:
    search = rehearse()
    armed = armed_with("t0003", {"lr": -1.0})
    actor: Any = with_data(digits, search.settings)(armed)
    with pytest.raises(ValueError, match=r"lr=-1\.0"):
        actor.train()
    text = search.experiment.trial("t0003").error.read_text()
    assert text.startswith("ValueError: lr=-1.0: must be") and "\n\nTraceback" in text


def test_a_diverging_trial_is_no_error_but_says_so(
    digits: Splits, rehearse: Callable[..., Rehearsal]
) -> None:
    search = rehearse()
    wild = {"optimizer": "sgd", "lr": 10.0, "momentum": 0.99, "weight_decay": 1.0}
    parameters = {**CHEAP, **wild, "batch_size": 16, "epochs": 9}
    armed = armed_with("t0003", parameters)
    actor: Any = with_data(digits, search.settings)(armed)
    while not (result := actor.train())["done"]:
        pass
    assert "non-finite" in result["diverged"]
    assert result["val_accuracy"] != result["val_accuracy"]
    assert f"epoch {result['epoch']}" in result["diverged"]


def test_a_plain_tuner_of_ones_own(tmp_path: Path) -> None:
    """The docstring's six lines, on files where a download would have put them; actors reused."""
    script = tmp_path / "mine.py"
    script.write_text(_SCRIPT)
    command = [sys.executable, str(script), str(ROOT), str(tmp_path)]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    *_, last = done.stdout.splitlines()
    first, other, again = last.split()
    assert first == again
    assert first != other


_SCRIPT = """
import os, struct, sys
sys.path.insert(0, sys.argv[1])
os.environ["PYTHONPATH"] = sys.argv[1]
os.environ["XDG_CACHE_HOME"] = sys.argv[2] + "/cache"
os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
import numpy as np, ray
from ray import tune
from trainables.data.request import cache_directory
from trainables.mnist_cnn import TASK
from tuning.trainable import trainable

raw = cache_directory() / "downloads" / "MNIST" / "MNIST" / "raw"
raw.mkdir(parents=True)
rng = np.random.default_rng(0)
for part, count in (("train", 300), ("t10k", 50)):
    labels = (np.arange(count) % 4).astype(np.uint8)
    images = rng.integers(0, 99, (count, 28, 28)).astype(np.uint8) + labels[:, None, None] * 30
    for name, array in (("images-idx3", images), ("labels-idx1", labels)):
        header = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        (raw / f"{part}-{name}-ubyte").write_bytes(header + array.tobytes())
ray.init(address="local", num_cpus=1, include_dashboard=False, log_to_driver=False)
space = {"lr": tune.grid_search([1e-3, 1e-2, 1e-3]), "batch_size": 64, "hidden": 8, "epochs": 2}
config = tune.TuneConfig(metric="val_loss", mode="min", reuse_actors=True)
run = tune.RunConfig(storage_path=sys.argv[2] + "/ray", verbose=0)
tuner = tune.Tuner(trainable(TASK), param_space=space, tune_config=config, run_config=run)
results = tuner.fit()
assert not results.errors, results.errors
assert [r.metrics["training_iteration"] for r in results] == [2, 2, 2]
print()
print(*(repr(r.metrics["val_loss"]) for r in results))
"""


def test_a_worker_imports_without_looking_for_garbage() -> None:
    script = (
        "import gc\n"
        "looked = []\n"
        "gc.callbacks.append(lambda phase, info: looked.append(phase))\n"
        "import tuning.trainable\n"
        "print(len(looked), gc.isenabled(), gc.get_freeze_count() > 100_000)"
    )
    run = [sys.executable, "-c", script]
    done = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True)
    collections, collects, frozen = done.stdout.split()
    assert int(collections) < 20 and (collects, frozen) == ("True", "True")
