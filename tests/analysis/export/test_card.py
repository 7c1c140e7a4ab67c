"""Whatever a user named stays text in the card."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.export.card import escaped, model_card
from analysis.export.formats import FORMATS
from trainables.files import read_json
from tuning.experiment import Experiment

HOSTILE = "<script>alert(1)</script> | [x](javascript:y) `code` **b** $x$ www.a.b\n# top"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("cat", "cat"),
        ("<b>&", "&lt;b&gt;&amp;"),
        ("a|b", r"a\|b"),
        ("[x](y)", r"\[x\](y)"),
        ("*_`\\~", r"\*\_\`\\\~"),
        ("two\n# lines", "two # lines"),
        ("www.a.org", r"www\.a.org"),
        ("https://a.org: b", r"https\://a.org: b"),
        ("$x$", r"\$x\$"),
        (None, "None"),
    ],
)
def test_escaped(text: Any, wanted: str) -> None:
    assert escaped(text) == wanted


def test_hostile_names_are_no_markup(finished: Experiment) -> None:
    plan = read_json(finished.plan) | {"name": HOSTILE, "space": HOSTILE}
    config, metrics = (read_json(finished.best / f"{n}.json") for n in ("config", "metrics"))
    config["provenance"] |= {"name": HOSTILE, "note": HOSTILE}
    config["outputs"][0]["names"] = [HOSTILE, "b"]
    metrics["references"] = {HOSTILE: {"val": metrics["val"], "test": None}}
    versions = read_json(finished.best / "versions.json")
    for made in FORMATS.values():
        card = model_card(made, plan, config, metrics, [], 1, versions)
        assert card.count(escaped(HOSTILE)) >= 6
        assert "<script>" not in card and "[x](" not in card.replace("\\[x\\](", "")
        assert "\n# top" not in card and "www." not in card
        tables = [line for line in card.splitlines() if line.startswith("|")]
        assert all(line.replace("\\|", "").count("|") in (3, 4, 5) for line in tables)
