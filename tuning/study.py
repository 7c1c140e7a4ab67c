"""The Optuna study on disk: Optuna's own journal."""

from __future__ import annotations

from collections.abc import Mapping

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from tuning.experiment import Experiment
from tuning.plan import SearchPlan
from tuning.rungs import Rungs
from tuning.samplers import make_sampler
from tuning.shown import Shown
from tuning.status import TrialStatus


def open_study(
    experiment: Experiment,
    plan: SearchPlan,
    statuses: Mapping[str, TrialStatus],
    rungs: Rungs | None = None,
) -> optuna.Study:
    """Open the experiment's study, or create it.

    Args:
        statuses: of the trials, as they are at any time.
        rungs: that trials wait at, of which its sampler must know.
    """
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # the screen is ours
    path = str(experiment.journal)
    backend = JournalFileBackend(path, lock_obj=JournalFileOpenLock(path))
    storage = JournalStorage(backend)
    names = optuna.get_all_study_names(storage)
    study = optuna.create_study(
        study_name=names[0] if names else experiment.name,  # a folder may have been renamed
        storage=storage,
        directions=[
            "maximize" if direction == "max" else "minimize"
            for direction in [aim.direction for aim in plan.objectives] or [plan.space.direction]
        ],
        load_if_exists=True,
    )
    known = len(study.get_trials(deepcopy=False))
    study.sampler = make_sampler(
        plan.sampler, plan.space.trials, seed=plan.seed, fresh_seed=plan.sampler_seed(known)
    )
    if rungs is not None or plan.constraints or plan.scheduler == "pbt":
        waiting = rungs.waiting if rungs is not None else tuple
        study.sampler = Shown(study.sampler, waiting, lambda name: statuses[name].excess)
    return study
