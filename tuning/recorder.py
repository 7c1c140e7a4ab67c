"""The search's own book: each trial's status, events and weights, kept true at every change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from trainables.leg import Leg
from tuning.begun import Begun
from tuning.event_log import EventLog
from tuning.experiment import Experiment
from tuning.front import front
from tuning.objectives import values_of
from tuning.plan import SearchPlan
from tuning.status import TrialStatus, better, ranked
from tuning.trial_run import TrialSettings, settle

KEPT_BEST = 5  # trials whose weights stay on disk, beside the baseline and trials still alive


class Audience(Protocol):
    """Who is told what happens: the screen."""

    def started(self, status: TrialStatus, config: Mapping[str, Any]) -> None: ...

    def resumed(self, status: TrialStatus) -> None: ...

    def reported(self, status: TrialStatus, result: Mapping[str, Any]) -> None: ...

    def paused(self, status: TrialStatus) -> None: ...

    def ended(self, status: TrialStatus) -> None: ...


class Recorder:
    """Writes what only the driver writes: `config.json`, `status.json`, events; removes weights.

    What a worker has recorded in `result.jsonl` is the truth about a trial's epochs; `catch_up`
    brings everything else level with it.

    Args:
        kept_best: trials whose weights stay; None: all, but not what it takes to go on with them.
    """

    def __init__(
        self,
        experiment: Experiment,
        plan: SearchPlan,
        settings: TrialSettings,
        audience: Audience,
        kept_best: int | None = KEPT_BEST,
    ) -> None:
        self._experiment = experiment
        self._settings = settings
        self._baseline = plan.baseline
        self._audience = audience
        self._kept_best = kept_best
        self._objectives = plan.objectives
        self._constraints = [c for c in plan.constraints if c.after_training]
        self._values: dict[str, dict[str, float]] = {}  # by trial, then aim or measure
        self._allowed: dict[str, bool] = {}  # by trial, whether it keeps what was held before
        self._alive: set[str] = set()  # trials that were begun, and neither wait nor have ended
        self._dropped: set[str] = set()  # trials whose weights are gone
        self.events = EventLog(experiment, plan)
        self.statuses: dict[str, TrialStatus] = {}

    def start(self, begun: Begun) -> None:
        """A trial begins (or would: it has its configuration)."""
        self._open(self._fresh(begun), begun.config)
        self._audience.started(self.statuses[begun.name], begun.config)

    def resume(self, begun: Begun) -> None:
        """A trial that an earlier run began goes on: its records are brought level.

        Its curves are written anew, since a killed process leaves the end of an event file out.
        """
        self._reopen(self._fresh(begun), begun.config)
        self._audience.resumed(self.statuses[begun.name])

    def pause(self, trial: str) -> None:
        """A trial waits, perhaps for ever: `resume` or `end` comes next."""
        self._alive.remove(trial)
        self.events.pause(trial)
        self._audience.paused(self.statuses[trial])

    def give_up(self, status: TrialStatus, config: dict[str, Any], cause: str) -> None:
        """A trial that an earlier run began does not go on: it is left as stopped."""
        self._reopen(status, config)
        ended = replace(self.statuses[status.trial], state="PRUNED", cause=cause)
        self._alive.remove(status.trial)
        self.events.end(ended)
        self._set(ended)

    def adopt(self, status: TrialStatus) -> None:
        """A trial that ended in an earlier run."""
        self._experiment.trial(status.trial).drop_passed_on()
        self.statuses[status.trial] = status
        self.events.adopt(status)
        self._audience.resumed(status)

    def catch_up(self, trial: str) -> list[dict[str, Any]]:
        """Take in the epochs that are new in `result.jsonl`, and return their lines."""
        new = self._experiment.trial(trial).read_results()[self.statuses[trial].trained :]
        for result in new:
            self._take_in(trial, result)
            self._audience.reported(self.statuses[trial], result)
        return new

    def read_status(self, trial: str) -> TrialStatus | None:
        """What an earlier run has written of a trial; None where it wrote nothing."""
        directory = self._experiment.trial(trial)
        return directory.read_status() if directory.has_status else None

    def read_course(self, trial: str) -> Sequence[Leg]:
        """The configurations that a trial's weights go through."""
        return self._experiment.trial(trial).read_course()

    def results(self, trial: str) -> list[dict[str, Any]]:
        """The lines of a trial's `result.jsonl`."""
        return self._experiment.trial(trial).read_results()

    def settle(self, trial: str) -> None:
        """Finish what a killed worker was writing."""
        settle(self._experiment.trial(trial), self._settings)

    def end(self, trial: str, state: str, cause: str = "") -> None:
        """A trial is over, in this state; a failed one has no score."""
        status = replace(self.statuses[trial], state=state, cause=cause)
        if state == "FAIL":
            status = replace(status, score=None, best_epoch=None, values={})
        if trial not in self._alive:  # it waited
            self._reopen(status, self._experiment.trial(trial).read_config())
        self._alive.remove(trial)
        self.events.end(status)
        self._set(status)
        self._experiment.trial(trial).drop_passed_on()
        if self._kept_best is not None:
            self._drop_losers()
        elif state != "PRUNED":
            self._experiment.trial(trial).last.unlink(missing_ok=True)
        self._audience.ended(status)

    def has_error(self, trial: str) -> bool:
        """Whether a trial has left an `error.txt`."""
        return self._experiment.trial(trial).error.is_file()

    def write_error(self, trial: str, text: str) -> None:
        self._experiment.trial(trial).error.write_text(text + "\n", "utf-8")

    def _fresh(self, begun: Begun) -> TrialStatus:
        """The status of a trial before its first epoch; how it comes to be is written down."""
        directory, origin = self._experiment.trial(begun.name), begun.origin
        directory.root.mkdir(parents=True, exist_ok=True)
        if len(begun.course) > 1:
            directory.write_course(begun.course)
        start, parent = (origin.start, origin.parent) if origin is not None else (0, "")
        return TrialStatus(
            *(begun.name, "RUNNING", None, None, start, 0.0, begun.seed),
            parent=parent,
            start=start,
            feasible=begun.feasible,
        )

    def _reopen(self, status: TrialStatus, config: dict[str, Any]) -> None:
        directory = self._experiment.trial(status.trial)
        self.settle(status.trial)
        self._open(status, config)
        for result in directory.read_results():
            self._take_in(status.trial, result)

    def _open(self, status: TrialStatus, config: dict[str, Any]) -> None:
        """Begin its records with no epoch in them."""
        directory = self._experiment.trial(status.trial)
        directory.write_config(config)
        self.events.begin(status.trial, config)
        self._alive.add(status.trial)
        self._values[status.trial], self._allowed[status.trial] = {}, status.feasible
        self._set(
            replace(
                status,
                state="RUNNING",
                score=None,
                best_epoch=None,
                epochs=status.start,
                seconds=0.0,
                cause="",
                values={},
                excess={},
            )
        )

    def _take_in(self, trial: str, result: Mapping[str, Any]) -> None:
        status = self.statuses[trial]
        score = float(result[self._settings.metric])
        if better(score, status.score, self._settings.direction):
            status = replace(status, score=score, best_epoch=int(result["epoch"]))
        seconds = status.seconds + float(result["seconds"])
        status = replace(status, epochs=int(result["epoch"]), seconds=seconds)
        status = self._valued(status, result)
        self.events.epoch(result, status)
        self._set(status)

    def _valued(self, status: TrialStatus, result: Mapping[str, Any]) -> TrialStatus:
        """With its values by objective, and how far it is beyond each constraint."""
        trial, aims = status.trial, [aim.name for aim in self._objectives]
        names = [*aims, *(c.measure for c in self._constraints)]
        found = self._values[trial] = values_of(status, result, names, self._values[trial])
        excess = {str(c): c.excess(found[c.measure]) for c in self._constraints}
        status = replace(status, values={name: found[name] for name in aims}, excess=excess)
        return replace(status, feasible=self._allowed[trial] and not status.beyond)

    def _set(self, status: TrialStatus) -> None:
        self.statuses[status.trial] = status
        self._experiment.trial(status.trial).write_status(status)

    def _drop_losers(self) -> None:
        # What one that is still running seems to beat it may not beat in the end.
        ended = [status for status in self.statuses.values() if status.state != "RUNNING"]
        best = ranked(ended, self._settings.direction)[: self._kept_best]
        best += front(ended, self._objectives)
        keep = {status.trial for status in best} | {self._baseline}
        for status in ended:
            if status.trial not in keep | self._dropped:
                self._experiment.trial(status.trial).drop_weights()
                self._dropped.add(status.trial)
