"""The search's trials: proposed by the study's sampler, and told to the study."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna import Study

from tuning.experiment import BASELINE, TrialStatus, trial_id
from tuning.plan import SearchPlan
from tuning.recorder import Recorder
from tuning.recovery import Begun, recover, report, tell
from tuning.warm_start import Imported, import_trials


class StudyTrials:
    """A `Source`: the baseline, the space's starts, then what the sampler proposes.

    Attributes:
        imported: what earlier experiments have given to the study just now; None: nothing.
    """

    def __init__(self, plan: SearchPlan, study: Study, recorder: Recorder) -> None:
        self._plan = plan
        self._study = study
        recovered = recover(plan, study, recorder)
        self.interrupted = recovered.interrupted
        self._asked = recovered.asked
        self._baseline_waits = not plan.baseline_in_study and not recovered.baseline_begun
        # By our id; not the baseline outside the study.
        self._optuna = {begun.name: begun.trial for begun in self.interrupted if begun.trial}
        if plan.baseline_in_study:
            self._enqueue(plan.space.baseline)
        for start in plan.space.starts:
            if plan.space.contains(start):
                self._enqueue(start)
        self.imported: Imported | None = None
        if plan.warm_start and not recovered.asked:
            self.imported = import_trials(study, plan.space, plan.warm_start)

    @property
    def left(self) -> int:
        return self._plan.space.trials - self._asked + self._baseline_waits

    def next(self) -> Begun:
        plan = self._plan
        if self._baseline_waits:
            self._baseline_waits = False
            return Begun(BASELINE, plan.trial_seed(-1), plan.space.baseline, spared=True)
        self._asked += 1
        trial = self._study.ask()
        config = plan.space.sample(trial)
        name = trial_id(trial.number)
        self._optuna[name] = trial
        return Begun(name, plan.trial_seed(trial.number), config, name == plan.baseline, trial)

    def report(self, name: str, result: Mapping[str, Any]) -> None:
        if name in self._optuna:
            report(self._optuna[name], result, self._plan.space.metric)

    def tell(self, status: TrialStatus) -> None:
        if status.trial in self._optuna:
            tell(self._study, self._optuna.pop(status.trial), status)

    def _enqueue(self, config: Mapping[str, Any]) -> None:
        searched = self._plan.space.searched(config)
        self._study.enqueue_trial(searched, skip_if_exists=True)
