"""`plan.json` of an experiment, read back. No library in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from trainables.errors import BadInput
from trainables.files import read_json
from tuning.experiment import Experiment

LAYOUT = 5  # of plan.json; another number when an older one can no longer be gone on with


def read_plan(experiment: Experiment, option: str, keys: Iterable[str]) -> dict[str, Any]:
    """The record, of this version and with these keys in it.

    Args:
        option: what to begin a refusal with, such as `--resume NAME`.

    Raises:
        BadInput: it is damaged, or of another version.
    """
    try:
        record: dict[str, Any] = read_json(experiment.plan)
        layout = record["layout"]
        if layout == LAYOUT:
            for key in keys:
                record[key]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise BadInput(f"{option}: {experiment.plan} is damaged ({error})") from None
    check_layout(layout, option)
    return record


def check_layout(layout: Any, option: str) -> None:
    """Raise BadInput, beginning with `option`, for a record of another version."""
    if layout != LAYOUT:
        age = "a newer" if isinstance(layout, int) and layout > LAYOUT else "an older"
        raise BadInput(
            f"{option}: written by {age} version of run_search (layout {layout}, this one's is "
            f"{LAYOUT})"
        )
