"""The Optuna study on disk: Optuna's own journal, and the sampler that fills it."""

from __future__ import annotations

import optuna
from optuna.samplers import BaseSampler, RandomSampler, TPESampler
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

from tuning.experiment import Experiment
from tuning.plan import SearchPlan


def open_study(experiment: Experiment, plan: SearchPlan) -> optuna.Study:
    """Open the experiment's study, or create it."""
    optuna.logging.set_verbosity(optuna.logging.ERROR)  # the screen is ours
    path = str(experiment.journal)
    backend = JournalFileBackend(path, lock_obj=JournalFileOpenLock(path))
    storage = JournalStorage(backend)
    names = optuna.get_all_study_names(storage)
    study = optuna.create_study(
        study_name=names[0] if names else experiment.name,  # a folder may have been renamed
        storage=storage,
        direction="maximize" if plan.space.direction == "max" else "minimize",
        load_if_exists=True,
    )
    study.sampler = make_sampler(plan, len(study.get_trials(deepcopy=False)))
    return study


def make_sampler(plan: SearchPlan, known: int) -> BaseSampler:
    """The plan's sampler, seeded by the plan's seed and by how many trials are known already.

    With the plan's seed alone, a resumed search would draw its first random configurations again.

    TPE (Bergstra et al., NeurIPS 2011) models all parameters jointly, grouped because conditional
    ones exist only in some trials; a fifth of the trials are random starts, at least 4, at most 10.

    Args:
        known: trials that the study has already.
    """
    seed = plan.sampler_seed(known)
    match plan.sampler:
        case "tpe":
            starts = min(10, max(4, plan.space.trials // 5))
            return TPESampler(seed=seed, n_startup_trials=starts, multivariate=True, group=True)
        case "random":
            return RandomSampler(seed=seed)
    raise AssertionError(plan.sampler)  # the command line has checked it
