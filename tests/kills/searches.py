"""A search to be killed, and what must hold of it whatever happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tuning.experiment import Experiment, trial_of

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


class Search:
    """A search of `witness.py`, started and gone on with as a person would, killed and counted.

    Args:
        folder: where its storage and its witness are.
    """

    def __init__(self, folder: Path, *options: str) -> None:
        self.experiment = Experiment(folder / "results" / "killed")
        self._witness = folder / "witness.txt"
        self._witness.touch()
        self._options = options
        self._environment = {
            "XDG_CACHE_HOME": str(folder / "cache"),  # not a person's own
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "KILLS_WITNESS": str(self._witness),
        }
        self._runs = 0

    def start(self, *, more: int = 0, fault: str = "") -> subprocess.Popen[str]:
        """Start it, or go on with it at once where it is there already.

        Args:
            more: trials to add.
            fault: of `faults.FAULTS`; the search will die of it.
        """
        self._runs += 1  # a fault is for the workers of its run, not for orphans of the last
        order = {"KILLS_FAULT": str(self._witness.with_name(f"fault-{self._runs}"))}
        program = [str(HERE / "faults.py"), fault] if fault else [str(ROOT / "run_search.py")]
        storage = ["--storage", str(self.experiment.root.parent), "--quiet"]
        if self.experiment.plan.is_file():
            added = ["--trials", f"+{more}"] if more else []
            arguments = ["--resume", self.experiment.name, *added]
        else:
            space = ["--space", str(HERE / "witness.py"), "--data", "embedded"]
            arguments = [*space, "--name", self.experiment.name, "--gpus-per-trial", "0"]
            arguments += self._options
        return subprocess.Popen(
            [sys.executable, "-u", *program, *arguments, *storage],
            env=self._environment | order,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def die_of(self, fault: str, *, more: int = 0) -> str:
        """Go on until it dies of a fault; returns what was on the screen."""
        with self.start(more=more, fault=fault) as process:
            assert process.stdout is not None
            screen = process.stdout.read()
        assert process.returncode == -9, f"{fault}: it did not die of it\n{screen[-3000:]}"
        return screen

    def finish(self) -> str:
        """Go on to the end; returns what was on the screen."""
        with self.start() as process:
            assert process.stdout is not None
            screen = process.stdout.read()
        assert process.returncode == 0, screen
        return screen

    def lines(self) -> list[tuple[str, int, int, int]]:
        """What the task bore witness to, in order: `begun` or `saved`, seed, epoch, process."""
        lines = (line.split() for line in self._witness.read_text().splitlines())
        return [(what, int(seed), int(epoch), int(pid)) for what, seed, epoch, pid in lines]

    def begun(self) -> list[tuple[int, int, int]]:
        """Epochs begun, in order: seed of the trial, epoch, process."""
        return [(seed, epoch, pid) for what, seed, epoch, pid in self.lines() if what == "begun"]

    def trained_again(self) -> int:
        """Epochs begun although a completed checkpoint covered them."""
        saved: dict[int, int] = defaultdict(int)
        again = 0
        for what, seed, epoch, _ in self.lines():
            if what == "saved":
                saved[seed] = max(saved[seed], epoch)
            else:
                again += epoch <= saved[seed]
        return again

    def handed_over(self) -> bool:
        """Whether the final step is done: a model exported, and scored on the test."""
        try:
            metrics = json.loads((self.experiment.best / "metrics.json").read_text())
        except OSError:
            return False
        return metrics["test"] is not None

    def openings(self) -> int:
        """How often test was opened."""
        return len(self.experiment.test_openings.read_text().splitlines())

    def all_begun_have_ended(self) -> bool:
        """Whether as many trials have ended as were asked for."""
        if not self.experiment.plan.is_file():
            return False
        asked = json.loads(self.experiment.plan.read_text())["trials"]
        statuses = [directory.read_status() for directory in self.experiment.trials()]
        own = [status for status in statuses if not status.parent]  # an heir is for another
        return len(own) == asked and "RUNNING" not in [status.state for status in statuses]

    def running(self) -> int:
        """How many trials have begun and not ended, on a slot or at a rung."""
        states = [directory.read_status().state for directory in self.experiment.trials()]
        return states.count("RUNNING")

    def _wrong_reruns(self) -> list[str]:
        wrong = []
        finalists = json.loads(self.experiment.plan.read_text())["ended"]["finalists"]
        for directory in self.experiment.reruns():
            epochs = [line["epoch"] for line in directory.read_results()]
            status = directory.read_status()
            if trial_of(directory.id) not in finalists and status.cause == "not gone on with":
                continue  # begun before more trials were asked for, one of which is better
            if status.state != "COMPLETE" or epochs != list(range(1, status.epochs + 1)):
                wrong.append(f"{directory.id}: {status.state}, epochs {epochs}")
        if not self.experiment.finalists.is_file():
            wrong.append("no finalists were ranked")
        return wrong

    def faults(self, ended_with: int | None = None) -> list[str]:
        """What does not hold of the ended search; empty where all is well.

        Args:
            ended_with: how many trials its budget lets it have; None: all that were asked for.
        """
        wrong = []
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        storage = JournalStorage(JournalFileBackend(str(self.experiment.journal)))
        told = optuna.load_study(study_name=None, storage=storage).trials
        asked = ended_with or json.loads(self.experiment.plan.read_text())["trials"]
        heirs = sum(bool(directory.read_status().parent) for directory in self.experiment.trials())
        if len(told) - heirs != asked or not all(trial.state.is_finished() for trial in told):
            wrong.append(f"{asked} trials asked for: {[trial.state.name for trial in told]}")
        for trial, directory in zip(told, self.experiment.trials(), strict=False):
            epochs = [line["epoch"] for line in directory.read_results()]
            events = EventAccumulator(str(directory.root))
            events.Reload()
            curve = [event.step for event in events.Scalars("loss/val")]
            status = directory.read_status()
            if not epochs == curve == list(range(status.start + 1, status.epochs + 1)):
                wrong.append(f"{directory.id}: epochs {epochs}, curve {curve}")
            if status.state != trial.state.name or list(trial.intermediate_values) != epochs:
                wrong.append(f"{directory.id}: {status.state}, its study {trial.state.name}")
        wrong += self._wrong_reruns()
        openings = self.experiment.test_openings.read_text().splitlines()
        if not all(json.loads(line)["result"] for line in openings):
            wrong.append("an opening of the test was not completed")
        if not (self.experiment.best / "model.pt").is_file():
            wrong.append("no model was exported")
        left = [str(p.name) for p in self.experiment.root.parent.rglob(".*.tmp")]
        if left:
            wrong.append(f"left behind: {left}")
        if again := self.trained_again():
            wrong.append(f"{again} epochs that a checkpoint covered were trained again")
        return wrong
