"""What an earlier run of a search has left: the study and the trials' records brought level.

A trial's own directory is written before its study hears of it, so after a kill the study can be
behind, never ahead: it lacks reports, or the end of a trial that has ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna import Study
from optuna.trial import Trial, TrialState

from trainables.errors import BadInput
from tuning.experiment import BASELINE, TrialStatus, trial_id
from tuning.plan import SearchPlan
from tuning.recorder import Recorder
from tuning.warm_start import is_imported


@dataclass(frozen=True)
class Begun:
    """A trial that is to be trained, from its beginning or from its last checkpoint.

    Attributes:
        spared: never stopped early: the baseline, and re-runs.
        trial: of the study; None for a baseline outside it, and for re-runs.
    """

    name: str
    seed: int
    config: dict[str, Any]
    spared: bool = False
    trial: Trial | None = None


@dataclass(frozen=True)
class Recovered:
    """What there was.

    Attributes:
        asked: trials of the study that were begun, whatever became of them.
        interrupted: those to go on with, in the order they were begun.
        baseline_begun: whether a baseline outside the study has a record.
    """

    asked: int
    interrupted: tuple[Begun, ...]
    baseline_begun: bool


def recover(plan: SearchPlan, study: Study, recorder: Recorder) -> Recovered:
    """Take in the trials of earlier runs; in a new experiment there are none.

    Raises:
        BadInput: the study has trials that the experiment's directory lacks.
    """
    interrupted: list[Begun] = []
    outside = recorder.read_status(BASELINE)
    if outside is not None and outside.state == "RUNNING":
        recorder.resume(BASELINE, plan.trial_seed(-1), plan.space.baseline)
        interrupted.append(Begun(BASELINE, plan.trial_seed(-1), plan.space.baseline, spared=True))
    elif outside is not None:
        recorder.adopt(outside)
    own = [t for t in study.get_trials(deepcopy=False) if not is_imported(t)]
    begun = [t for t in own if t.state != TrialState.WAITING]
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
            recorder.resume(name, seed, config)
            interrupted.append(Begun(name, seed, config, name == plan.baseline, trial))
        for result in recorder.results(name):
            if int(result["epoch"]) not in frozen.intermediate_values:
                report(trial, result, plan.space.metric)
        if status is not None and ended:
            tell(study, trial, status)
    return Recovered(len(begun), tuple(interrupted), outside is not None)


def report(trial: Trial, result: Mapping[str, Any], metric: str) -> None:
    """Tell the study of one epoch."""
    trial.report(float(result[metric]), int(result["epoch"]))


def tell(study: Study, trial: Trial, status: TrialStatus) -> None:
    """Tell the study how a trial ended: COMPLETE at its best value, PRUNED or FAIL without one."""
    value = status.score if status.state == "COMPLETE" else None
    study.tell(trial, value, TrialState[status.state])
