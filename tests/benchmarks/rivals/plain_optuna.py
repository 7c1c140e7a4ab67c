"""The configurations by plain Optuna, two processes on one journal: `plain_optuna.py WORK OUT`.

The script starts itself twice; every configuration is enqueued, so nothing is left to the sampler.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend


def main(work: Path, out: Path, role: str = "starter") -> None:
    """Enqueue and start two workers, or be one of them."""
    configurations = json.loads((work / "job.json").read_text())["configurations"]
    study = optuna.create_study(
        study_name="versus",
        storage=JournalStorage(JournalFileBackend(str(out / "study.journal"))),
        direction="maximize",
        pruner=optuna.pruners.NopPruner(),
        load_if_exists=True,
    )
    if role == "worker":
        work_on(study, work, out)
        return
    for configuration in configurations:
        study.enqueue_trial(configuration)
    command = [sys.executable, __file__, str(work), str(out), "worker"]
    workers = [subprocess.Popen(command) for _ in range(2)]
    codes = [worker.wait() for worker in workers]
    if any(codes):
        sys.exit("a worker failed")
    print(study.best_trial)


def work_on(study: optuna.Study, work: Path, out: Path) -> None:
    """Train enqueued configurations until there are none."""
    # Imported by those who train: the process that only starts them is spared torch's seconds.
    import torch

    from tests.benchmarks.rivals.loop import train

    count = len(json.loads((work / "job.json").read_text())["configurations"])

    def objective(trial: optuna.Trial) -> float:
        if trial.number >= count:  # the first that was not enqueued
            study.stop()
            raise optuna.TrialPruned
        config = {
            "lr": trial.suggest_float("lr", 1e-4, 1e-1, log=True),
            "momentum": trial.suggest_float("momentum", 0.0, 0.99),
            "batch_size": trial.suggest_categorical("batch_size", [16, 32, 64, 128, 256]),
            "l1": trial.suggest_categorical("l1", [32, 64, 120, 256]),
            "l2": trial.suggest_categorical("l2", [32, 64, 84, 128]),
        }
        accuracy = 0.0
        for epoch, metrics, state in train(config, work, out):
            accuracy = metrics["val_accuracy"]
            torch.save(state, out / f"trial-{trial.number}.pt")
            trial.report(accuracy, epoch)
        return accuracy

    study.optimize(objective)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
