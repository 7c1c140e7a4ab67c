"""Where Ray Tune gets its trials from, and whom it tells what became of them.

Ray's own OptunaSearch tells a stopped trial as COMPLETE, drops the last report and leaves a trial
that reported NaN in RUNNING. Here the record and the study hear the truth: COMPLETE at its best
value, PRUNED at the step it reached, FAIL.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import wraps
from typing import Any, Protocol

from ray.tune.search import Searcher

from trainables.files import is_disk_full
from tuning.begun import Begun
from tuning.deaths import KILLED, Deaths
from tuning.halts import Halts
from tuning.plan import SearchPlan
from tuning.recorder import Recorder
from tuning.status import TrialStatus
from tuning.trainable import DISK_FULL, DIVERGED, FAILED

NOT_PROMOTED = "not promoted"
REPLACED_BY = "replaced by"


class Source(Protocol):
    """Proposes trials, and hears what became of them: the study, or the finalists.

    Attributes:
        interrupted: what an earlier run of the search has begun, to go on with first.
    """

    interrupted: tuple[Begun, ...]

    @property
    def left(self) -> int:
        """Trials still to be begun, those of `interrupted` not counted."""

    def next(self) -> Begun | None:
        """The next of them; None: there are no more after all, or the search is to end."""

    def report(self, name: str, result: Mapping[str, Any]) -> None:
        """A trial has done an epoch."""

    def tell(self, status: TrialStatus) -> None:
        """A trial has ended."""


def _unless_disk_full(method: Callable[..., Any]) -> Callable[..., Any]:
    """Once the disk is full nothing more is recorded, and nothing more is begun.

    Tune would take the exception for the trial's failure.
    """

    @wraps(method)
    def guarded(self: TrialFeed, *arguments: Any, **named: Any) -> Any:
        try:
            return None if self.disk_full else method(self, *arguments, **named)
        except OSError as error:
            if not is_disk_full(error):
                raise
            self.disk_full = True
            return None

    return guarded


class TrialFeed(Searcher):
    """Feeds Tune from a source: first with what an earlier run has left unfinished.

    Args:
        halts: where trials wait, if the scheduler is one that takes them off their slots.

    Attributes:
        disk_full: the search must end, and unfinished trials stay as they are.
        deaths: a callback of Tune's that keeps count of them.

    A suggestion is `{trial, spared, legs}`, as `TaskTrainable` takes it.
    """

    def __init__(
        self,
        plan: SearchPlan,
        source: Source,
        recorder: Recorder,
        halts: Halts | None = None,
    ) -> None:
        super().__init__(metric=plan.space.metric, mode=plan.space.direction)
        self._plan = plan
        self._source = source
        self._recorder = recorder
        self.disk_full = False
        self.deaths = Deaths(self)
        self._begun: dict[str, Begun] = {}
        self._ids: dict[str, str] = {}  # Ray's trial id -> ours
        self._interrupted = list(source.interrupted)
        self._halts = halts
        self._waiting: dict[str, Begun] = {}
        if halts is not None:
            self._back_to_where_they_waited(halts)

    @_unless_disk_full
    def suggest(self, trial_id: str) -> dict[str, Any] | str | None:
        if self._interrupted:
            return self._suggestion(trial_id, self._interrupted.pop(0))
        halts = self._halts
        comes_first = halts is not None and (halts.before_new or not self._source.left)
        if halts is not None and comes_first and (name := halts.next()) is not None:
            # Tune may have told the scheduler of its last epoch, and us not yet.
            return self._go_on(trial_id, name, halts) if name in self._waiting else None
        if not self._source.left:
            if halts is not None and not self._runs() and (name := halts.last_chance()):
                return self._go_on(trial_id, name, halts)
            self._end_waiting()
            return Searcher.FINISHED if self.idle else None  # one may have to be begun again
        begun = self._source.next()
        if begun is None:
            return Searcher.FINISHED if self.idle else None
        self._recorder.start(begun)
        return self._suggestion(trial_id, begun)

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
            self._end(name, "FAIL", KILLED)
        elif DIVERGED in result:
            self._recorder.write_error(name, result[DIVERGED])
            self._end(name, "FAIL", result[DIVERGED])
        elif FAILED in result:
            self._end(name, "FAIL", result[FAILED])
        elif result.get("finished"):
            self._end(name, "COMPLETE", "")
        elif self._halts is not None and name in self._halts.waiting():
            self._wait(self._begun[name])
            self._end_hopeless(self._halts)
        else:
            self._end(name, "PRUNED", f"stopped early by {self._plan.scheduler}")

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
                    self._end(name, "COMPLETE", "")
                else:
                    promotes = self._halts is not None and self._halts.before_new
                    waits_for_good = promotes and name in self._waiting
                    self._end(name, "PRUNED", NOT_PROMOTED if waits_for_good else cause)

    @property
    def left(self) -> int:
        """Trials still to be begun or gone on with, those that wait among them."""
        return len(self._interrupted) + len(self._waiting) + self._source.left

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

    def _back_to_where_they_waited(self, halts: Halts) -> None:
        """Fill the halts with what an earlier run has left, and let wait what waited then."""
        heirs = {b.origin.replaces: b.name for b in self._interrupted if b.origin is not None}
        for begun in [b for b in self._interrupted if b.name in heirs]:  # killed before it ended
            self._interrupted.remove(begun)
            self._end(begun.name, "PRUNED", f"{REPLACED_BY} {heirs[begun.name]}")
        for name, results in self.history.items():
            state = self._recorder.statuses[name].state
            if name != self._plan.baseline and state != "FAIL":
                halts.replay(name, results, ended=state != "RUNNING")
        for begun in [b for b in self._interrupted if b.name in halts.waiting()]:
            self._interrupted.remove(begun)
            self._wait(begun)
        self._end_hopeless(halts)

    def _wait(self, begun: Begun) -> None:
        self._waiting[begun.name] = begun
        self._recorder.pause(begun.name)

    def _go_on(self, ray_id: str, name: str, halts: Halts) -> dict[str, Any]:
        """The same trial, from its checkpoint, on a slot that is free; or its heir."""
        heir = halts.go_on(name)
        begun = self._waiting.pop(name)
        if heir is None:
            self._recorder.resume(begun)
            return self._suggestion(ray_id, begun)
        self._recorder.start(heir)
        self._end(name, "PRUNED", f"{REPLACED_BY} {heir.name}")
        return self._suggestion(ray_id, heir)

    def _end_hopeless(self, halts: Halts) -> None:
        """Those that will never go on are stopped at once: each that waits keeps its checkpoint."""
        for name in halts.hopeless():
            if name in self._waiting:
                halts.go_on(name)
                del self._waiting[name]
                self._end(name, "PRUNED", NOT_PROMOTED)

    def _end_waiting(self) -> None:
        """Once nobody runs who could change who is promoted, those who wait are stopped."""
        if self._runs():
            return
        for name in list(self._waiting):
            del self._waiting[name]
            self._end(name, "PRUNED", NOT_PROMOTED)

    def _runs(self) -> bool:
        """Whether a trial is on a slot."""
        statuses = self._recorder.statuses.items()
        return any(s.state == "RUNNING" and name not in self._waiting for name, s in statuses)

    def _suggestion(self, ray_id: str, begun: Begun) -> dict[str, Any]:
        self._ids[ray_id] = begun.name
        self._begun[begun.name] = begun
        return {
            "trial": begun.name,
            "spared": begun.spared,
            "legs": [asdict(leg) for leg in begun.legs],
        }

    def _catch_up(self, name: str) -> None:
        for result in self._recorder.catch_up(name):
            # A full disk may have torn the journal's last line: whatever came after would join it.
            if not self.disk_full:
                self._source.report(name, result)

    def _end(self, name: str, state: str, cause: str) -> None:
        if state == "FAIL" and self._halts is not None:
            self._halts.forget(name)
        # The record first: from it the study can still be told after a kill in between.
        self._recorder.end(name, state, cause)
        self._source.tell(self._recorder.statuses[name])
