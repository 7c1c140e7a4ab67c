"""The search's own book: each trial's status, events and weights, kept true at every change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Protocol

from search_spaces.space import SearchSpace
from tuning.events import TrialEvents
from tuning.experiment import Experiment, TrialStatus, better
from tuning.trial_run import TrialSettings, settle

KEPT_BEST = 5  # trials whose weights stay on disk, beside the baseline and trials still alive


class Audience(Protocol):
    """Who is told what happens: the screen."""

    def started(self, status: TrialStatus, config: Mapping[str, Any]) -> None: ...

    def reported(self, status: TrialStatus, result: Mapping[str, Any]) -> None: ...

    def ended(self, status: TrialStatus) -> None: ...


class Recorder:
    """Writes what only the driver writes: `config.json`, `status.json`, events; removes weights.

    What a worker has recorded in `result.jsonl` is the truth about a trial's epochs; `catch_up`
    brings everything else level with it.
    """

    def __init__(
        self,
        experiment: Experiment,
        space: SearchSpace,
        settings: TrialSettings,
        baseline: str,
        audience: Audience,
    ) -> None:
        self._experiment = experiment
        self._types = {name: p.type for name, p in space.parameters.items()}
        self._settings = settings
        self._baseline = baseline
        self._audience = audience
        self._events: dict[str, TrialEvents] = {}
        self.statuses: dict[str, TrialStatus] = {}

    def start(self, trial: str, seed: int, config: dict[str, Any]) -> None:
        """A trial begins (or would: it has its configuration)."""
        directory = self._experiment.trial(trial)
        directory.write_config(config)
        self._events[trial] = TrialEvents(
            directory.root, config, self._types, self._settings.metric
        )
        self._set(TrialStatus(trial, "RUNNING", None, None, 0, 0.0, seed))
        self._audience.started(self.statuses[trial], config)

    def catch_up(self, trial: str) -> list[dict[str, Any]]:
        """Take in the epochs that are new in `result.jsonl`, and return their lines."""
        status = self.statuses[trial]
        new = self._experiment.trial(trial).read_results()[status.epochs :]
        for result in new:
            score = float(result[self._settings.metric])
            if better(score, status.score, self._settings.direction):
                status = replace(status, score=score, best_epoch=int(result["epoch"]))
            seconds = status.seconds + float(result["seconds"])
            status = replace(status, epochs=int(result["epoch"]), seconds=seconds)
            assert status.score is not None
            self._events[trial].epoch(result, status.score)
            self._set(status)
            self._audience.reported(status, result)
        return new

    def settle(self, trial: str) -> None:
        """Finish what a killed worker was writing."""
        settle(self._experiment.trial(trial), self._settings)

    def end(self, trial: str, state: str, cause: str = "") -> None:
        """A trial is over, in this state; a failed one has no score."""
        status = replace(self.statuses[trial], state=state, cause=cause)
        if state == "FAIL":
            status = replace(status, score=None, best_epoch=None)
        self._events.pop(trial).end(state, status.score, status.epochs)
        self._set(status)
        self._drop_losers()
        self._audience.ended(status)

    def cause_of_death(self, trial: str) -> str:
        """The first line of a failed trial's `error.txt`, or that there is none."""
        error = self._experiment.trial(trial).error
        lines = error.read_text("utf-8").splitlines() if error.is_file() else []
        return lines[0] if lines else "the worker process died"

    def write_error(self, trial: str, text: str) -> None:
        self._experiment.trial(trial).error.write_text(text + "\n", "utf-8")

    def _set(self, status: TrialStatus) -> None:
        self.statuses[status.trial] = status
        self._experiment.trial(status.trial).write_status(status)

    def _drop_losers(self) -> None:
        scored = [s for s in self.statuses.values() if s.score is not None]
        sign = -1 if self._settings.direction == "max" else 1
        scored.sort(key=lambda s: (sign * (s.score or 0.0), s.trial))
        keep = {s.trial for s in scored[:KEPT_BEST]} | {self._baseline}
        for status in self.statuses.values():
            if status.state != "RUNNING" and status.trial not in keep:
                self._experiment.trial(status.trial).drop_weights()
