"""An experiment as pandas frames, also while its search runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, overload

import pandas as pd

from analysis.frames.columns import epochs_frame, trials_frame
from analysis.frames.finalists import finalists, rounds
from analysis.frames.records import Records, read_records, readable
from trainables.data.splits import Provenance
from trainables.errors import BadInput
from tuning.experiment import BASELINE, trial_id
from tuning.front import Objective, front


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
        finalists: a row a finalist, the winner first (`frames.finalists`).
        plan: the content of `plan.json`.
        front: the rows of `trials` that no other beats in all aims, the best by the first one
            first; empty where there is but one aim.
        best: the content of `best/metrics.json`; empty where nothing was handed over.
        notes: what is missing or damaged and was left out, a line each.
    """

    trials: pd.DataFrame
    epochs: pd.DataFrame
    reruns: pd.DataFrame
    finalists: pd.DataFrame
    plan: dict[str, Any]
    front: pd.DataFrame = field(default_factory=pd.DataFrame)
    best: dict[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    @property
    def provenance(self) -> str:
        """What the data really was, such as `real: MNIST`."""
        return str(Provenance(**self.plan["data"]["provenance"]))

    @property
    def has_ended(self) -> bool:
        """Whether nothing is left to do: all is handed over, or there is nothing that may win."""
        ended = self.plan["ended"]
        return bool(ended) and bool(ended.get("handed_over") or not self._may_win.any())

    @property
    def leaderboard(self) -> pd.DataFrame:
        """The trials ranked by score, best first; an infeasible one and those without come last."""
        return (
            self.trials.assign(may_win=self._may_win)
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

    @property
    def leader(self) -> pd.Series | None:
        """The row of the best trial that may win; None where none may."""
        return self.leaderboard.iloc[0] if self._may_win.any() else None

    @property
    def _may_win(self) -> pd.Series:
        return self.trials["feasible"] & self.trials["score"].notna()


class SeveralResults(Mapping[str, Results]):
    """What several experiments hold: each by its name, and their rows one below the other.

    `trials`, `epochs`, `reruns`, `finalists` and `front` are as those of `Results`, with the
    experiment's name in a first column, `experiment`. Finalists are ranked within theirs.
    """

    def __init__(self, each: Mapping[str, Results]) -> None:
        self._each = dict(each)

    def __getitem__(self, name: str) -> Results:
        return self._each[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._each)

    def __len__(self) -> int:
        return len(self._each)

    @property
    def trials(self) -> pd.DataFrame:
        return self._joined("trials")

    @property
    def epochs(self) -> pd.DataFrame:
        return self._joined("epochs")

    @property
    def reruns(self) -> pd.DataFrame:
        return self._joined("reruns")

    @property
    def finalists(self) -> pd.DataFrame:
        return self._joined("finalists")

    @property
    def front(self) -> pd.DataFrame:
        return self._joined("front")

    @property
    def plans(self) -> dict[str, dict[str, Any]]:
        """By experiment, the content of its `plan.json`."""
        return {name: results.plan for name, results in self.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f"{name}: {note}" for name, own in self.items() for note in own.notes)

    def _joined(self, frame: str) -> pd.DataFrame:
        own = {name: getattr(results, frame) for name, results in self.items()}
        named = [each.assign(experiment=name) for name, each in own.items()]
        joined = pd.concat(named, ignore_index=True).astype({"experiment": "string"})
        return joined[["experiment", *(name for name in joined if name != "experiment")]]


@overload
def load(path: str | Path) -> Results: ...  # type: ignore[overload-overlap]  # a str iterates
@overload
def load(path: Iterable[str | Path]) -> SeveralResults: ...


def load(path: str | Path | Iterable[str | Path]) -> Results | SeveralResults:
    """Load an experiment, or several; also while its search runs, and whatever became of it.

    Args:
        path: a directory, or a URL that fsspec knows, such as `s3://bucket/results/x` (whose
            client, s3fs, must be installed). Of several experiments a list of those.

    Raises:
        BadInput: no experiment, one of another version of this program, or a damaged record.
    """
    if not isinstance(path, str | Path):
        return _load_several(list(path))
    with readable(path):
        return _results(read_records(path))


def _results(records: Records) -> Results:
    plan, both = records.plan, [*records.trials, *records.reruns]
    provenance = str(Provenance(**plan["data"]["provenance"]))
    trials = trials_frame(records.trials, plan, provenance)
    statuses = [record.status for record in records.trials]
    aims = [Objective.of(text) for text in plan["objectives"]]
    unbeaten = [status.trial for status in front(statuses, aims)]
    again = rounds([record.status for record in records.reruns], chosen(plan))
    scores = dict(zip(trials["trial"], trials["score"], strict=True))
    return Results(
        trials=trials,
        epochs=epochs_frame(both, plan["metric"]),
        reruns=trials_frame(records.reruns, plan, provenance),
        finalists=finalists(again, scores, plan["direction"], plan["prefer"]),
        plan=plan,
        front=trials.set_index("trial", drop=False).loc[unbeaten].reset_index(drop=True),
        best=records.best,
        notes=records.notes,
    )


def chosen(plan: dict[str, Any]) -> list[str]:
    """The trials that were chosen to run again; none before that."""
    return list((plan["ended"] or {}).get("finalists", ()))


def _load_several(paths: list[str | Path]) -> SeveralResults:
    """Each under its directory's name; where two have the same, under its path."""
    if not paths:
        raise BadInput("analysis.load: no experiment given")
    names = [str(path).rstrip("/").rpartition("/")[2] for path in paths]
    keys = [
        name if names.count(name) == 1 else str(path)
        for name, path in zip(names, paths, strict=True)
    ]
    if twice := [key for key in keys if keys.count(key) > 1]:
        raise BadInput(f"{twice[0]}: given twice")
    return SeveralResults({key: load(path) for key, path in zip(keys, paths, strict=True)})
