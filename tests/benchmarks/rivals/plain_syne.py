"""The configurations by Syne Tune's local backend: `plain_syne.py WORK OUT [SLEEP]`.

First in, first out, a process a trial. Syne Tune looks for ended trials every SLEEP seconds; its
own default is 5.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from syne_tune import StoppingCriterion, Tuner
from syne_tune.backend import LocalBackend
from syne_tune.config_space import choice, loguniform, uniform
from syne_tune.constants import TUNER_DEFAULT_SLEEP_TIME
from syne_tune.optimizer.schedulers.searchers.random_searcher import RandomSearcher
from syne_tune.optimizer.schedulers.single_fidelity_scheduler import SingleFidelityScheduler


class GivenOnly(RandomSearcher):
    """Random search that ends after `points_to_evaluate`.

    A StoppingCriterion does not do: where two trials end at once it lets one too many begin.
    """

    def suggest(self) -> dict[str, Any] | None:
        """The next given configuration, or None."""
        given: dict[str, Any] | None = self._next_points_to_evaluate()
        return given


def main(work: Path, out: Path, sleep: float = TUNER_DEFAULT_SLEEP_TIME) -> None:
    """Run them all, two at a time; SYNETUNE_FOLDER says where."""
    configurations = json.loads((work / "job.json").read_text())["configurations"]
    space = {
        "lr": loguniform(1e-4, 1e-1),
        "momentum": uniform(0.0, 0.99),
        "batch_size": choice([16, 32, 64, 128, 256]),
        "l1": choice([32, 64, 120, 256]),
        "l2": choice([32, 64, 84, 128]),
        "work": str(work),
        "out": str(out),
    }
    tuner = Tuner(
        trial_backend=LocalBackend(entry_point=str(Path(__file__).with_name("syne_entry.py"))),
        scheduler=SingleFidelityScheduler(
            space,
            metrics=["val_accuracy"],
            do_minimize=False,
            searcher=GivenOnly(space, points_to_evaluate=configurations),
        ),
        stop_criterion=StoppingCriterion(max_num_trials_finished=len(configurations) - 1),
        n_workers=2,
        sleep_time=sleep,
    )
    tuner.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), *map(float, sys.argv[3:]))
