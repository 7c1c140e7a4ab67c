"""Does the data suit what a search may try? Found out before the first trial."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from search_spaces.space import SearchSpace, ends
from trainables.data.splits import Splits
from trainables.errors import BadInput
from tuning.plan import SearchPlan


def check_data(plan: SearchPlan, splits: Splits) -> None:
    """Build the baseline's network once, and let the task look at the ends of each range.

    Raises:
        BadInput: pictures too small for the network, a column that is not there, windows longer
            than a series.
    """
    task = plan.space.task
    if plan.finals.retrain_on_all and not hasattr(splits.train, "joined"):
        raise BadInput(
            f"--retrain-on-all: {task.name}'s training part cannot be joined with val; it needs a "
            "method joined(val)"
        )
    where = f"--data-dir {plan.data.directory}" if plan.data.directory else splits.provenance.name
    try:
        task.network(task.Config(**plan.space.baseline), splits.meta)
        for config in _extremes(plan.space):
            task.check_data(task.Config(**config), splits)
    except ValueError as error:
        raise BadInput(f"{where}: {error}") from error


def _extremes(space: SearchSpace) -> Iterator[dict[str, Any]]:
    """The baseline, and it with each searched parameter at either end, or at each choice."""
    yield space.baseline
    for name, distribution in space.distributions.items():
        when = space.conditions.get(name)
        there = {when.parameter: when.values[0]} if when else {}
        for value in ends(distribution):
            yield space.existing(space.baseline | there | {name: value})
