"""Records as frames: which columns there are, and of which type."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from analysis.frames.records import TrialRecord
from trainables.errors import BadInput
from tuning.front import Objective
from tuning.trial_directory import CONFIG, RESULTS

_TRIALS = {
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
_EPOCHS = {
    "trial": "string",
    "epoch": "Int64",
    "train_loss": "float64",
    "val_loss": "float64",
    "lr": "float64",
    "trainable_parameters": "Int64",
    "samples_per_second": "float64",
    "seconds": "float64",
    "wall_time": "float64",
}
_TYPES = {bool: "boolean", int: "Int64", float: "float64", str: "string"}


def trials_frame(records: list[TrialRecord], plan: dict[str, Any], provenance: str) -> pd.DataFrame:
    """A row a trial: what `Results.trials` has."""
    types = _TRIALS | {f"aim/{Objective.of(text).name}": "float64" for text in plan["objectives"]}
    types |= {f"excess/{name}": "float64" for record in records for name in record.status.excess}
    parameters = parameter_types(plan["search_space"])
    types |= {f"config/{name}": kind for name, kind in parameters.items()}
    frame = pd.DataFrame([_row(record, provenance) for record in records])
    more = [column for column in frame if column not in types]  # of a config, and never searched
    frame = frame.reindex(columns=[*types, *more])
    try:
        return frame.astype(types)
    except (TypeError, ValueError) as error:
        raise BadInput(f"a trial's {CONFIG} does not fit its space ({error})") from None


def epochs_frame(records: list[TrialRecord], metric: str) -> pd.DataFrame:
    """A row an epoch: what `Results.epochs` has."""
    lines = [line for record in records for line in record.lines]
    ids = [record.status.trial for record in records]
    frame = pd.DataFrame(lines)
    frame.insert(0, "trial", np.repeat(ids, [len(record.lines) for record in records]))
    types = _EPOCHS | {metric: "float64"}
    frame = frame.reindex(columns=[*frame, *(name for name in types if name not in frame)])
    texts = [name for name in frame if name not in types and not is_numeric_dtype(frame[name])]
    try:
        return frame.astype(types | dict.fromkeys(texts, "string"))
    except (TypeError, ValueError) as error:
        raise BadInput(f"a line of a trial's {RESULTS} is damaged ({error})") from None


def parameter_types(space: dict[str, Any]) -> dict[str, str]:
    """The dtype of each parameter's column, from what the space says that it may be.

    Numbers that may be whole or not are floats; what may be of several kinds is an object.

    Args:
        space: `search_space` of `plan.json`.
    """
    values: dict[str, list[Any]] = {name: [value] for name, value in space["baseline"].items()}
    for name, value in space["fixed"].items():
        values.setdefault(name, []).append(value)
    for name, text in space["distributions"].items():
        may_be = json.loads(text)["attributes"]
        values.setdefault(name, []).extend(may_be.get("choices") or [may_be["low"]])
    kinds = {name: {type(value) for value in each} - {type(None)} for name, each in values.items()}
    return {name: _type(found) for name, found in kinds.items()}


def _type(kinds: set[type]) -> str:
    if kinds == {int, float}:
        return "float64"
    return _TYPES[kinds.pop()] if len(kinds) == 1 else "object"


def _row(record: TrialRecord, provenance: str) -> dict[str, Any]:
    status = dict(vars(record.status))
    aims = {f"aim/{name}": value for name, value in status.pop("values").items()}
    excess = {f"excess/{name}": value for name, value in status.pop("excess").items()}
    config = {f"config/{name}": value for name, value in record.config.items()}
    return {**status, "provenance": provenance, **aims, **excess, **config}
