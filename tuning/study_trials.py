"""The search's trials: proposed by the study's sampler, and told to the study."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from optuna import Study
from optuna.trial import Trial, TrialState, create_trial

from trainables.leg import Leg
from tuning.begun import Begun, Origin, alone
from tuning.constraints import Limits
from tuning.experiment import trial_id
from tuning.plan import SearchPlan
from tuning.recorder import Recorder
from tuning.recovery import (
    ORIGIN,
    heir_course,
    held,
    outside_baseline,
    recover,
    refuse,
    report,
    tell,
)
from tuning.status import TrialStatus
from tuning.warm_start import Imported, import_trials

MOST_REFUSED = 1000  # in a row, then there are none to be had


class StudyTrials:
    """A `Source`: the baseline, the space's starts, then what the sampler proposes.

    Args:
        limits: what breaks them is told to the study as refused, and another is asked for.

    Attributes:
        imported: what earlier experiments have given to the study just now; None: nothing.
        refused: proposals that broke a constraint, in all runs of the search.
        exhausted: so many were refused in a row that there will be no more.
        is_over: whether the search is to end; looked at before each proposal, for a thousand
            refused ones take minutes.
    """

    def __init__(self, plan: SearchPlan, study: Study, recorder: Recorder, limits: Limits) -> None:
        self._plan = plan
        self._study = study
        self._limits = limits
        self.exhausted = False
        self.is_over: Callable[[], bool] = lambda: False
        recovered = recover(plan, study, recorder, limits)
        self.refused = recovered.refused
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
            self.imported = import_trials(study, plan.space, plan.warm_start, limits)

    @property
    def left(self) -> int:
        if self.exhausted:
            return 0
        return self._plan.space.trials - self._asked + self._baseline_waits

    def next(self) -> Begun | None:
        plan = self._plan
        if self._baseline_waits:
            self._baseline_waits = False
            return outside_baseline(plan, self._limits)
        for _ in range(MOST_REFUSED):
            if self.is_over():
                return None
            trial = self._study.ask()
            config = plan.space.sample(trial)
            name = trial_id(trial.number)
            baseline = name == plan.baseline
            feasible = held(trial, self._limits.excess(config))
            if feasible or baseline:
                self._asked += 1
                self._optuna[name] = trial
                seed = plan.trial_seed(trial.number)
                return Begun(name, alone(seed, config), baseline, trial, feasible)
            refuse(self._study, trial)
            self.refused += 1
        self.exhausted = True
        return None

    @property
    def next_name(self) -> str:
        """The id that the study's next trial will have: nobody else writes to it."""
        return trial_id(len(self._study.get_trials(deepcopy=False)))

    def inherit(self, origin: Origin, parent: tuple[Leg, ...], config: dict[str, Any]) -> Begun:
        """A trial that goes on with another's weights; it stands for the one that it replaces."""
        searched = self._plan.space.searched(config)
        distributions = {name: self._plan.space.distributions[name] for name in searched}
        number = len(self._study.get_trials(deepcopy=False))
        # At once, where asking would leave it for a moment without its origin.
        self._study.add_trial(
            create_trial(
                state=TrialState.RUNNING,
                params=searched,
                distributions=distributions,
                user_attrs={ORIGIN: asdict(origin)},
            )
        )
        frozen = self._study.get_trials(deepcopy=False)[number]
        trial = Trial(self._study, frozen._trial_id)
        feasible = held(trial, self._limits.excess(config))
        name, seed = trial_id(number), self._plan.trial_seed(number)
        self._optuna[name] = trial
        course = heir_course(parent, origin, seed, config)
        return Begun(name, course, trial=trial, feasible=feasible, origin=origin)

    def report(self, name: str, result: Mapping[str, Any]) -> None:
        if name in self._optuna:
            report(self._study, self._optuna[name], result, self._plan.space.metric)

    def tell(self, status: TrialStatus) -> None:
        if status.trial in self._optuna:
            tell(self._study, self._optuna.pop(status.trial), status)

    def _enqueue(self, config: Mapping[str, Any]) -> None:
        searched = self._plan.space.searched(config)
        self._study.enqueue_trial(searched, skip_if_exists=True)
