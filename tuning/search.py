"""Run a plan's trials: Ray Tune trains, Optuna proposes, the experiment's directory remembers."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from enum import Enum
from pathlib import Path
from typing import Any

import ray
from ray import tune

from search_spaces.find import module_of
from trainables.data.splits import Splits
from trainables.task import is_built_in
from tuning.deaths import DEATHS
from tuning.plan import SearchPlan
from tuning.schedulers import make_scheduler
from tuning.searcher import StudySearch
from tuning.sharing import shared
from tuning.trainable import trainable
from tuning.trial_run import TrialSettings


class Ending(Enum):
    """How a search ended."""

    DONE = "done"
    BUDGET = "time budget spent"
    INTERRUPTED = "interrupted"
    DISK_FULL = "the disk is full"


def run_trials(
    plan: SearchPlan,
    splits: Splits,
    searcher: StudySearch,
    settings: TrialSettings,
    started: float,
) -> Ending:
    """Run what is left of the plan's trials in a Ray session that is open.

    Args:
        splits: what trials train on; they get it without test.
        started: `time.monotonic()` of the search's start, from which its time budget counts.

    Raises:
        KeyboardInterrupt: the user wants it to stop at once.
    """
    here = plan.address is None
    stopper = _Stopper(plan.time_budget, started, searcher)
    if not is_built_in(plan.space.task):
        # Workers cannot import the user's file: its functions and classes travel whole.
        ray.cloudpickle.register_pickle_by_value(module_of(plan.space_name))
    per_trial = {"cpu": plan.cpus_per_trial, "gpu": plan.gpus_per_trial}
    # Where all nodes see it: on a cluster Tune wants that of its own directory too.
    scratch = _scratch(settings.root, Path(tempfile.gettempdir()) if here else plan.storage)
    try:
        data = shared(splits, None if here else scratch)
        shipped = tune.with_parameters(trainable(plan.space.task), data=data, settings=settings)
        tuner = tune.Tuner(
            tune.with_resources(shipped, per_trial),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=make_scheduler(plan, searcher.history),
                num_samples=-1,  # the searcher says when there are no more
                max_concurrent_trials=plan.concurrency,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.config["trial"],
            ),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=str(scratch),
                stop=stopper,
                callbacks=[searcher.deaths],
                failure_config=tune.FailureConfig(max_failures=DEATHS - 1),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                verbose=0,
            ),
        )
        tuner.fit()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if searcher.disk_full:
        return Ending.DISK_FULL
    if stopper.spent:
        return Ending.BUDGET
    return Ending.DONE if searcher.ended else Ending.INTERRUPTED


def _scratch(root: Path, parent: Path) -> Path:
    """A fresh directory for Ray's own records; those of a killed run of this experiment go."""
    prefix = f".run-search-{hashlib.sha256(str(root).encode()).hexdigest()[:12]}-"
    for old in parent.glob(f"{prefix}*"):
        shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))


class _Stopper(tune.Stopper):
    """Ends the search once its time is spent, but not before the first epoch of all is done.

    A full disk ends it at once.
    """

    def __init__(self, seconds: float | None, started: float, searcher: StudySearch) -> None:
        self._deadline = None if seconds is None else started + seconds
        self._searcher = searcher
        self._any_result = False
        self.spent = False  # and that is what has ended the search, not a Ctrl-C just before

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        self._any_result = True
        return False

    def stop_all(self) -> bool:
        late = self._deadline is not None and time.monotonic() >= self._deadline
        self.spent = self.spent or (self._any_result and late)
        return self._searcher.disk_full or self.spent
