"""The model card of an export, in Markdown; everything that a user named is escaped.

M. Mitchell et al., "Model Cards for Model Reporting", 2019.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

from analysis.export.formats import Format
from analysis.export.loading import loading
from trainables.data.splits import Provenance
from trainables.portable import Port
from tuning.experiment import SUMS, TRAIN_AND_VAL, trial_of
from tuning.status import TrialStatus

_SHOWN = 12  # names of classes or columns in the card; `config.json` has all
_USES = {  # by what describes a model's inputs: what for, and what it cannot do
    "classes": (
        "sorting pictures like those it was trained on into the classes below",
        "Every picture gets one of these classes, also one that shows none of them. Shares are not "
        "calibrated.",
    ),
    "vocabulary": (
        "writing text like the one it was trained on, a character at a time",
        "It knows no fact, makes up words, and may repeat what it read.",
    ),
    "season": (
        "forecasting the steps after a series like the one it was trained on",
        "It knows nothing but the past it is given; where the future is of another kind, it is "
        "wrong, and so is its interval.",
    ),
}


def model_card(
    made: Format,
    plan: dict[str, Any],
    config: dict[str, Any],
    metrics: dict[str, Any],
    trials: list[TrialStatus],
    openings: int,
    versions: dict[str, Any],
) -> str:
    """The card.

    Args:
        plan, config, metrics: the content of the JSON files.
        trials: of the search.
        openings: how often test was opened.
        versions: as `versions.json` has them.
    """
    provenance = Provenance(**config["provenance"])
    uses = [text for key, text in _USES.items() if key in config["meta"]]
    use, limits = uses[0] if uses else ("what its task does", "")
    stand_in = provenance.kind == "stand-in"
    paragraphs = [
        f"# {escaped(config['task'])}, trial {escaped(config['trial'])}",
        f"A model for {use}. Format: `{made.file}`." + (f" {made.note}." if made.note else ""),
        "## Data",
        _data(provenance, plan, metrics),
        "## Use and limits",
        f"For {use}. {limits}"
        + (
            " Its data is a built-in stand-in: it is good for trying things out."
            if stand_in
            else ""
        ),
        "## Scores",
        "\n".join(_scores(metrics, openings)),
        "## How it was found and trained",
        _search(plan, metrics, trials),
        _table(("hyperparameter", "value"), config["parameters"].items()),
        "## In and out",
        *_in_and_out(made, config),
        "## Versions",
        f"Trained with {_versions(versions['trained']['versions'])}; exported with "
        f"{_versions(versions['exported'])}. `sha256sum -c {SUMS}` checks the files.",
    ]
    return "\n\n".join(paragraphs) + "\n"


def escaped(text: object) -> str:
    """A text in which nothing is markup, in one line: no link nor formula of GitHub's either."""
    line = html.escape(" ".join(str(text).split()), quote=False)
    return re.sub(r"([\\`*_\[\]|~$]|:(?=//)|(?<=www)\.)", r"\\\1", line, flags=re.IGNORECASE)


def _data(provenance: Provenance, plan: dict[str, Any], metrics: dict[str, Any]) -> str:
    parts = plan["data"]
    note = f" {escaped(provenance.note)}." if provenance.note else ""
    return (
        f"{escaped(provenance)}.{note} Trained on {escaped(metrics['trained_on'])}; "
        f"{parts['train']:,} {escaped(metrics['examples'])} in train, {parts['val']:,} in "
        f"val, cut by split seed {parts['split_seed']}. SHA-256 of all arrays: "
        f"`{parts['digest']}`. "
        "Licence: none is on record; that of the data's source holds."
    )


def _scores(metrics: dict[str, Any], openings: int) -> Iterable[str]:
    metric = metrics["metric"]
    yield f"| {escaped(metric)} | val | test |"
    yield "|---|---|---|"
    of_model = (metrics["val"], metrics["test"])
    yield f"| this model | {' | '.join(_score(report, metric) for report in of_model)} |"
    others = dict(metrics.get("references", {}))
    if metrics.get("baseline"):
        others = {"baseline (the textbook's settings)": metrics["baseline"]} | others
    for name, reports in others.items():
        told = (_score(reports[part], metric) for part in ("val", "test"))
        yield f"| {escaped(name)} | {' | '.join(told)} |"
    yield ""
    yield "In brackets: 95 % intervals, of what so many examples can say."
    if finalists := metrics.get("finalists"):
        low, high = finalists["low"], finalists["high"]
        interval = f" ({low:.4f} to {high:.4f})" if low is not None else ""
        yield (
            f"{finalists['repeats']} trainings of this configuration: mean {finalists['mean']:.4f}"
            f"{interval} on val; the search had shown {finalists['search_score']:.4f}."
        )
    if metrics["test"]:
        yield f"Test had been opened {openings} time{'s' if openings > 1 else ''} by then."
    else:
        yield "Test was not opened for this model."
    if export := metrics.get("export"):
        classes = {None: "", True: ", the same class for all", False: ""}[export["same_class"]]
        yield (
            f"Held against the trained model in a fresh process: {export['inputs']} inputs from "
            f"val, outputs {export['max_abs_difference']:.1e} apart at most{classes}."
        )


def _score(report: dict[str, Any] | None, metric: str) -> str:
    if not report:
        return ""
    interval = report.get("interval")
    return f"{report[metric]:.4f}" + (
        f" ({interval[0]:.4f} to {interval[1]:.4f})" if interval else ""
    )


def _search(plan: dict[str, Any], metrics: dict[str, Any], trials: list[TrialStatus]) -> str:
    counts = Counter(status.state for status in trials)
    words = {"COMPLETE": "done", "PRUNED": "stopped early", "FAIL": "failed", "RUNNING": "running"}
    states = ", ".join(f"{counts[state]} {word}" for state, word in words.items() if counts[state])
    again = ""
    if metrics["trained_on"] != TRAIN_AND_VAL:
        again = f" `analysis replay` trains {metrics['trial']} again in that search's directory."
    return (
        f"The search {escaped(plan['name'])} of the space {escaped(plan['space'])}: {len(trials)} "
        f"trials ({states}), proposed by {plan['sampler']}, stopped early by {plan['scheduler']}, "
        f"judged by {escaped(plan['metric'])}, seed {plan['seed']}. This model: "
        f"{trial_of(metrics['trial'])}, seed {metrics['seed']}, epoch {metrics['epoch']} of "
        f"{plan['epochs']}.{again}"
    )


def _in_and_out(made: Format, config: dict[str, Any]) -> Iterable[str]:
    if "inputs" not in config:
        yield f"The task's own; `{made.file}` holds weights alone."
        return
    yield _ports(config)
    if not made.graph:
        yield escaped(config["preprocessing"])
    yield f"Load it, in its directory:\n\n```python\n{loading(made, config)}\n```"


def _ports(config: dict[str, Any]) -> str:
    rows = [
        (
            way,
            f"`{port.name}`",
            f"{port.dtype} [{', '.join(map(str, port.shape))}]",
            port.about + (f": {_names(port.names)}" if port.names else ""),
        )
        for way, which in (("in", "inputs"), ("out", "outputs"))
        for port in map(Port.from_json, config[which])
    ]
    header = "| | name | shape | what |\n|---|---|---|---|\n"
    lines = (f"| {way} | {name} | {shape} | {escaped(what)} |" for way, name, shape, what in rows)
    return header + "\n".join(lines)


def _names(names: tuple[str, ...]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more


def _table(header: tuple[str, str], rows: Iterable[tuple[Any, Any]]) -> str:
    lines = [f"| {header[0]} | {header[1]} |", "|---|---|"]
    return "\n".join([*lines, *(f"| {escaped(a)} | {escaped(b)} |" for a, b in rows)])


def _versions(versions: dict[str, str]) -> str:
    return ", ".join(f"{name} {number}" for name, number in versions.items())
