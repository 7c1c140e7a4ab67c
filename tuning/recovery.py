"""What an earlier run of a search has left: the study and the trials' records brought level.

A trial's own directory is written before its study hears of it, so after a kill the study can be
behind, never ahead: it lacks reports, or the end of a trial that has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from optuna import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from trainables.errors import BadInput
from trainables.leg import Leg
from tuning.begun import Begun, Origin, alone
from tuning.constraints import Limits
from tuning.experiment import BASELINE, trial_id
from tuning.plan import SearchPlan
from tuning.recorder import Recorder
from tuning.status import TrialStatus
from tuning.warm_start import is_imported

REFUSED = "refused"  # the user attribute of a proposal that broke a constraint
ORIGIN = "origin"  # the user attribute of a trial that took over weights


@dataclass(frozen=True)
class Recovered:
    """What there was.

    Attributes:
        asked: trials of the study that were begun, whatever became of them; not heirs, which stand
            in the place of others.
        refused: proposals that broke a constraint, and were not begun.
        interrupted: those to go on with, in the order they were begun.
        baseline_begun: whether a baseline outside the study has a record.
    """

    asked: int
    refused: int
    interrupted: tuple[Begun, ...]
    baseline_begun: bool


def recover(plan: SearchPlan, study: Study, recorder: Recorder, limits: Limits) -> Recovered:
    """Take in the trials of earlier runs; in a new experiment there are none.

    Raises:
        BadInput: the study has trials that the experiment's directory lacks.
    """
    interrupted: list[Begun] = []
    outside = recorder.read_status(BASELINE)
    if outside is not None and outside.state == "RUNNING":
        baseline = outside_baseline(plan, limits)
        recorder.resume(baseline)
        interrupted.append(baseline)
    elif outside is not None:
        recorder.adopt(outside)
    own = [t for t in study.get_trials(deepcopy=False) if not is_imported(t)]
    begun, refused = [], 0
    for frozen in own:
        if REFUSED in frozen.user_attrs:
            refused += 1
            if not frozen.state.is_finished():  # killed before it was told
                study.tell(frozen.number, state=TrialState.PRUNED)
        elif frozen.state != TrialState.WAITING:
            begun.append(frozen)
    asked = sum(ORIGIN not in frozen.user_attrs for frozen in begun)
    for frozen in begun:
        name = trial_id(frozen.number)
        status = recorder.read_status(name)
        ended = status is not None and status.state != "RUNNING"
        if frozen.state.is_finished():
            if status is None or not ended:
                raise BadInput(
                    f"--resume {plan.name}: trials/{name} is missing or damaged; the study has it "
                    f"as {frozen.state.name}"
                )
            recorder.adopt(status)
            continue
        trial = Trial(study, frozen._trial_id)  # the same trial and number: no other way to it
        if status is not None and ended:
            recorder.adopt(status)
        else:
            # Values that the study has are kept, those that a kill kept from it are asked for.
            config = plan.space.sample(trial)
            seed = plan.trial_seed(frozen.number)
            feasible = held(trial, limits.excess(config))
            if not feasible and name != plan.baseline:  # killed before it was refused
                refuse(study, trial)
                asked, refused = asked - 1, refused + 1
                continue
            origin = origin_of(frozen)
            course = alone(seed, config)
            if origin is not None:
                course = heir_course(recorder.read_course(origin.parent), origin, seed, config)
            going_on = Begun(name, course, name == plan.baseline, trial, feasible, origin)
            recorder.resume(going_on)
            interrupted.append(going_on)
        for result in recorder.results(name):
            if int(result["epoch"]) not in frozen.intermediate_values:
                report(study, trial, result, plan.space.metric)
        if status is not None and ended:
            tell(study, trial, status)
    return Recovered(asked, refused, tuple(interrupted), outside is not None)


def outside_baseline(plan: SearchPlan, limits: Limits) -> Begun:
    """The baseline of a search whose ranges leave it out."""
    config = plan.space.baseline
    feasible = not limits.broken(config)
    return Begun(BASELINE, alone(plan.trial_seed(-1), config), spared=True, feasible=feasible)


def origin_of(frozen: FrozenTrial) -> Origin | None:
    """Where a trial of the study has its weights from; None: they are its own."""
    known = frozen.user_attrs.get(ORIGIN)
    return None if known is None else Origin(**known)


def heir_course(
    parent: Sequence[Leg], origin: Origin, seed: int, config: dict[str, Any]
) -> tuple[Leg, ...]:
    """The parent's course up to where the heir takes over, and its own leg."""
    before = [leg for leg in parent if leg.start < origin.start]
    return (*before, Leg(origin.start, seed, config))


def held(trial: Trial, excess: Mapping[str, float]) -> bool:
    """Tell the study how far a trial is beyond each constraint; whether it keeps them all."""
    for name, value in excess.items():
        if name not in trial.constraints:
            trial.set_constraint(name, value)
    return all(value <= 0 for value in excess.values())


def refuse(study: Study, trial: Trial) -> None:
    """A proposal that breaks a constraint is not begun, and does not count."""
    trial.set_user_attr(REFUSED, True)
    study.tell(trial, state=TrialState.PRUNED)


def report(study: Study, trial: Trial, result: Mapping[str, Any], metric: str) -> None:
    """Tell the study of one epoch; one of several aims knows of no epochs."""
    if len(study.directions) == 1:
        trial.report(float(result[metric]), int(result["epoch"]))


def tell(study: Study, trial: Trial, status: TrialStatus) -> None:
    """Tell the study how a trial ended: COMPLETE at its best value, PRUNED or FAIL without one.

    First how far it is beyond what only training shows: from then on a sampler can learn of it.
    """
    held(trial, status.excess)
    values: list[float] | float | None = list(status.values.values()) or status.score
    study.tell(trial, values if status.state == "COMPLETE" else None, TrialState[status.state])
