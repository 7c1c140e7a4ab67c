"""What Optuna is asked and told, in Ray Tune's terms.

Ray's own OptunaSearch tells a stopped trial as COMPLETE, drops the last report and leaves a trial
that reported NaN in RUNNING. Here the study hears the truth: COMPLETE at its best value, PRUNED at
the step it reached, FAIL.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from optuna import Study
from optuna.trial import Trial, TrialState
from ray.tune.search import Searcher

from tuning.experiment import BASELINE
from tuning.experiment import trial_id as name_of  # Ray's Searcher says trial_id for its own
from tuning.plan import SearchPlan
from tuning.recorder import Recorder


class StudySearch(Searcher):
    """Feeds Tune from a study: the baseline, the space's starts, then what the sampler proposes.

    A suggestion is `{trial, seed, is_baseline, parameters}`, as `TaskTrainable` takes it.
    """

    def __init__(self, plan: SearchPlan, study: Study, recorder: Recorder) -> None:
        super().__init__(metric=plan.space.metric, mode=plan.space.direction)
        self._plan = plan
        self._study = study
        self._recorder = recorder
        self._asked = 0
        self._ids: dict[str, str] = {}  # Ray's trial id -> ours
        self._optuna: dict[str, Trial] = {}  # by our id; not the baseline outside the study
        self._baseline_waits = not plan.baseline_in_study
        if plan.baseline_in_study:
            self._enqueue(plan.space.baseline)
        for start in plan.space.starts:
            if plan.space.contains(start):
                self._enqueue(start)

    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        if self._baseline_waits:
            self._baseline_waits = False
            return self._begin(trial_id, BASELINE, -1, self._plan.space.baseline, True)
        if self._asked == self._plan.space.trials:
            return Searcher.FINISHED
        self._asked += 1
        trial = self._study.ask()
        config = self._plan.space.sample(trial)
        name = name_of(trial.number)
        self._optuna[name] = trial
        is_baseline = trial.number == 0 and self._plan.baseline_in_study
        return self._begin(trial_id, name, trial.number, config, is_baseline)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        self._catch_up(self._ids[trial_id])

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        name = self._ids[trial_id]
        if self._recorder.statuses[name].state != "RUNNING":
            return
        self._catch_up(name)
        if error:
            self._end(name, TrialState.FAIL, self._recorder.cause_of_death(name))
        elif result and "failed" in result:
            self._recorder.write_error(name, result["failed"])
            self._end(name, TrialState.FAIL, result["failed"])
        elif result and result.get("finished"):
            self._end(name, TrialState.COMPLETE, "")
        else:
            self._end(name, TrialState.PRUNED, f"stopped early by {self._plan.scheduler}")

    def close(self, cause: str | None) -> None:
        """Take in what trials still running have recorded; their workers must be gone.

        Args:
            cause: tell them as PRUNED at their last epoch, for this cause; None leaves them
                RUNNING in the study.
        """
        for name, status in list(self._recorder.statuses.items()):
            if status.state == "RUNNING":
                self._recorder.settle(name)
                self._catch_up(name)
                if cause is None:
                    continue
                finished = self._recorder.statuses[name].epochs >= self._plan.space.epochs
                if finished:
                    self._end(name, TrialState.COMPLETE, "")
                else:
                    self._end(name, TrialState.PRUNED, cause)

    @property
    def ended(self) -> bool:
        """Whether every trial asked for was begun, and none is left running."""
        asked = self._asked == self._plan.space.trials and not self._baseline_waits
        return asked and self.idle

    @property
    def idle(self) -> bool:
        """Whether no trial is running."""
        return all(status.state != "RUNNING" for status in self._recorder.statuses.values())

    def save(self, checkpoint_path: str) -> None:
        """Nothing: the journal is the state, and no study is ever pickled."""

    def restore(self, checkpoint_path: str) -> None:
        """Nothing: see `save`."""

    def __getstate__(self) -> dict[str, Any]:
        """Nothing either: Tuner pickles what it is given for a restore that we never ask for."""
        return {}

    def _enqueue(self, config: Mapping[str, Any]) -> None:
        searched = self._plan.space.searched(config)
        self._study.enqueue_trial(searched, skip_if_exists=True)

    def _begin(
        self, ray_id: str, name: str, number: int, config: dict[str, Any], is_baseline: bool
    ) -> dict[str, Any]:
        self._ids[ray_id] = name
        seed = self._plan.trial_seed(number)
        self._recorder.start(name, seed, config)
        return {"trial": name, "seed": seed, "is_baseline": is_baseline, "parameters": config}

    def _catch_up(self, name: str) -> None:
        for result in self._recorder.catch_up(name):
            if name in self._optuna:
                value = float(result[self._plan.space.metric])
                self._optuna[name].report(value, int(result["epoch"]))

    def _end(self, name: str, state: TrialState, cause: str) -> None:
        if name in self._optuna:
            best = self._recorder.statuses[name].score
            value = best if state == TrialState.COMPLETE else None
            self._study.tell(self._optuna[name], value, state)
        self._recorder.end(name, state.name, cause)
