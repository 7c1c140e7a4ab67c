"""What does it cost to log for TensorBoard? A trial with `off`, `scalars` and `full`, in turns.

    python tests/benchmarks/logging_cost.py --data-dir cifar10/ [--space cifar10] [--pairs 5]

A trial of three epochs, batch 128, as a search runs it, worker and driver in one process, so that
what the driver writes and draws counts too: `TrialRun` trains and `Recorder` keeps the records.
`off` is without the gradient's norm as well, which every other trial measures. What is imported
once in a process is imported before. Prints the median of what each costs more than the `off`
beside it, with the least and the most, by the clock and in CPU time.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import trainables.trainer
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from tuning.begun import Begun, alone
from tuning.experiment import Experiment
from tuning.logged import FULL, OFF, SCALARS, Logged
from tuning.options import TENSORBOARD
from tuning.ownership import begin_run
from tuning.plan import SearchPlan
from tuning.recorder import Recorder
from tuning.request import make_plan
from tuning.trial_run import TrialRun, TrialSettings

EPOCHS, BATCH = 3, 128
TRIAL = "t0000"
_NORM_EVERY = trainables.trainer.NORM_EVERY


class Nobody:
    """Stands where the screen does."""

    def started(self, status: Any, config: Any) -> None: ...

    def resumed(self, status: Any) -> None: ...

    def reported(self, status: Any, result: Any) -> None: ...

    def paused(self, status: Any) -> None: ...

    def ended(self, status: Any) -> None: ...


def trial(plan: SearchPlan, splits: Splits, mode: str, epochs: int) -> tuple[float, float]:
    """Train it; returns the seconds it took, by the clock and of the CPU."""
    trainables.trainer.NORM_EVERY = 10**9 if mode == OFF else _NORM_EVERY
    with tempfile.TemporaryDirectory() as folder:
        plan = replace(plan, storage=Path(folder), logged=Logged(mode))
        plan.root.mkdir()
        space, experiment = plan.space, Experiment(plan.root)
        run = begin_run(experiment)
        settings = TrialSettings(
            *(plan.root, run, space.metric, space.direction, None, 1, "cpu"), logged=plan.logged
        )
        legs = alone(0, space.baseline | {"epochs": epochs})
        recorder = Recorder(experiment, plan, settings, Nobody())
        clock, cpu = time.perf_counter(), time.process_time()
        recorder.start(Begun(TRIAL, legs, spared=True))
        training = TrialRun(space.task, TRIAL, legs, splits, settings, spared=True)
        while not training.finished:
            training.run_epoch()
            recorder.catch_up(TRIAL)
        recorder.end(TRIAL, "COMPLETE")
        return time.perf_counter() - clock, time.process_time() - cpu


def main() -> None:
    """Print what each mode costs."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--space", default="cifar10")
    parser.add_argument("--data-dir", type=Path)
    parser.add_argument("--pairs", type=int, default=5)
    options = parser.parse_args()
    data = DataRequest("real" if options.data_dir else "embedded", options.data_dir)
    with tempfile.TemporaryDirectory() as folder:
        plan = make_plan(
            options.space,
            storage=Path(folder),
            name="cost",
            settings=[f"batch_size={BATCH}"],
            max_epochs=EPOCHS,
            data=data,
            gpus_per_trial=0.0,
        )
    splits = plan.space.task.load(plan.data).closed()
    print(f"{plan.space.task.name}, {splits.provenance}: {len(splits.train):,} to train on")
    trial(plan, splits, FULL, 1)
    taken: dict[str, list[tuple[float, float]]] = {mode: [] for mode in TENSORBOARD}
    for pair in range(options.pairs):
        turn = pair % len(TENSORBOARD)
        for mode in (*TENSORBOARD[turn:], *TENSORBOARD[:turn]):
            taken[mode].append(trial(plan, splits, mode, EPOCHS))
            print(
                f"  {pair + 1} {mode:8}{taken[mode][-1][0]:7.2f} s, CPU{taken[mode][-1][1]:7.2f} s"
            )
    for place, what in enumerate(("clock", "CPU")):
        off = [seconds[place] for seconds in taken[OFF]]
        print(f"{what}: off {statistics.median(off):.2f} s")
        for mode in (SCALARS, FULL):
            pairs = zip(taken[mode], off, strict=True)
            more = [seconds[place] / without - 1 for seconds, without in pairs]
            middle = statistics.median(more)
            print(f"  {mode:8}{middle:+7.1%}  ({min(more):+.1%} to {max(more):+.1%})")


if __name__ == "__main__":
    main()
