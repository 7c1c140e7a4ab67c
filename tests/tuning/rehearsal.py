"""A search without Ray: the real study, searcher and recorder, driven as Tune would drive them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import torch

from trainables.data.request import DataRequest
from trainables.data.splits import ImageMeta, Splits
from trainables.leg import Leg
from trainables.trainer import save_tensors
from tuning.constraints import Limits
from tuning.deaths import DEATHS
from tuning.experiment import Experiment
from tuning.finalists import Choice
from tuning.halts import Halts
from tuning.ownership import begin_run
from tuning.plan import SearchPlan
from tuning.population import Population
from tuning.recorder import Recorder
from tuning.request import make_plan
from tuning.reruns import Finalists, RerunTrials
from tuning.rungs import rungs_of
from tuning.searcher import TrialFeed
from tuning.status import TrialStatus
from tuning.study import open_study
from tuning.study_trials import StudyTrials
from tuning.trial_run import TrialRun, TrialSettings

META = ImageMeta(28, 28, 1, tuple("0123456789"), (33.0,), (78.0,))
CHEAP = ("batch_size=128", "conv1=4", "conv2=4", "hidden=16")  # an epoch takes a tenth of a second


def cheap_plan(storage: Path, *settings: str, **options: Any) -> SearchPlan:
    """A small search of the mnist space on the built-in digits, on the CPU."""
    chosen: dict[str, Any] = {
        "name": "rehearsal",
        "trials": 4,
        "max_epochs": 3,
        "scheduler": "asha",
        "concurrency": 1,
        "gpus_per_trial": 0.0,
        "data": DataRequest("embedded"),
    }
    return make_plan("mnist", storage=storage, settings=[*CHEAP, *settings], **chosen | options)


def line(epoch: int, score: float) -> dict[str, Any]:
    """An epoch's line of `result.jsonl`, as a worker writes it."""
    return {
        "epoch": epoch,
        "train_loss": 2.0 / epoch,
        "train_accuracy": 0.5,
        "val_loss": 2.5 / epoch,
        "val_accuracy": score,
        "lr": 0.001,
        "samples_per_second": 1000.0,
        "seconds": 0.5,
        "wall_time": 1.7e9 + epoch,
    }


class Listener:
    """Stands where the screen does, and remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, TrialStatus]] = []

    def started(self, status: TrialStatus, config: Mapping[str, Any]) -> None:
        self.told.append(("started", status))

    def resumed(self, status: TrialStatus) -> None:
        self.told.append(("resumed", status))

    def reported(self, status: TrialStatus, result: Mapping[str, Any]) -> None:
        self.told.append(("reported", status))

    def paused(self, status: TrialStatus) -> None:
        self.told.append(("paused", status))

    def ended(self, status: TrialStatus) -> None:
        self.told.append(("ended", status))


class Rehearsal:
    """One search; `begin` a trial, let it `work` an epoch, and tell its feed how it `end`s.

    Made again with the same plan it goes on with what the first has left, as after a kill.
    """

    def __init__(self, plan: SearchPlan) -> None:
        plan.root.mkdir(parents=True, exist_ok=True)
        self.plan = plan
        self.experiment = Experiment(plan.root)
        run = begin_run(self.experiment)
        self.settings = TrialSettings(
            root=plan.root,
            run=run,
            metric=plan.space.metric,
            direction=plan.space.direction,
            patience=plan.patience,
            threads=1,
            device="cpu",
            logged=plan.logged,
        )
        self.listener = Listener()
        self.recorder = Recorder(self.experiment, plan, self.settings, self.listener)
        rungs = rungs_of(plan, self.recorder.statuses)
        self.study = open_study(self.experiment, plan, self.recorder.statuses, rungs)
        self.limits = Limits(plan.constraints, plan.space.task, META)
        self.source = StudyTrials(plan, self.study, self.recorder, self.limits)
        self.halts: Halts | None = rungs
        if plan.scheduler == "pbt":
            self.halts = Population(plan, self.experiment, self.recorder, self.source)
        self.searcher = TrialFeed(plan, self.source, self.recorder, self.halts)
        self._ray_ids = (f"ray_{run}_{number}" for number in itertools.count())
        self._ray_id: dict[str, str] = {}
        self.suggestions: dict[str, dict[str, Any]] = {}
        self.extra: dict[str, float] = {}  # what a worker adds to its lines

    def run_again(self, seconds: float = math.inf) -> Choice:
        """Turn to the finalists, as many as there is time for; `begin` gives their re-runs."""
        finalists = Finalists(self.plan, self.experiment, self.recorder.statuses)
        choice = finalists.within(seconds)
        self.recorder = Recorder(
            self.experiment, self.plan, self.settings, self.listener, kept_best=None
        )
        source = RerunTrials(
            self.plan, choice.reruns, finalists.course, self.recorder, self.experiment
        )
        self.searcher = TrialFeed(self.plan, source, self.recorder)
        return choice

    def begin(self) -> str | None:
        """Ask for a trial; its id, or None where there are no more."""
        ray_id = next(self._ray_ids)
        suggestion = self.searcher.suggest(ray_id)
        if not isinstance(suggestion, dict):
            return None
        name: str = suggestion["trial"]
        self._ray_id[name] = ray_id
        legs = suggestion["legs"]
        shown = {"seed": legs[0]["seed"], "parameters": legs[-1]["config"]}
        self.suggestions[name] = suggestion | shown
        return name

    def work(self, trial: str, epoch: int, score: float, *, tell: bool = True) -> dict[str, Any]:
        """A worker's epoch; without `tell` Tune has not passed it on (a STOP's last, a crash)."""
        directory, result = self.experiment.trial(trial), line(epoch, score) | self.extra
        directory.append_result(result)
        weights = {"weight": torch.full((2,), float(epoch)), "of": torch.tensor(trial.encode()[-1])}
        save_tensors({"epoch": epoch, "result": result, "module": weights}, directory.last)
        save_tensors(weights, directory.best)
        if tell:
            self.searcher.on_trial_result(self._ray_id[trial], result)
        return result

    def end(self, trial: str, result: dict[str, Any] | None = None, *, error: bool = False) -> None:
        self.searcher.on_trial_complete(self._ray_id[trial], result, error)

    def die(self, trial: str, deaths: int = 1) -> None:
        """Its worker is killed, and Tune begins it again."""
        for number in range(1, deaths + 1):
            metadata = SimpleNamespace(num_failures=number)
            ray_trial = SimpleNamespace(config=self.suggestions[trial], run_metadata=metadata)
            self.searcher.deaths.on_trial_recover(0, [], ray_trial)  # type: ignore[arg-type]

    def give_up(self, trial: str) -> None:
        """It is killed once too often."""
        self.die(trial, DEATHS - 1)
        self.end(trial, error=True)

    def complete(self, trial: str, scores: list[float]) -> None:
        """A trial that reaches its full length with these scores."""
        for epoch, score in enumerate(scores[:-1], 1):
            self.work(trial, epoch, score)
        last = self.work(trial, len(scores), scores[-1], tell=False)
        self.end(trial, {**last, "finished": True})

    def status(self, trial: str) -> TrialStatus:
        return self.experiment.trial(trial).read_status()

    def train(self, trial: str, splits: Splits, epochs: int | None = None) -> None:
        """Train a trial for real; it is stopped early after `epochs`."""
        suggestion = self.suggestions[trial]
        run = TrialRun(
            self.plan.space.task,
            trial,
            [Leg(**leg) for leg in suggestion["legs"]],
            splits.closed(),
            self.settings,
            suggestion["spared"],
        )
        result: dict[str, Any] = {}
        while not run.finished and run.trainer.epoch != epochs:
            result = run.run_epoch()
        self.end(trial, {**result, "finished": run.finished})
