"""An experiment as pandas frames, also while its search runs."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from analysis.finalists import finalists, rounds
from trainables.data.splits import Provenance
from trainables.errors import BadInput
from trainables.files import read_json
from tuning.experiment import BASELINE, Experiment, TrialDirectory, trial_id
from tuning.front import Objective, front

_DTYPES = {
    "trial": "string",
    "state": "string",
    "score": "float64",
    "best_epoch": "Int64",
    "epochs": "Int64",
    "seconds": "float64",
    "seed": "Int64",
    "cause": "string",
    "provenance": "string",
    "parent": "string",
    "start": "Int64",
    "feasible": "bool",
}


@dataclass(frozen=True)
class Results:
    """What an experiment holds.

    Attributes:
        trials: a row a trial: `trial, state, score, best_epoch, epochs, seconds, seed, cause,
            provenance, parent, start, feasible, config/<parameter>`; a parameter that a trial does
            not have is missing. In a population a trial goes on from epoch `start` of its
            `parent`. Infeasible is a trial that was found to break a constraint when it was
            trained, or a baseline that breaks any. Of a search with several aims also
            `aim/<objective>`; with constraints on what training shows `excess/<constraint>`, how
            far a trial is beyond it.
        epochs: a row a trial or re-run and epoch: `trial` and every value of `result.jsonl`.
        reruns: a row a re-run of a finalist, with the columns of `trials`.
        finalists: a row a finalist, the winner first (`analysis.finalists`).
        plan: the content of `plan.json`.
        front: the rows of `trials` that no other beats in all aims, the best by the first one
            first; empty where there is but one aim.
    """

    trials: pd.DataFrame
    epochs: pd.DataFrame
    reruns: pd.DataFrame
    finalists: pd.DataFrame
    plan: dict[str, Any]
    front: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def provenance(self) -> str:
        """What the data really was, such as `real: MNIST`."""
        return str(Provenance(**self.plan["data"]["provenance"]))

    @property
    def leaderboard(self) -> pd.DataFrame:
        """The trials ranked by score, best first; an infeasible one and those without come last."""
        may_win = (self.trials["feasible"] & self.trials["score"].notna()).rename("may_win")
        return (
            self.trials.assign(may_win=may_win)
            .sort_values(
                ["may_win", "score", "trial"],
                ascending=[False, self.plan["direction"] == "min", True],
                ignore_index=True,
            )
            .drop(columns="may_win")
        )

    @property
    def baseline(self) -> pd.Series:
        """The baseline's row; empty before it has started."""
        name = trial_id(0) if self.plan["baseline_in_study"] else BASELINE
        rows = self.trials[self.trials["trial"] == name]
        return rows.iloc[0] if len(rows) else pd.Series(dtype="object")


def load(path: str | Path) -> Results:
    """Load an experiment's directory.

    Raises:
        BadInput: `path` is no experiment.
    """
    experiment = Experiment(Path(path))
    try:
        plan = read_json(experiment.plan)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path}: no experiment ({error})") from None
    provenance = str(Provenance(**plan["data"]["provenance"]))
    directories, again = experiment.trials(), experiment.reruns()
    lines = [
        {"trial": directory.id, **line}
        for directory in [*directories, *again]
        for line in directory.read_results()
    ]
    epochs = pd.DataFrame(lines, columns=None if lines else ["trial", "epoch"])
    trials = _frame(directories, provenance)
    aims = [Objective.of(text) for text in plan.get("objectives", ())]
    unbeaten = [s.trial for s in front([d.read_status() for d in directories], aims)]
    return Results(
        trials=trials,
        reruns=_frame(again, provenance),
        finalists=finalists(
            rounds([directory.read_status() for directory in again], chosen(plan)),
            dict(zip(trials["trial"], trials["score"], strict=True)),
            plan["direction"],
            plan.get("prefer", "best"),  # older experiments lack it
        ),
        epochs=epochs.astype({"trial": "string", "epoch": "Int64"}),
        plan=plan,
        front=trials.set_index("trial", drop=False).loc[unbeaten].reset_index(drop=True),
    )


def chosen(plan: dict[str, Any]) -> list[str]:
    """The trials that were chosen to run again; none before that, or in an older experiment."""
    return list((plan.get("ended") or {}).get("finalists", ()))


def _frame(directories: list[TrialDirectory], provenance: str) -> pd.DataFrame:
    frame = pd.DataFrame([_row(directory, provenance) for directory in directories])
    columns = [*_DTYPES, *(c for c in frame.columns if c not in _DTYPES)]
    return frame.reindex(columns=columns).astype(_DTYPES)


def _row(directory: TrialDirectory, provenance: str) -> dict[str, Any]:
    config = {f"config/{name}": value for name, value in directory.read_config().items()}
    status = asdict(directory.read_status())
    aims = {f"aim/{name}": value for name, value in status.pop("values").items()}
    excess = {f"excess/{name}": value for name, value in status.pop("excess").items()}
    return {**status, "provenance": provenance, **aims, **excess, **config}
