"""What Optuna is asked and told, in Ray Tune's terms.

Ray's own OptunaSearch tells a stopped trial as COMPLETE, drops the last report and leaves a trial
that reported NaN in RUNNING. Here the study hears the truth: COMPLETE at its best value, PRUNED at
the step it reached, FAIL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

from optuna import Study
from optuna.trial import TrialState
from ray.tune.search import Searcher

from trainables.files import is_disk_full
from tuning.deaths import KILLED, Deaths
from tuning.experiment import BASELINE
from tuning.experiment import trial_id as name_of  # Ray's Searcher says trial_id for its own
from tuning.plan import SearchPlan
from tuning.recorder import Recorder
from tuning.recovery import Begun, recover, report, tell
from tuning.trainable import DISK_FULL, DIVERGED, FAILED


def _unless_disk_full(method: Callable[..., Any]) -> Callable[..., Any]:
    """Once the disk is full nothing more is recorded, and nothing more is begun.

    Tune would take the exception for the trial's failure.
    """

    @wraps(method)
    def guarded(self: StudySearch, *arguments: Any, **named: Any) -> Any:
        try:
            return None if self.disk_full else method(self, *arguments, **named)
        except OSError as error:
            if not is_disk_full(error):
                raise
            self.disk_full = True
            return None

    return guarded


class StudySearch(Searcher):
    """Feeds Tune from a study: the baseline, the space's starts, then what the sampler proposes.

    Before all these come the trials that an earlier run of the search has left unfinished.

    Attributes:
        disk_full: the search must end, and unfinished trials stay as they are.
        deaths: a callback of Tune's that keeps count of them.

    A suggestion is `{trial, seed, is_baseline, parameters}`, as `TaskTrainable` takes it.
    """

    def __init__(self, plan: SearchPlan, study: Study, recorder: Recorder) -> None:
        super().__init__(metric=plan.space.metric, mode=plan.space.direction)
        self._plan = plan
        self._study = study
        self._recorder = recorder
        self.disk_full = False
        self.deaths = Deaths(self)
        self._begun: dict[str, Begun] = {}
        self._ids: dict[str, str] = {}  # Ray's trial id -> ours
        recovered = recover(plan, study, recorder)
        self._asked = recovered.asked
        self._interrupted = list(recovered.interrupted)
        self._baseline_waits = not plan.baseline_in_study and not recovered.baseline_begun
        # By our id; not the baseline outside the study.
        self._optuna = {begun.name: begun.trial for begun in self._interrupted if begun.trial}
        if plan.baseline_in_study:
            self._enqueue(plan.space.baseline)
        for start in plan.space.starts:
            if plan.space.contains(start):
                self._enqueue(start)

    @_unless_disk_full
    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        if self._interrupted:
            return self._suggestion(trial_id, self._interrupted.pop(0))
        if self._baseline_waits:
            self._baseline_waits = False
            return self._start(trial_id, Begun(BASELINE, -1, self._plan.space.baseline, None))
        if self._asked == self._plan.space.trials:
            return Searcher.FINISHED if self.idle else None  # one may have to be begun again
        self._asked += 1
        trial = self._study.ask()
        config = self._plan.space.sample(trial)
        name = name_of(trial.number)
        self._optuna[name] = trial
        return self._start(trial_id, Begun(name, trial.number, config, trial))

    @_unless_disk_full
    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        self._catch_up(self._ids[trial_id])

    @_unless_disk_full
    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        name, result = self._ids[trial_id], result or {}
        if self._recorder.statuses[name].state != "RUNNING":
            return
        self._catch_up(name)
        if DISK_FULL in result:
            self.disk_full = True
        elif error and self.deaths.goes_on(name):
            self._interrupted.append(self._begun[name])
        elif error:
            self._end(name, TrialState.FAIL, KILLED)
        elif DIVERGED in result:
            self._recorder.write_error(name, result[DIVERGED])
            self._end(name, TrialState.FAIL, result[DIVERGED])
        elif FAILED in result:
            self._end(name, TrialState.FAIL, result[FAILED])
        elif result.get("finished"):
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
    def left(self) -> int:
        """Trials still to be begun or gone on with."""
        new = self._plan.space.trials - self._asked + self._baseline_waits
        return len(self._interrupted) + new

    @property
    def ended(self) -> bool:
        """Whether every trial asked for was begun, and none is left running."""
        return not self.left and self.idle

    @property
    def idle(self) -> bool:
        """Whether no trial is running."""
        return all(status.state != "RUNNING" for status in self._recorder.statuses.values())

    @property
    def history(self) -> dict[str, list[dict[str, Any]]]:
        """The results of the trials begun so far, by our ids."""
        return {name: self._recorder.results(name) for name in self._recorder.statuses}

    def epochs_done(self, trial: str) -> int:
        """Epochs that a trial has on record, also those Tune has not heard of."""
        return len(self._recorder.results(trial))

    def has_raised(self, trial: str) -> bool:
        """Whether a trial's code has raised an exception, now or in an earlier run."""
        return self._recorder.has_error(trial)

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

    def _start(self, ray_id: str, begun: Begun) -> dict[str, Any]:
        self._recorder.start(begun.name, self._plan.trial_seed(begun.number), begun.config)
        return self._suggestion(ray_id, begun)

    def _suggestion(self, ray_id: str, begun: Begun) -> dict[str, Any]:
        self._ids[ray_id] = begun.name
        self._begun[begun.name] = begun
        return {
            "trial": begun.name,
            "seed": self._plan.trial_seed(begun.number),
            "is_baseline": begun.name == self._plan.baseline,
            "parameters": begun.config,
        }

    def _catch_up(self, name: str) -> None:
        for result in self._recorder.catch_up(name):
            # A full disk may have torn the journal's last line: whatever came after would join it.
            if name in self._optuna and not self.disk_full:
                report(self._optuna[name], result, self._plan.space.metric)

    def _end(self, name: str, state: TrialState, cause: str) -> None:
        # The record first: from it the study can still be told after a kill in between.
        self._recorder.end(name, state.name, cause)
        if name in self._optuna:
            tell(self._study, self._optuna.pop(name), self._recorder.statuses[name])
