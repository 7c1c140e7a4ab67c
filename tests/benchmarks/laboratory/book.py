"""A search's book that writes no files: what the feed asks of the Recorder, in memory."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from tuning.begun import Begun
from tuning.front import Objective
from tuning.objectives import values_of
from tuning.status import TrialStatus, better


class Book:
    """Statuses and results by trial. A worker's lines come in through `lines`."""

    def __init__(self, metric: str, direction: str, objectives: tuple[Objective, ...] = ()) -> None:
        self._metric = metric
        self._direction = direction
        self._objectives = objectives
        self.statuses: dict[str, TrialStatus] = {}
        self.configs: dict[str, dict[str, Any]] = {}
        self.lines: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def start(self, begun: Begun) -> None:
        trial = begun.name
        self.configs[trial] = begun.config
        self.statuses[trial] = TrialStatus(trial, "RUNNING", None, None, 0, 0.0, begun.seed)

    def resume(self, begun: Begun) -> None:
        """Nothing has to be made again."""

    def pause(self, trial: str) -> None:
        """Nothing has to be closed."""

    def catch_up(self, trial: str) -> list[dict[str, Any]]:
        new = self.lines[trial][self.statuses[trial].epochs :]
        for line in new:
            self._take_in(trial, line)
        return new

    def read_status(self, trial: str) -> TrialStatus | None:
        """There was no earlier run."""
        return None

    def results(self, trial: str) -> list[dict[str, Any]]:
        return self.lines[trial]

    def end(self, trial: str, state: str, cause: str = "") -> None:
        self.statuses[trial] = replace(self.statuses[trial], state=state, cause=cause)

    def _take_in(self, trial: str, line: Mapping[str, Any]) -> None:
        status, score = self.statuses[trial], float(line[self._metric])
        if better(score, status.score, self._direction):
            status = replace(status, score=score, best_epoch=int(line["epoch"]))
        status = replace(status, epochs=int(line["epoch"]), seconds=1.0)
        names = [aim.name for aim in self._objectives]
        values = values_of(status, line, names, status.values)
        self.statuses[trial] = replace(status, values=values)
