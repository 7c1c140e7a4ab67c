"""What a sampler is shown of a study: trials that wait at rungs, and proposals that were refused.

A trial that waits is RUNNING in the study, for it may go on. A sampler would take it for one that
nothing is known of yet, or (TPE, so that trials side by side differ) for a bad one. It is shown as
what it is by now: stopped at its rung, with what it has reported, and as far beyond a constraint.

Of proposals that broke a constraint the latest are shown, some for each trial that kept them all.
TPE holds the best tenth against the rest, and where fewer are feasible it fills that tenth with
those that break a constraint least; after hundreds of them it would propose nothing else.

Of a population no heir is shown: its score is not that of its settings alone.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Container, Mapping, Sequence
from typing import Any

from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from tuning.experiment import trial_id
from tuning.recovery import ORIGIN, REFUSED

REFUSED_FOR_EACH = 8  # that was not: a tenth of both is no more than those


class Shown(BaseSampler):
    """Another sampler that is shown waiting trials as PRUNED, not every refusal, and no heir.

    Args:
        waiting: () -> the ids of those that wait.
        excess: (id) -> by constraint, how far one that waits is beyond it.
    """

    def __init__(
        self,
        sampler: BaseSampler,
        waiting: Callable[[], Collection[str]] = tuple,
        excess: Callable[[str], Mapping[str, float]] = lambda name: {},
    ) -> None:
        self._sampler = sampler
        self._waiting = waiting
        self._excess = excess

    def infer_relative_search_space(
        self, study: Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._sampler.infer_relative_search_space(self._view(study), trial)

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        return self._sampler.sample_relative(self._view(study), trial, search_space)

    def sample_independent(
        self,
        study: Study,
        trial: FrozenTrial,
        param_name: str,
        param_distribution: BaseDistribution,
    ) -> Any:
        view = self._view(study)
        return self._sampler.sample_independent(view, trial, param_name, param_distribution)

    def before_trial(self, study: Study, trial: FrozenTrial) -> None:
        self._sampler.before_trial(self._view(study), trial)

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,
        values: Sequence[float] | None,
    ) -> None:
        self._sampler.after_trial(self._view(study), trial, state, values)

    def reseed_rng(self) -> None:
        self._sampler.reseed_rng()

    def _view(self, study: Study) -> Study:
        return _View(study, {name: self._excess(name) for name in self._waiting()})


class _View(Study):
    """A study, the same in all but what it says of some trials."""

    def __init__(self, study: Study, waiting: Mapping[str, Mapping[str, float]]) -> None:
        vars(self).update(vars(study))
        self._shown_as_stopped = waiting

    def _get_trials(
        self,
        deepcopy: bool = True,
        states: Container[TrialState] | None = None,
        use_cache: bool = False,
    ) -> list[FrozenTrial]:
        trials = super()._get_trials(deepcopy=False, use_cache=use_cache)
        own = [trial for trial in trials if ORIGIN not in trial.user_attrs]
        shown = [self._shown(trial) for trial in _without_most_refused(own)]
        asked = [trial for trial in shown if states is None or trial.state in states]
        return copy.deepcopy(asked) if deepcopy else asked

    def _shown(self, trial: FrozenTrial) -> FrozenTrial:
        if trial.state != TrialState.RUNNING:
            return trial
        excess = self._shown_as_stopped.get(trial_id(trial.number))
        if excess is None:
            return trial
        stopped = copy.copy(trial)
        stopped.state = TrialState.PRUNED
        if excess:
            told = create_trial(state=TrialState.PRUNED, constraints=dict(excess))
            stopped.system_attrs = trial.system_attrs | told.system_attrs
        return stopped


def _without_most_refused(trials: list[FrozenTrial]) -> list[FrozenTrial]:
    refused = [trial.number for trial in trials if REFUSED in trial.user_attrs]
    if not refused:
        return trials
    kept = sum(trial.state.is_finished() for trial in trials) - len(refused)
    hidden = set(refused[: -REFUSED_FOR_EACH * max(1, kept)])
    return [trial for trial in trials if trial.number not in hidden]
