"""The finalists' re-runs, as trials of their own outside the study."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from trainables.leg import Leg
from tuning.begun import Begun
from tuning.experiment import Experiment, trial_of
from tuning.finalists import (
    SHARE,
    START,
    STOPPING,
    Choice,
    Rerun,
    choose,
    reruns_of,
    wall_time,
)
from tuning.front import best_first
from tuning.plan import SearchPlan
from tuning.recorder import Recorder
from tuning.status import TrialStatus


class Finalists:
    """Who they are, as the trials stand, and how many re-runs there is time for.

    Args:
        statuses: of the search's trials, as they are at any time.

    Attributes:
        epochs_done: of re-runs of earlier runs of the search.
    """

    def __init__(
        self, plan: SearchPlan, experiment: Experiment, statuses: Mapping[str, TrialStatus]
    ) -> None:
        self._plan = plan
        self._statuses = statuses
        self.course = cache(lambda trial: experiment.trial(trial).read_course())
        self._done = {d.id: d.read_status() for d in experiment.reruns()}
        self.epochs_done = sum(status.epochs for status in self._done.values())
        self._start = START
        self._wanted: float | None = None  # `time.monotonic()`, until the workers are there
        self._before: dict[str, tuple[int, float]] = {}  # epochs and seconds by then

    def watch_start(self) -> None:
        """Begin to watch how long workers take to start here; called when Ray is to start them."""
        self._wanted = time.monotonic()
        self._before = {t: (s.trained, s.seconds) for t, s in self._statuses.items()}

    def within(self, seconds: float) -> Choice:
        """As many as this time allows."""
        plan, finals = self._plan, self._plan.finals
        everyone = self._best(finals.finalists)
        for count, repeats in finals.sizes(len(everyone)):
            trials = everyone if count == finals.finalists else self._best(count)
            reruns = reruns_of(trials, repeats, plan.space.epochs, self._statuses, self._done)
            taken = wall_time(reruns, plan.concurrency, self._start)
            if finals.retrain_on_all and reruns:
                taken += reruns[0].seconds
            if taken <= seconds:
                return Choice(count, repeats, tuple(trials), tuple(reruns), taken)
        return Choice()

    def reserve(self) -> float:
        """Seconds to be kept for them, of the time budget; Ray's end of the trials among them."""
        if self._plan.budget.time is None:
            return 0.0
        self._see_start()
        choice = self.within(SHARE * self._plan.budget.time - STOPPING)
        return choice.seconds + STOPPING if choice.reruns else 0.0

    def _see_start(self) -> None:
        """With the first epoch the start is over: what of the time since was not training.

        On a slow machine that is three times `START`, and the re-runs' workers start again.
        """
        if self._wanted is None:
            return
        training = []
        for trial, status in self._statuses.items():
            trained, seconds = self._before.get(trial, (0, 0.0))
            if status.trained > trained:
                training.append(status.seconds - seconds)
        if training:
            self._start = max(START, time.monotonic() - self._wanted - min(training))
            self._wanted = None

    def _settings(self, trial: str) -> list[tuple[int, dict[str, Any]]]:
        return [(leg.start, leg.config) for leg in self.course(trial)]

    def _best(self, count: int) -> list[str]:
        plan, statuses = self._plan, self._statuses
        best = best_first(statuses.values(), plan.objectives, plan.space.direction)
        return choose(best, statuses, self._settings, plan.baseline, count)


class RerunTrials:
    """A `Source`: these re-runs in their order; those begun already go on first."""

    def __init__(
        self,
        plan: SearchPlan,
        reruns: Sequence[Rerun],
        course: Callable[[str], Sequence[Leg]],
        recorder: Recorder,
        experiment: Experiment,
    ) -> None:
        begun, fresh = [], []
        for rerun in reruns:
            seed = plan.rerun_seed(rerun.trial, rerun.repeat)
            legs = [replace(leg, seed=(seed + leg.start) % 2**32) for leg in course(rerun.trial)]
            trial = Begun(rerun.name, tuple(legs), spared=True, feasible=rerun.feasible)
            if recorder.read_status(rerun.name) is None:
                fresh.append(trial)
            else:
                recorder.resume(trial)
                begun.append(trial)
        for status in (directory.read_status() for directory in experiment.reruns()):
            if status.trial in recorder.statuses:
                continue
            if status.state == "RUNNING":  # of an earlier run, with other finalists or more time
                config = course(trial_of(status.trial))[-1].config
                recorder.give_up(status, config, "not gone on with")
            else:
                recorder.adopt(status)
        self.interrupted = tuple(begun)
        self._fresh = fresh

    @property
    def left(self) -> int:
        return len(self._fresh)

    def next(self) -> Begun:
        return self._fresh.pop(0)

    def report(self, name: str, result: Mapping[str, Any]) -> None:
        """Nobody: a sampler must not learn a configuration's score twice."""

    def tell(self, status: TrialStatus) -> None:
        """Nobody: see `report`."""
