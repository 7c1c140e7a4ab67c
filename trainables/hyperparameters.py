"""Fields of a task's Config: each knows its default, range, unit and meaning, and checks itself.

@dataclass(frozen=True)
class Config:
    lr: float = number(1e-3, low=1e-8, high=10.0, help="peak learning rate")
    optimizer: str = choice("sgd", ("sgd", "adam"), help="update rule")

    def __post_init__(self) -> None:
        check(self)
"""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, get_type_hints

_KEY = "hyperparameter"


@dataclass(frozen=True)
class Hyperparameter:
    """One field of a Config, as `--list NAME` shows it and `--set` checks it.

    `low` and `high` are inclusive; None where the field has `choices`, a `pattern`, or is a bool.

    Attributes:
        pattern: regular expression of a text; `form` says in words what it lets through.
        describes: it says what the task is, so one search has one value of it.
        adjustable: another value may take its place in the middle of a training: neither the
            network, nor the data's order, nor what an optimizer remembers is of another kind then.
    """

    name: str
    type: type
    default: Any
    help: str
    unit: str = ""
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()
    pattern: str = ""
    form: str = ""
    describes: bool = False
    adjustable: bool = False

    @property
    def allowed(self) -> str:
        """What a value may be, in words for an error line."""
        if self.choices:
            return "one of " + ", ".join(str(c) for c in self.choices)
        if self.type is bool:
            return "true or false"
        if self.pattern:
            return self.form
        kind = "a whole number" if self.type is int else "a number"
        return f"{kind} from {self.low:g} to {self.high:g}"

    def check(self, value: Any) -> None:
        """Raise ValueError, naming field, value and range, unless `value` is allowed."""
        if not self._allows(value):
            raise ValueError(f"{self.name}={value!r}: must be {self.allowed}")

    def _allows(self, value: Any) -> bool:
        if self.choices:
            return value in self.choices and isinstance(value, bool) == (self.type is bool)
        if self.type is bool:
            return isinstance(value, bool)
        if self.pattern:
            return isinstance(value, str) and re.fullmatch(self.pattern, value) is not None
        numeric = (int,) if self.type is int else (int, float)
        if isinstance(value, bool) or not isinstance(value, numeric):
            return False
        assert self.low is not None and self.high is not None
        return self.low <= value <= self.high  # False for NaN

    def parse(self, text: str) -> Any:
        """Read a value from the command line.

        Raises:
            ValueError: not of this field's type, or out of its range.
        """
        value: Any
        try:
            if self.type is bool:
                value = {"true": True, "false": False}[text.strip().lower()]
            elif self.type is str:
                value = text.strip()
            else:
                value = self.type(text)
        except (KeyError, ValueError):
            raise ValueError(f"{self.name}={text}: must be {self.allowed}") from None
        self.check(value)
        return value


def number(
    default: float,
    *,
    low: float,
    high: float,
    help: str,
    unit: str = "",
    describes: bool = False,
    adjustable: bool = False,
) -> Any:
    """A numeric field, int or float by its annotation, in [`low`, `high`]."""
    about = dict(
        low=low, high=high, help=help, unit=unit, describes=describes, adjustable=adjustable
    )
    return dataclasses.field(default=default, metadata={_KEY: about})


def text(default: str, pattern: str, *, form: str, help: str) -> Any:
    """A field of text that describes the task, such as the name of a column."""
    about = dict(pattern=pattern, form=form, help=help, describes=True)
    return dataclasses.field(default=default, metadata={_KEY: about})


def choice(default: Any, choices: tuple[Any, ...], *, help: str) -> Any:
    """A field that takes one of `choices`."""
    return dataclasses.field(default=default, metadata={_KEY: dict(choices=choices, help=help)})


def flag(default: bool, *, help: str) -> Any:
    """A field that is true or false."""
    return dataclasses.field(default=default, metadata={_KEY: dict(help=help)})


def hyperparameters(config: type) -> dict[str, Hyperparameter]:
    """All hyperparameters of a Config class, in the order of its fields."""
    types = get_type_hints(config)
    return {
        f.name: Hyperparameter(f.name, types[f.name], f.default, **f.metadata[_KEY])
        for f in dataclasses.fields(config)
    }


def check(config: Any) -> None:
    """Check every field of a Config instance; for its `__post_init__`.

    Raises:
        ValueError: the first field out of its range, named with value and range.
    """
    for name, parameter in hyperparameters(type(config)).items():
        parameter.check(getattr(config, name))


def nearest(name: str, known: Iterable[str]) -> str:
    """`; did you mean X?` for the known name nearest to a misspelt one, or the list of them."""
    known = list(known)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
    return f"did you mean {close[0]!r}?" if close else f"known: {', '.join(known)}"
