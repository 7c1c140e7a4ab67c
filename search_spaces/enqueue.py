"""`--enqueue`: configurations of the user's to try first, right after the baseline."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from search_spaces.space import SearchSpace, holds
from trainables.errors import BadInput
from trainables.hyperparameters import Hyperparameter, nearest


def enqueue(space: SearchSpace, file: Path) -> SearchSpace:
    """The space with the configurations of a JSON or YAML file before its own starts.

    The file holds a list of mappings from parameters to values, or one such mapping (a trial's
    `config.json`). What a configuration leaves out, the sampler fills in.

    Raises:
        BadInput: no such file, not of this form, a parameter or a value that the search cannot
            try, more configurations than trials.
    """
    found = _read(file)
    wanted = tuple(_checked(space, file, number, each) for number, each in enumerate(found, 1))
    need = len(wanted) + space.contains(space.baseline)  # else the baseline is one more by itself
    if need > space.trials:
        raise BadInput(
            f"--enqueue {file}: {len(wanted)} configurations and the baseline need --trials {need} "
            f"or more, not {space.trials}"
        )
    return replace(space, starts=wanted + space.starts)


def _read(file: Path) -> list[Any]:
    try:
        text = file.read_text("utf-8")
        content = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
    except (OSError, ValueError, yaml.YAMLError) as error:
        reason = error.strerror if isinstance(error, OSError) else " ".join(str(error).split())
        raise BadInput(f"--enqueue {file}: cannot be read as JSON or YAML ({reason})") from None
    found = [content] if isinstance(content, dict) else content
    if not isinstance(found, list) or not found:
        raise BadInput(f"--enqueue {file}: must hold a list of configurations")
    return found


def _checked(space: SearchSpace, file: Path, number: int, found: Any) -> Mapping[str, Any]:
    where = f"--enqueue {file}: configuration {number}"
    if not isinstance(found, dict) or not found:
        raise BadInput(f"{where}: must map parameters to values, not {found!r}")
    config: dict[str, Any] = {}
    for name, value in found.items():
        if name not in space.parameters:
            hint = nearest(str(name), space.parameters)
            raise BadInput(f"{where}: {space.task.name} has no parameter {name!r}; {hint}")
        try:
            config[name] = _value(space.parameters[name], value)
        except ValueError as error:
            raise BadInput(f"{where}: {error}") from None
        if name in space.distributions:
            if not holds(space.distributions[name], config[name]):
                raise BadInput(
                    f"{where}: {name}={value} lies outside what is searched; --set {name}=... "
                    "re-ranges it"
                )
        elif name in space.baseline and config[name] != space.baseline[name]:
            option = "--max-epochs" if name == "epochs" else f"--set {name}={value}"
            raise BadInput(
                f"{where}: {name}={value}, but this search fixes {name}={space.baseline[name]}; "
                f"see {option}"
            )
    whole = space.baseline | config
    for name in config:
        when = space.conditions.get(name)
        if when and when.parameter in config and name not in space.existing(whole):
            needs = " or ".join(map(str, when.values))
            raise BadInput(f"{where}: {name} has no effect, it needs {when.parameter}={needs}")
    return config


def _value(parameter: Hyperparameter, value: Any) -> Any:
    """YAML reads 1e-3 as text, and either format reads 1 where a float may be meant."""
    if isinstance(value, str) and not parameter.choices:
        return parameter.parse(value)
    if parameter.type is float and isinstance(value, int) and not isinstance(value, bool):
        try:
            value = float(value)
        except OverflowError:
            raise ValueError(f"{parameter.name}: must be {parameter.allowed}") from None
    parameter.check(value)
    return value
