"""Experience: trials of earlier experiments enter the study, where they fit today's search."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from optuna import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from search_spaces.space import SearchSpace
from trainables.data.splits import Splits
from trainables.errors import BadInput
from tuning.constraints import Limits
from tuning.experiment import Experiment
from tuning.front import Objective
from tuning.objectives import EPOCH_SECONDS, values_at_end
from tuning.plan_record import read_plan
from tuning.status import TrialStatus
from tuning.trial_directory import TrialDirectory

IMPORTED = "imported"  # the user attribute of such a trial in the study: where it is from


def find_experience(
    names: str | None, space: SearchSpace, objectives: Sequence[Objective], storage: Path
) -> tuple[Path, ...]:
    """The directories of experiments, `NAME,NAME`, whose trials say something of this space.

    Raises:
        BadInput: there is no such experiment, or it is of another task, metric or set of aims.
    """
    found: list[Path] = []
    asked = [str(objective) for objective in objectives]
    for name in names.split(",") if names is not None else ():
        experiment = Experiment.find(name.strip(), storage, option="--warm-start ")
        record = _plan(experiment)
        theirs = (record["search_space"]["task"], record["metric"], record["direction"])
        if theirs != (space.task.name, space.metric, space.direction):
            raise BadInput(
                f"--warm-start {name}: it searched {theirs[0]} for the {theirs[2]} {theirs[1]}, "
                f"this one {space.task.name} for the {space.direction} {space.metric}"
            )
        if record["objectives"] != asked:
            was, now = (",".join(aims) or "one aim" for aims in (record["objectives"], asked))
            raise BadInput(f"--warm-start {name}: it was after {was}, this one is after {now}")
        if experiment.name in [root.name for root in found]:
            raise BadInput(f"--warm-start {names}: {experiment.name} is there twice")
        found.append(experiment.root)
    return tuple(found)


def check_experience(roots: tuple[Path, ...], splits: Splits) -> None:
    """Raise BadInput where an experiment cannot teach this search anything.

    It was on other data, another split or from other weights, or its records are damaged.
    """
    weights = splits.weights.digest if splits.weights else None
    for root in roots:
        data = _plan(Experiment(root))["data"]
        if data.get("digest") != splits.digest:
            theirs = data.get("provenance", {}).get("name", "data unknown")
            raise BadInput(
                f"--warm-start {root.name}: it was on other data, or split otherwise: {theirs}, "
                f"split seed {data.get('split_seed')}, {str(data.get('digest'))[:12]}; here are "
                f"{splits.provenance.name}, {splits.digest[:12]}"
            )
        if data.get("weights", {}).get("digest") != weights:
            raise BadInput(f"--warm-start {root.name}: it began from other weights")
        for directory in Experiment(root).trials():
            try:
                directory.read_status(), directory.read_config(), directory.read_results()
            except (OSError, ValueError, TypeError) as error:
                raise BadInput(
                    f"--warm-start {root.name}: {directory.root} is damaged ({error})"
                ) from None


@dataclass(frozen=True)
class Imported:
    """What came of it.

    Attributes:
        trials: that are in the study now, by experiment.
        left_out: by the reason, how many are not.
    """

    trials: dict[str, int]
    left_out: dict[str, int]

    def __str__(self) -> str:
        came = ", ".join(f"{count} trials of {name}" for name, count in self.trials.items())
        text = f"Warm start: {came}"
        if self.left_out:
            reasons = ", ".join(f"{count} {why}" for why, count in self.left_out.items())
            text += f"; left out: {reasons}"
        return text


def import_trials(
    study: Study, space: SearchSpace, roots: tuple[Path, ...], limits: Limits
) -> Imported:
    """Add what fits to the study; what an interrupted import has added is not added twice.

    A trial fits where it had today's full length, today's values of all that is not searched, and
    lies within today's ranges. It comes as COMPLETE at its best score or PRUNED at its last step.
    One that today would not be trained is left out; one whose training shows it to be beyond a
    constraint comes as that.
    """
    measures = [constraint.measure for constraint in limits.after_training]
    there = {trial.user_attrs.get(IMPORTED) for trial in study.get_trials(deepcopy=False)}
    came: Counter[str] = Counter({root.name: 0 for root in roots})
    left_out: Counter[str] = Counter()
    for root in roots:
        for directory in Experiment(root).trials():
            status, config = directory.read_status(), directory.read_config()
            reason = _unfit(status, config, space)
            excess = {} if reason else limits.excess(config)
            if any(value > 0 for value in excess.values()):
                reason = "beyond a constraint"
            found = _found(directory, status, measures) if measures and not reason else {}
            unknown = [name for name in measures if name not in found]
            if unknown and not reason:  # samplers want the same constraints of every trial
                reason = f"without {unknown[0]}"
            if reason:
                left_out[reason] += 1
                continue
            excess |= {str(c): c.excess(found[c.measure]) for c in limits.after_training}
            came[root.name] += 1
            origin = f"{root.name}/{directory.id}"
            if origin not in there:
                study.add_trial(_frozen(directory, status, config, space, origin, excess))
                there.add(origin)
    return Imported(dict(came), dict(left_out))


def is_imported(trial: FrozenTrial) -> bool:
    """Whether a trial of the study came from another experiment."""
    return IMPORTED in trial.user_attrs


def _unfit(status: TrialStatus, config: dict[str, Any], space: SearchSpace) -> str:
    """Why a trial does not fit; empty where it does."""
    if status.state not in ("COMPLETE", "PRUNED") or status.score is None:
        return "without a score"
    given = space.given
    if status.parent:
        return "of a population, with others' weights"
    if config.get("epochs") != space.epochs:
        return "of another length"
    if set(config) != set(space.existing(given | config)):
        return "with other parameters"
    if any(config[name] != given[name] for name in config if name not in space.distributions):
        return "with another value of what is not searched"
    return "" if space.contains(config) else "outside today's ranges"


def _frozen(
    directory: TrialDirectory,
    status: TrialStatus,
    config: dict[str, Any],
    space: SearchSpace,
    origin: str,
    excess: dict[str, float],
) -> FrozenTrial:
    params = space.searched(config)
    complete = status.state == "COMPLETE"
    values = list(status.values.values())  # one of several aims knows of no epochs
    return create_trial(
        state=TrialState.COMPLETE if complete else TrialState.PRUNED,
        values=(values or [status.score or 0.0]) if complete else None,
        params=params,
        distributions={name: space.distributions[name] for name in params},
        intermediate_values={} if values else dict(_steps(directory, space.metric)),
        user_attrs={IMPORTED: origin},
        constraints=excess,
    )


def _found(
    directory: TrialDirectory, status: TrialStatus, measures: Sequence[str]
) -> dict[str, float]:
    """What its training has shown by these names, as far as every epoch says it."""
    results = directory.read_results()
    known = [
        name for name in measures if name == EPOCH_SECONDS or all(name in line for line in results)
    ]
    return values_at_end(status, results, known)


def _steps(directory: TrialDirectory, metric: str) -> Iterator[tuple[int, float]]:
    for result in directory.read_results():
        yield int(result["epoch"]), float(result[metric])


def _plan(experiment: Experiment) -> dict[str, Any]:
    keys = ("search_space", "metric", "direction", "data", "objectives")
    return read_plan(experiment, f"--warm-start {experiment.name}", keys)
