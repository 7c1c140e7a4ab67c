"""A rehearsed search whose scheduler is asked too: trials come off their slots and go on."""

from __future__ import annotations

from collections.abc import Callable

from ray.tune.schedulers import TrialScheduler

from tests.tuning.rehearsal import Rehearsal
from tests.tuning.test_schedulers import TuneTrial
from tuning.schedulers import make_scheduler


class Driven:
    """A rehearsed search with the scheduler in it: each trial scores by its number alone."""

    def __init__(self, search: Rehearsal, quality: Callable[[str], float]) -> None:
        self.search = search
        self.quality = quality
        self.scheduler = make_scheduler(search.plan, search.searcher.history, search.halts)
        self.order: list[tuple[str, int]] = []

    def begin(self) -> str | None:
        return self.search.begin()

    def epoch(self, trial: str) -> bool:
        """Train one; returns whether the trial keeps its slot."""
        search, directory = self.search, self.search.experiment.trial(trial)
        start: int = search.suggestions[trial]["legs"][0]["start"]
        epoch = start + len(directory.read_results()) + 1
        self.order.append((trial, epoch))
        score = self.quality(trial) + 0.01 * epoch
        last = epoch == search.plan.space.epochs
        result = search.work(trial, epoch, score, tell=not last)
        if last:
            search.end(trial, {**result, "finished": True})
            return False
        number, spared = int(trial[1:]), search.suggestions[trial]["spared"]
        decision = self.scheduler.on_trial_result(None, TuneTrial(number, spared), result)
        if decision == TrialScheduler.STOP:
            search.end(trial, result)
        return decision == TrialScheduler.CONTINUE

    def run(self, slots: int = 1, epochs: int | None = None) -> None:
        """Until there is nothing to do, or so many epochs were trained."""
        running: list[str] = []
        while len(self.order) != epochs:
            while len(running) < slots and (trial := self.begin()) is not None:
                running.append(trial)
            if not running:
                return
            trial = running.pop(0)
            if self.epoch(trial):
                running.append(trial)


def states(search: Rehearsal) -> dict[str, tuple[str, int]]:
    study = {f"t{t.number:04d}": (t.state.name, t.last_step or 0) for t in search.study.trials}
    told = {name: (search.status(name).state, search.status(name).epochs) for name in study}
    assert study == told
    return study
