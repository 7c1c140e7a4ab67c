"""Everything the user asked for, resolved and checked before anything starts."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import joblib

from search_spaces.points import points
from search_spaces.space import SearchSpace
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import sha256
from trainables.parts.kernels import Kernels
from tuning.budget import Budget
from tuning.circumstances import circumstances
from tuning.constraints import Constraint, Limits
from tuning.experiment import BASELINE, trial_id
from tuning.finalists import Finals
from tuning.front import Objective
from tuning.logged import Logged
from tuning.options import EXPERIENCED, FINISHED_ONLY, SAMPLERS, SCHEDULERS
from tuning.plan_record import LAYOUT
from tuning.samplers import check_sampler


@dataclass(frozen=True)
class SearchPlan:
    """One search, resolved. Every field is what will happen, not what was typed.

    Attributes:
        space_name: as `--space` had it.
        space_code: the user's own space file, byte for byte; None: a built-in space.
        space: with every setting applied.
        settings: as each `--set` had it.
        budget: what else ends the search.
        finals: which trials are trained again when it has ended, and how often.
        patience: epochs without a better score after which a trial ends, or None.
        concurrency: trials at a time; each has `cpus_per_trial` threads.
        gpus_per_trial: a share of a GPU; 0: on the CPU.
        address: of an existing Ray cluster, or None: Ray is started here.
        objectives: two or more aims, the first of which is the space's metric; else none.
        constraints: what a trial must keep, to be trained or to be ranked; the baseline is trained.
        warm_start: directories of experiments whose trials enter the study.
        perturbed: parameters that population based training changes on the way.
        logged: what is left for TensorBoard.

    Raises:
        BadInput: a number out of range, or a name that cannot be a directory's.
    """

    name: str
    storage: Path
    space_name: str
    space_code: bytes | None
    space: SearchSpace
    settings: tuple[str, ...]
    sampler: str
    scheduler: str
    budget: Budget
    finals: Finals
    patience: int | None
    concurrency: int
    cpus_per_trial: int
    gpus_per_trial: float
    data: DataRequest
    seed: int
    address: str | None
    kernels: Kernels
    objectives: tuple[Objective, ...] = ()
    constraints: tuple[Constraint, ...] = ()
    warm_start: tuple[Path, ...] = ()
    perturbed: tuple[str, ...] = ()
    logged: Logged = field(default_factory=Logged)

    def __post_init__(self) -> None:
        for option, value in (
            ("--concurrency", self.concurrency),
            ("--cpus-per-trial", self.cpus_per_trial),
            ("--patience", self.patience),
        ):
            if value is not None and value < 1:
                raise BadInput(f"{option} {value}: must be a whole number of 1 or more")
        for option, name, names in (
            ("--sampler", self.sampler, SAMPLERS),
            ("--scheduler", self.scheduler, SCHEDULERS),
        ):
            if name not in names:
                raise BadInput(f"{option} {name}: must be one of {', '.join(names)}")
        check_sampler(self.sampler, self.space, aims=max(1, len(self.objectives)))
        if self.warm_start and self.sampler not in EXPERIENCED:
            raise BadInput(
                f"--warm-start: --sampler {self.sampler} does not learn from the trials of others; "
                f"take {' or '.join(EXPERIENCED)}"
            )
        if not 0 <= self.seed < 2**32:
            raise BadInput(f"--seed {self.seed}: must be from 0 to {2**32 - 1}")
        if not 0 <= self.gpus_per_trial < math.inf:
            raise BadInput(f"--gpus-per-trial {self.gpus_per_trial:g}: must be 0 or more")
        if self.gpus_per_trial > 1 and self.gpus_per_trial % 1:
            raise BadInput(
                f"--gpus-per-trial {self.gpus_per_trial:g}: above 1 it must be a whole number"
            )
        self._check_budget()
        plain = self.name.strip() and self.name.isprintable() and not set(self.name) & set("/\\")
        if not plain or self.name in (".", ".."):
            raise BadInput(f"--name {self.name!r}: must be a plain name without a slash")

    def _check_budget(self) -> None:
        epochs, target, waits = self.budget.epochs, self.budget.target, self.budget.plateau
        length, again = self.space.epochs, self.reserved_epochs
        if epochs is not None and epochs < length + again:
            finalists = (
                f", its and the finalists' re-runs {again}; fewer take less" if again else ""
            )
            raise BadInput(f"--epoch-budget {epochs}: the baseline alone takes {length}{finalists}")
        if waits is not None and waits >= self.space.trials:
            raise BadInput(
                f"--plateau {waits}: no {self.space.trials} trials can hold so many without a "
                "better one; it must be less than --trials"
            )
        low, high = self.space.metric_range
        if target is not None and not low <= target <= high:
            raise BadInput(
                f"--target-score {target:g}: {self.space.metric} lies between {low:g} and {high:g}"
            )

    @property
    def reserved_epochs(self) -> int:
        """Epochs of an epoch budget that are kept for the finalists."""
        finalists = min(self.finals.finalists, self.space.trials)
        return replace(self.finals, finalists=finalists).reruns * self.space.epochs

    @property
    def root(self) -> Path:
        return self.storage / self.name

    @property
    def baseline_in_study(self) -> bool:
        """False where a `--set` range leaves the Config's defaults out."""
        return self.space.contains(self.space.baseline)

    @property
    def baseline(self) -> str:
        """The baseline's trial id."""
        return trial_id(0) if self.baseline_in_study else BASELINE

    def trial_seed(self, number: int) -> int:
        """The seed of trial `number` (-1: a baseline outside the study), a function of --seed."""
        return self._seed_for(str(number))

    def rerun_seed(self, trial: str, repeat: int) -> int:
        """The seed of a finalist's re-run, a function of --seed and both."""
        return self._seed_for(f"{trial}/{repeat}")

    def sampler_seed(self, known: int) -> int:
        """The seed of the sampler of a search resumed with `known` trials."""
        return self.seed if known == 0 else self._seed_for(f"sampler/{known}")

    def _seed_for(self, what: str) -> int:
        digest = hashlib.sha256(f"{self.seed}/{what}".encode()).digest()
        return int.from_bytes(digest[:4], "big")

    def check_resources(self, cpus: float, gpus: float, where: str) -> None:
        """Raise BadInput unless all slots fit into what there is."""
        need = self.concurrency * self.cpus_per_trial
        if need > cpus:
            raise BadInput(
                f"--concurrency {self.concurrency} x --cpus-per-trial {self.cpus_per_trial}: needs "
                f"{need} CPUs, {where} has {cpus:g}"
            )
        if self.gpus_per_trial > gpus:
            raise BadInput(
                f"--gpus-per-trial {self.gpus_per_trial:g}: {where} has {gpus:g} GPU(s) for torch"
            )
        slots = gpu_slots(gpus, self.gpus_per_trial)
        if slots is not None and self.concurrency > slots:
            raise BadInput(
                f"--concurrency {self.concurrency} x --gpus-per-trial {self.gpus_per_trial:g}: "
                f"{where} has {gpus:g} GPU(s), enough for {slots} at a time"
            )

    def notes(self, splits: Splits) -> list[str]:
        """What a user should read before the search starts."""
        task = self.space.task
        largest = {name: self.space.largest(name) for name in (task.sized_by,) if name}
        notes = list(task.notes(task.Config(**self.space.baseline | largest), splits))
        if self.sampler == "grid":
            tried, there_are = self.space.trials, points(self.space)
            again = ", then some again under fresh seeds" if tried > there_are else ""
            notes.append(
                f"Grid: {min(tried, there_are):,.0f} of its {there_are:,.0f} points{again}"
            )
        if self.scheduler != "none" and self.sampler in FINISHED_ONLY:
            notes.append(
                f"--sampler {self.sampler} learns nothing from trials that --scheduler "
                f"{self.scheduler} stops early; --scheduler none stops none"
            )
        limits = Limits(self.constraints, task, splits.meta)
        if broken := limits.broken(self.space.baseline):
            notes.append(
                f"The baseline breaks {', '.join(broken)}: it is trained to be compared with, and "
                "cannot win"
            )
        if self.scheduler == "pbt":
            every = self.space.grace_period
            notes.append(
                f"PBT: a population of {self.space.trials - self.baseline_in_study} beside the "
                f"baseline, every {every} epochs the worst quarter "
                f"goes on from the best with other {', '.join(self.perturbed)}"
            )
        if self.budget.epochs is not None:
            finals = self.finals
            again = f"{finals.finalists} and the baseline, {finals.repeats} times each"
            taken = f"{again}: {self.reserved_epochs} of the {self.budget.epochs} epochs"
            notes.append(f"Finalists: {taken if finals.finalists else 'none'}")
        return notes

    def to_json(self, splits: Splits | None = None) -> dict[str, Any]:
        """The content of `plan.json`; with `splits`, also what the data really is."""
        record: dict[str, Any] = {
            "layout": LAYOUT,
            "name": self.name,
            "space": self.space_name,
            "space_sha256": sha256(self.space_code) if self.space_code is not None else None,
            "settings": list(self.settings),
            "metric": self.space.metric,
            "direction": self.space.direction,
            "trials": self.space.trials,
            "epochs": self.space.epochs,
            "grace_period": self.space.grace_period,
            "sampler": self.sampler,
            "scheduler": self.scheduler,
            **self.budget.to_json(),
            **asdict(self.finals),
            "patience": self.patience,
            "concurrency": self.concurrency,
            "cpus_per_trial": self.cpus_per_trial,
            "gpus_per_trial": self.gpus_per_trial,
            "seed": self.seed,
            "address": self.address,
            "data": self.data.to_json(),
            "objectives": [str(objective) for objective in self.objectives],
            "constraints": [str(constraint) for constraint in self.constraints],
            "refused": 0,
            "warm_start": [str(root) for root in self.warm_start],
            "imported": None,
            "perturbed": list(self.perturbed),
            **asdict(self.logged),
            "baseline_in_study": self.baseline_in_study,
            "search_space": self.space.to_json(),
            "kernels": asdict(self.kernels),
            "resumed": [],
            "ended": None,
            **circumstances(),
        }
        if splits is not None:
            record["data"] |= {
                "provenance": asdict(splits.provenance),
                "digest": splits.digest,
                "train": len(splits.train),
                "val": len(splits.val),
                "meta": asdict(splits.meta),
            }
            if splits.weights is not None:
                found = {"found": splits.weights.found, "digest": splits.weights.digest}
                record["data"]["weights"] |= found
            record["notes"] = self.notes(splits)
        return record

    def resumed_json(self, record: dict[str, Any]) -> dict[str, Any]:
        """The content of `plan.json`, `record`, once the search is resumed with this plan."""
        changed = {"trials": self.space.trials, **self.budget.to_json(), **asdict(self.logged)}
        when = {"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "address": self.address}
        # Of this run alone: a machine with fewer slots does not lower those of the next.
        where = {"concurrency": self.concurrency}
        now = {**when, **changed, **where, **circumstances()}
        return record | changed | {"resumed": [*record["resumed"], now]}


def gpu_slots(gpus: float, per_trial: float) -> int | None:
    """Trials that fit on `gpus` at a time, none across two of them; None: they need no GPU."""
    if not 0 < per_trial < math.inf:  # none, or no number at all, which the plan refuses
        return None
    if per_trial > 1:
        return int(gpus // per_trial)
    return int(gpus) * int(1 / per_trial + 1e-9)


def cpu_count() -> int:
    """Cores this process may use: affinity and container limits counted."""
    return int(joblib.cpu_count())
