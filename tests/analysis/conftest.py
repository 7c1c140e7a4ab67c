"""One finished experiment for the tests of `analysis`, made without Ray."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from analysis.export.rescore import FreshProcess
from analysis.handover import hand_over
from tests.tuning.rehearsal import Rehearsal, cheap_plan
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.files import write_json
from trainables.mnist_cnn import TASK
from tuning.experiment import Experiment


@pytest.fixture(scope="session")
def digits() -> Splits:
    """scikit-learn's digits, as `--data embedded` has them."""
    return TASK.load(DataRequest("embedded"))


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory, digits: Splits) -> Experiment:
    """Not handed over: t0000, t0003 done, t0001 stopped, t0002 failed after an epoch."""
    logged = {"tensorboard": "full", "tensorboard_every": 3}  # the baseline, t0000 and t0003
    search = Rehearsal(
        cheap_plan(tmp_path_factory.mktemp("trained"), "lr=5e-3..5e-2:log", **logged)
    )
    write_json(search.experiment.plan, search.plan.to_json(digits))
    baseline, complete, pruned, failed, last = (search.begin() for _ in range(5))
    assert baseline and complete and pruned and failed and last
    search.train(baseline, digits)
    search.train(complete, digits)
    search.train(pruned, digits, epochs=1)
    search.work(failed, 1, 0.99)
    search.end(failed, {"diverged": "non-finite training loss", "val_accuracy": float("nan")})
    search.train(last, digits)
    return search.experiment


@pytest.fixture(scope="session")
def finished(
    trained: Experiment, digits: Splits, tmp_path_factory: pytest.TempPathFactory
) -> Experiment:
    """Handed over, test opened; only to be read."""
    root = tmp_path_factory.mktemp("results") / "finished"
    shutil.copytree(trained.root, root)
    with FreshProcess() as fresh:
        assert hand_over(Experiment(root), digits, fresh, open_test=True)
    return Experiment(root)


@pytest.fixture
def copy(trained: Experiment, tmp_path: Path) -> Callable[[], Experiment]:
    """() -> the experiment that is not handed over, to be changed."""

    def make() -> Experiment:
        shutil.copytree(trained.root, tmp_path / "copy")
        return Experiment(tmp_path / "copy")

    return make
