"""Run a plan's trials: Ray Tune trains, Optuna proposes, the experiment's directory remembers."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
import ray
from ray import tune

from search_spaces.find import module_of
from trainables.data.splits import Splits
from trainables.task import is_built_in
from tuning.plan import SearchPlan
from tuning.schedulers import make_scheduler
from tuning.searcher import StudySearch
from tuning.trainable import trainable
from tuning.trial_run import TrialSettings

SHARED_MOST = 0.3  # of memory: larger arrays stay on disk, mapped, instead of the object store
_RETRIES = 1


def run_trials(
    plan: SearchPlan,
    splits: Splits,
    searcher: StudySearch,
    settings: TrialSettings,
    started: float,
) -> bool:
    """Run the plan's trials in a Ray session that is open.

    Args:
        splits: what trials train on; they get it without test.
        started: `time.monotonic()` of the search's start, from which its time budget counts.

    Returns:
        whether the time budget ended it.
    """
    budget = _TimeBudget(plan.time_budget, started)
    if not is_built_in(plan.space.task):
        # Workers cannot import the user's file: its functions and classes travel whole.
        ray.cloudpickle.register_pickle_by_value(module_of(plan.space_name))
    per_trial = {"cpu": plan.cpus_per_trial, "gpu": plan.gpus_per_trial}
    shipped = tune.with_parameters(
        trainable(plan.space.task), data=shared(splits), settings=settings
    )
    scratch = Path(tempfile.mkdtemp(prefix="run-search-"))
    try:
        tuner = tune.Tuner(
            tune.with_resources(shipped, per_trial),
            tune_config=tune.TuneConfig(
                search_alg=searcher,
                scheduler=make_scheduler(plan),
                num_samples=plan.space.trials + (not plan.baseline_in_study),
                max_concurrent_trials=plan.concurrency,
                reuse_actors=True,
                trial_dirname_creator=lambda trial: trial.config["trial"],
            ),
            run_config=tune.RunConfig(
                name="tune",
                storage_path=str(scratch),
                stop=budget,
                failure_config=tune.FailureConfig(max_failures=_RETRIES),
                checkpoint_config=tune.CheckpointConfig(checkpoint_at_end=False),
                verbose=0,
            ),
        )
        tuner.fit()
    except KeyboardInterrupt:
        return False
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return budget.spent


class _TimeBudget(tune.Stopper):
    """Ends the search once its time is spent, but not before the first epoch of all is done."""

    def __init__(self, seconds: float | None, started: float) -> None:
        self._deadline = None if seconds is None else started + seconds
        self._any_result = False

    @property
    def spent(self) -> bool:
        return self._deadline is not None and time.monotonic() >= self._deadline

    def __call__(self, trial_id: str, result: dict[str, Any]) -> bool:
        self._any_result = True
        return False

    def stop_all(self) -> bool:
        return self._any_result and self.spent


def shared(splits: Splits) -> Splits | Path:
    """What is handed to Ray: the arrays for its object store, one copy a node, or their path."""
    too_large = splits.nbytes > SHARED_MOST * psutil.virtual_memory().total
    if too_large and splits.entry is not None:
        return splits.entry
    return splits.closed()
