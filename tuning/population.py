"""Population based training: who is replaced by whom, and with which settings it goes on.

M. Jaderberg et al., arXiv 1711.09846. At each milestone a trial of the worst quarter ends, and
another begins in its place with the weights of one of the best quarter and settings near that
one's (A. Li et al., KDD 2019, have such heirs as trials of their own). So every trial has one
configuration, in the study as on disk, and its lineage says how its weights came to be.

Not Ray's own scheduler: its population is in memory and in pickles, and does not survive a kill.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from trainables.files import replacing
from trainables.leg import Leg
from trainables.trainer import load_tensors
from tuning.begun import Begun, Origin
from tuning.experiment import Experiment
from tuning.perturbed import perturbed
from tuning.plan import SearchPlan
from tuning.recorder import Recorder

QUARTER = 0.25  # of the population that ends, and that is inherited from; as in Ray's


class Births(Protocol):
    """Where heirs become trials: `StudyTrials`."""

    @property
    def next_name(self) -> str:
        """The id that the next trial of the study will have."""

    def inherit(self, origin: Origin, course: tuple[Leg, ...], config: dict[str, Any]) -> Begun:
        """A trial that goes on with another's weights."""


class Population:
    """Trials that come off their slots at milestones, every `grace_period` epochs.

    The one that is furthest behind goes on first, of several the worst: so those that are to be
    replaced are judged while the best still wait there.
    """

    before_new = False  # all begin first: nobody is judged by those that happened to come early

    def __init__(
        self, plan: SearchPlan, experiment: Experiment, recorder: Recorder, births: Births
    ) -> None:
        self._plan = plan
        self._experiment = experiment
        self._recorder = recorder
        self._births = births
        self._scores: dict[int, dict[str, float]] = {}  # by milestone
        self._waiting: dict[str, int] = {}  # trial -> milestone
        self._left: dict[str, int] = {}  # trial -> the milestone it was last at, and left

    def report(self, trial: str, result: Mapping[str, Any]) -> bool:
        """A trial has done an epoch; returns whether it waits now."""
        self.record(trial, result)
        if not self._is_milestone(epoch := int(result["epoch"])):
            return False
        self._waiting[trial] = epoch
        return True

    def record(self, trial: str, result: Mapping[str, Any]) -> None:
        """Let a result count that is not waited after."""
        epoch, score = int(result["epoch"]), float(result[self._plan.space.metric])
        if self._is_milestone(epoch) and math.isfinite(score):
            self._scores.setdefault(epoch, {})[trial] = score

    def replay(self, trial: str, results: Iterable[Mapping[str, Any]], *, ended: bool) -> None:
        """Take in a trial of an earlier run; it waits where that left it at a milestone."""
        epoch = 0
        for result in results:
            self.record(trial, result)
            epoch = int(result["epoch"])
        if ended:
            return
        if self._is_milestone(epoch):
            self._waiting[trial] = epoch
        elif (milestone := self._experiment.trial(trial).milestone).is_file():
            self._left[trial] = load_tensors(milestone)["epoch"]

    def forget(self, trial: str) -> None:
        """A trial has failed: its scores are worth nothing."""
        self._waiting.pop(trial, None)
        for scores in self._scores.values():
            scores.pop(trial, None)

    def waiting(self) -> tuple[str, ...]:
        """The trials that wait, at whatever milestone."""
        return tuple(self._waiting)

    def next(self) -> str | None:
        """The trial that a free slot goes to."""
        sign = 1 if self._plan.space.direction == "max" else -1
        return min(
            self._waiting,
            key=lambda t: (m := self._waiting[t], sign * self._scores[m][t], t),
            default=None,
        )

    def go_on(self, trial: str) -> Begun | None:
        """A trial waits no longer; returns the heir that begins in its place, if one does."""
        milestone = self._waiting.pop(trial)
        parent = self._parent_for(trial, milestone)
        if parent is not None:
            return self._heir(trial, milestone, parent)
        directory = self._experiment.trial(trial)
        _link(directory.last, directory.milestone)
        self._left[trial] = milestone
        return None

    def last_chance(self) -> str | None:
        """Nobody: whoever waits is the next in its turn."""
        return None

    def hopeless(self) -> list[str]:
        """Nobody: all go on, or are replaced."""
        return []

    def _parent_for(self, trial: str, milestone: int) -> str | None:
        """One of the best there, if the trial is of the worst; None where it stays."""
        scores, statuses = self._scores[milestone], self._recorder.statuses
        sign = -1 if self._plan.space.direction == "max" else 1
        order = sorted(scores, key=lambda t: (not statuses[t].feasible, sign * scores[t], t))
        count = min(math.ceil(QUARTER * len(order)), len(order) // 2)
        if trial not in order[len(order) - count :]:
            return None
        able = [other for other in order[: len(order) - count] if self._can_pass_on(other)]
        return str(self._chance(trial, milestone).choice(able[:count])) if able else None

    def _can_pass_on(self, trial: str) -> bool:
        has_weights = trial in self._waiting or trial in self._left
        return has_weights and self._recorder.statuses[trial].state == "RUNNING"

    def _heir(self, trial: str, milestone: int, parent: str) -> Begun:
        # Its weights first: whatever a kill leaves out then, a trial of the study has its own.
        giver, heir = self._experiment.trial(parent), self._experiment.trial(self._births.next_name)
        waits = parent in self._waiting
        heir.root.mkdir(parents=True, exist_ok=True)
        _link(giver.last if waits else giver.milestone, heir.inherited)
        start = self._waiting[parent] if waits else self._left[parent]
        chance = self._chance(trial, milestone + 1)
        space = self._plan.space
        config = perturbed(giver.read_config(), self._plan.perturbed, space, chance)
        return self._births.inherit(Origin(parent, start, trial), giver.read_course(), config)

    def _is_milestone(self, epoch: int) -> bool:
        return 0 < epoch < self._plan.space.epochs and epoch % self._plan.space.grace_period == 0

    def _chance(self, trial: str, number: int) -> np.random.Generator:
        """The same in a resumed search."""
        return np.random.default_rng([self._plan.seed, number, *trial.encode()])


def _link(source: Path, target: Path) -> None:
    """Another name for a file's content as it is: what is written there later is another file."""
    with replacing(target) as temporary:
        try:
            os.link(source, temporary)
        except OSError:  # not on every file system
            shutil.copyfile(source, temporary)
