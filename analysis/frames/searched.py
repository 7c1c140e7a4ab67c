"""The parameters that a search varied, as `plan.json` describes them. No Optuna in it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Searched:
    """One of them.

    Attributes:
        name: as the Config and `config/<name>` have it.
        choices: of a categorical one, in their order; empty: it is a number.
        low, high: of a number, both included.
        log: whether it is drawn, and shown, on a logarithmic scale.
        integer: whether it takes whole numbers only.
        when: the condition under which a trial has it, in words; empty: every trial has it.
    """

    name: str
    choices: tuple[Any, ...] = ()
    low: float = math.nan
    high: float = math.nan
    log: bool = False
    integer: bool = False
    when: str = ""

    @property
    def column(self) -> str:
        """Its column in the frame of the trials."""
        return f"config/{self.name}"

    @property
    def labels(self) -> list[str]:
        """The choices as a reader sees them."""
        return [str(choice) for choice in self.choices]

    def positions(self, trials: pd.DataFrame) -> np.ndarray:
        """Where the trials' values lie on its axis, [n]: a number itself, or a choice's place.

        NaN where a trial does not have it, where a value is none of the choices, and where it is 0
        or less on a logarithmic axis.
        """
        if self.column not in trials:
            return np.full(len(trials), math.nan)
        values = trials[self.column]
        if self.choices:
            return np.array([self._place(value) for value in values], np.float64)
        found = pd.to_numeric(values, errors="coerce").to_numpy(np.float64, na_value=math.nan)
        return np.where(found > 0, found, math.nan) if self.log else found

    def _place(self, value: Any) -> float:
        if value is None or pd.isna(value):
            return math.nan
        places = [i for i, choice in enumerate(self.choices) if choice == value]
        return float(places[0]) if places else math.nan


def searched(plan: dict[str, Any]) -> list[Searched]:
    """What the search of a `plan.json` varied, in the order it was asked for.

    A parameter with one value only was not varied, and is left out.
    """
    space = plan["search_space"]
    conditions = space.get("conditions", {})
    found = []
    for name, text in space["distributions"].items():
        described = json.loads(text)["attributes"]
        when = _words(conditions[name]) if name in conditions else ""
        if "choices" in described:
            one = Searched(name, tuple(described["choices"]), when=when)
            varied = len(one.choices) > 1
        else:
            integer = json.loads(text)["name"].startswith("Int")
            low, high = float(described["low"]), float(described["high"])
            one = Searched(name, (), low, high, bool(described["log"]), integer, when)
            varied = low < high
        if varied:
            found.append(one)
    return found


def _words(condition: dict[str, Any]) -> str:
    values = " or ".join(str(value) for value in condition["values"])
    return f"{condition['parameter']} is {values}"
