"""The TensorBoard events of all trials, kept level with what lies in their directories."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from trainables.files import read_json, write_bytes
from tuning.drawing import NotDrawn, draw
from tuning.events import TrialEvents
from tuning.experiment import Experiment
from tuning.plan import SearchPlan
from tuning.status import TrialStatus, better
from tuning.view_files import ViewFiles


class EventLog:
    """Opens, feeds and closes the event files; with `--tensorboard off` there are none."""

    def __init__(self, experiment: Experiment, plan: SearchPlan) -> None:
        self._experiment = experiment
        self._space = plan.space
        self._logged = plan.logged
        self._drawings = plan.space.task.drawings
        self._view_drawings = plan.space.task.scoring.inspection.drawings
        self._open: dict[str, TrialEvents] = {}

    @property
    def open(self) -> set[str]:
        """The trials whose files are open."""
        return set(self._open)

    def begin(self, trial: str, config: Mapping[str, Any]) -> None:
        """A file with no epoch in it, in place of what was written of the trial before."""
        directory = self._experiment.trial(trial)
        for emptied in set(directory.root.glob("events.out.tfevents.*")) - set(directory.events()):
            emptied.unlink()
        for old in directory.events():
            if self._logged.is_on:  # a viewer that looks for what is gone never comes to the next
                os.truncate(old, 0)
            else:
                old.unlink()
        if self._logged.is_on:
            self._open[trial] = TrialEvents(directory.root, config, self._space)

    def epoch(self, result: Mapping[str, Any], status: TrialStatus) -> None:
        """A line of `result.jsonl`, and what else the epoch has left."""
        if status.trial not in self._open:
            return
        events = self._open[status.trial]
        events.epoch(result, status)
        if self._logged.is_full(status.trial):
            files = ViewFiles(self._experiment.trial(status.trial).root)
            found = files.histograms(status.epochs)
            if found.is_file():
                events.histograms(read_json(found), status.epochs)
            if not events.has_graph and files.graph.is_file():
                events.graph(read_json(files.graph))

    def pause(self, trial: str) -> None:
        """Of hundreds of trials that wait no file stays open."""
        if trial in self._open:
            self._open.pop(trial).close()

    def end(self, status: TrialStatus) -> None:
        """The state, and the pictures: once, for drawing may take longer than epochs."""
        if status.trial not in self._open:
            return
        events = self._open.pop(status.trial)
        for figure in self._figures(status):
            try:
                png = draw(figure.drawing, figure.values)
            except NotDrawn as why:
                figure.picture.unlink(missing_ok=True)  # an earlier epoch's
                events.undrawn(figure.tag, str(why), figure.epoch)
            else:
                write_bytes(figure.picture, png)
                events.picture(figure.tag, png, figure.epoch)
        error = ViewFiles(self._experiment.trial(status.trial).root).error
        if self._logged.is_full(status.trial) and error.is_file():
            events.unseen(read_json(error))
        events.end(status)

    def adopt(self, status: TrialStatus) -> None:
        """A trial that ended in an earlier run: it gets its file where that run wrote none."""
        directory = self._experiment.trial(status.trial)
        if not self._logged.is_on or directory.events():
            return
        self.begin(status.trial, directory.read_config())
        so_far = replace(status, state="RUNNING", score=None, seconds=0.0)
        for result in directory.read_results():
            score = float(result[self._space.metric])
            if better(score, so_far.score, self._space.direction):
                so_far = replace(so_far, score=score)
            seconds = so_far.seconds + float(result["seconds"])
            so_far = replace(so_far, epochs=int(result["epoch"]), seconds=seconds)
            self.epoch(result, so_far)
        self.end(status)

    def flush(self) -> None:
        """What is written so far can be read."""
        for events in self._open.values():
            events.flush()

    def _figures(self, status: TrialStatus) -> Iterator[_Figure]:
        """What a trial has left to be drawn."""
        directory = self._experiment.trial(status.trial)
        if status.best_epoch is not None:
            for name, drawing in self._drawings.items():
                if directory.figure(name).is_file():
                    values = read_json(directory.figure(name))
                    path = directory.picture(name)
                    yield _Figure(name, drawing, values, status.best_epoch, path)
        if self._logged.is_full(status.trial):
            files = ViewFiles(directory.root)
            for name, drawing in self._view_drawings.items():
                if files.figure(name).is_file():
                    seen = read_json(files.figure(name))
                    path = files.picture(name)
                    yield _Figure(name, drawing, seen["values"], seen["epoch"], path)


@dataclass(frozen=True)
class _Figure:
    """Values of what the weights of an epoch make, and where their picture is to be kept."""

    tag: str
    drawing: Callable[[Any], bytes]
    values: Any
    epoch: int
    picture: Path
