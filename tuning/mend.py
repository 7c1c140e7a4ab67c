"""Clear up what a killed run left half-written, before the search goes on."""

from __future__ import annotations

import shutil

from trainables.files import cut_torn_line, relative
from tuning.experiment import Experiment
from tuning.view_files import ViewFiles


def mend(experiment: Experiment) -> list[str]:
    """Cut torn lines, and remove stale locks and temporary files.

    Only the experiment's owner may, and only once the last run's workers are shut out. A half-line
    in Optuna's journal would swallow the next one and make the study unreadable; a lock left on it
    would cost half a minute.

    Returns:
        what a person should know was cut, a line each.
    """
    said = []
    results = [directory.results for directory in experiment.trial_directories()]
    for path in (experiment.journal, experiment.test_openings, *results):
        if cut_torn_line(path):
            said.append(f"{relative(path)}: its last line was torn, and is cut")
    for lock in experiment.root.glob(f"{experiment.journal.name}.lock*"):
        lock.unlink()
        said.append(f"{relative(lock)}: a lock left behind, cleared")
    trials = [directory.root for directory in experiment.trial_directories()]
    folders = [experiment.root, *trials, *(ViewFiles(trial).folder for trial in trials)]
    for path in (path for folder in folders for path in folder.glob(".*.tmp")):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return said
