"""Run a plan's trials: Ray Tune trains, Optuna proposes, the experiment's directory remembers."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import ray
from ray import tune
from ray.tune.schedulers import TrialScheduler

from search_spaces.find import module_of
from trainables.data.splits import Splits
from trainables.task import is_built_in
from tuning.deaths import DEATHS
from tuning.plan import SearchPlan
from tuning.searcher import TrialFeed
from tuning.sharing import shared
from tuning.trainable import trainable
from tuning.trial_run import TrialSettings


class Ending(Enum):
    """How a search, or a part of it, ended."""

    DONE = "done"
    BUDGET = "a budget spent"
    INTERRUPTED = "interrupted"
    DISK_FULL = "the disk is full"


def run_trials(
    plan: SearchPlan,
    splits: Splits,
    feed: TrialFeed,
    scheduler: TrialScheduler,
    settings: TrialSettings,
    is_over: Callable[[], bool],
) -> Ending:
    """Run what a feed has left, in a Ray session that is open.

    Args:
        splits: what trials train on; they get it without test.
        is_over: whether a budget is spent; asked often.

    Raises:
        KeyboardInterrupt: the user wants it to stop at once.
    """
    here = plan.address is None
    stopper = _Stopper(is_over, feed)
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
                search_alg=feed,
                scheduler=scheduler,
                num_samples=-1,  # the feed says when there are no more
                max_concurrent_trials=plan.concurrency,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.config["trial"],
            ),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=str(scratch),
                stop=stopper,
                callbacks=[feed.deaths],
                failure_config=tune.FailureConfig(max_failures=DEATHS - 1),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                verbose=0,
            ),
        )
        tuner.fit()
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    if feed.disk_full:
        return Ending.DISK_FULL
    if stopper.spent:
        return Ending.BUDGET
    return Ending.DONE if feed.ended else Ending.INTERRUPTED


def _scratch(root: Path, parent: Path) -> Path:
    """A fresh directory for Ray's own records; those of a killed run of this experiment go."""
    prefix = f".run-search-{hashlib.sha256(str(root).encode()).hexdigest()[:12]}-"
    for old in parent.glob(f"{prefix}*"):
        shutil.rmtree(old, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=prefix, dir=parent))


class _Stopper(tune.Stopper):
    """Ends all trials once a budget is spent, or the disk is full."""

    def __init__(self, is_over: Callable[[], bool], feed: TrialFeed) -> None:
        self._is_over = is_over
        self._feed = feed
        self.spent = False  # and that is what has ended the search, not a Ctrl-C just before

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        return False

    def stop_all(self) -> bool:
        self.spent = self.spent or self._is_over()
        return self._feed.disk_full or self.spent

    def __getstate__(self) -> dict[str, Any]:
        """Nothing: Tuner pickles what it is given for a restore that we never ask for."""
        return {}
