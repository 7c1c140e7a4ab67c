"""What lies beside an exported model for whoever gets it: card, versions, sums."""

from __future__ import annotations

import platform
from importlib.metadata import version
from pathlib import Path

from analysis.export.card import model_card
from analysis.export.formats import format_of
from analysis.export.sums import check_sums, read_sums, write_sums
from analysis.openings import openings
from trainables.files import read_json, replacing, write_json
from tuning.experiment import CARD, CONFIG, METRICS, VERSIONS, Experiment


def describe(experiment: Experiment, bundle: Path) -> None:
    """Write model card, versions and sums, from the other files of an export; done last."""
    made = format_of(bundle)
    assert made is not None
    plan = read_json(experiment.plan)
    libraries = ("torch", "numpy", "safetensors", *made.needs)
    exported = {"python": platform.python_version()} | {n: version(n) for n in libraries}
    kept = {key: plan[key] for key in ("versions", "code", "machine")}
    versions = {"trained": kept, "exported": exported}
    write_json(bundle / VERSIONS, versions)
    card = model_card(
        made,
        plan,
        read_json(bundle / CONFIG),
        read_json(bundle / METRICS),
        [directory.read_status() for directory in experiment.trials()],
        openings(experiment),
        versions,
    )
    with replacing(bundle / CARD) as temporary:
        temporary.write_text(card, "utf-8")
    write_sums(bundle)


def is_described(bundle: Path) -> bool:
    """Whether card, versions and sums are there, and of the metrics that are.

    They are not where a run was killed between writing those and describing them, nor in an
    export of an older version. The model is not looked at: a damaged one keeps its sum, and is
    refused when it is loaded.
    """
    try:
        check_sums(bundle, (METRICS, CARD, VERSIONS))
        return bool(read_sums(bundle))
    except (OSError, ValueError):
        return False
