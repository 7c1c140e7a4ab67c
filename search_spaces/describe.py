"""A space in words, for `--list NAME`."""

from __future__ import annotations

from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)

from search_spaces.space import SearchSpace


def describe(name: str, space: SearchSpace) -> str:
    """Task, lengths, and every parameter with its range here, its default and its meaning."""
    budget = f", {space.time_budget / 60:g} minutes at most" if space.time_budget else ""
    lines = [
        f"{name}: searches {space.task.name} for the {space.direction} {space.metric}",
        f"{space.trials} trials of up to {space.epochs} epochs{budget}; "
        f"none is stopped before epoch {space.grace_period}; then {_finalists(space)}",
        "",
    ]
    rows = [("parameter", "searched over", "baseline", "may be", "meaning")]
    for parameter in space.parameters.values():
        if parameter.name == "epochs":
            continue
        distribution = space.distributions.get(parameter.name)
        searched = range_text(distribution) if distribution else "-"
        if when := space.conditions.get(parameter.name):
            searched += f" if {when.parameter}={'|'.join(map(str, when.values))}"
        unit = f" [{parameter.unit}]" if parameter.unit else ""
        default = space.fixed.get(parameter.name, parameter.default)
        meaning = parameter.help + unit
        rows.append((parameter.name, searched, str(default), parameter.allowed, meaning))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        lines.append("  ".join([*cells, row[4]]).rstrip())
    return "\n".join(lines)


def _finalists(space: SearchSpace) -> str:
    if not space.finalists:
        return "no finalists"
    return f"the best {space.finalists} and the baseline again, {space.repeats} times each"


def range_text(distribution: BaseDistribution) -> str:
    """A distribution as `--set` would write it."""
    if isinstance(distribution, CategoricalDistribution):
        return ",".join(str(choice) for choice in distribution.choices)
    assert isinstance(distribution, (FloatDistribution, IntDistribution))
    return f"{distribution.low:g}..{distribution.high:g}" + (":log" if distribution.log else "")
