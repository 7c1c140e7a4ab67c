"""The command line that runs a search again: the same plan comes of it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

import run_search
from analysis.again import again
from tests.tuning.rehearsal import cheap_plan
from trainables.data.splits import Splits
from tuning.budget import Budget

CIRCUMSTANCES = ("versions", "code", "machine", "notes")


def of(plan: dict[str, Any]) -> dict[str, Any]:
    """What a search is, without where and under which name it ran."""
    data = {key: plan["data"][key] for key in ("kind", "directory", "split_seed", "side")}
    return {k: v for k, v in plan.items() if k not in ("name", "data", *CIRCUMSTANCES)} | data


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"sampler": "random", "scheduler": "none", "retrain_on_all": True, "prefer": "cheap"},
        {"objectives": "val_accuracy:max,parameters:min", "constraints": ["val_loss<=1.5"]},
        {"scheduler": "pbt", "perturb": "lr,dropout", "trials": 6},
        {"finalists": 0, "patience": 2, "time_budget": 95.5, "epoch_budget": 40, "plateau": 3},
        {"target_score": 0.75, "seed": 7, "gpus_per_trial": 0.0, "tensorboard": "off"},
        {"tensorboard": "full", "tensorboard_every": 3},
    ],
)
def test_the_same_plan_comes_of_it(
    options: dict[str, Any], digits: Splits, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ("lr=1e-3..5e-2:log", "optimizer=sgd,adamw")
    plan = cheap_plan(tmp_path, *settings, **options).to_json(digits)
    words = shlex.split(" ".join(again(plan)))
    assert words[:2] == ["python", "run_search.py"]
    assert run_search.main([*words[2:], "--dry-run", "--storage", str(tmp_path)]) == 0
    assert of(json.loads(capsys.readouterr().out)) == of(plan)


def test_what_auto_found_is_asked_for_by_name(digits: Splits, tmp_path: Path) -> None:
    plan = cheap_plan(tmp_path).to_json(digits)
    plan["data"]["kind"] = "auto"
    assert "--data embedded" in again(plan)
    plan["data"]["provenance"]["kind"] = "real"
    assert "--data real" in again(plan)
    plan["data"]["directory"] = "/somewhere/a b"
    assert [word for word in again(plan) if "--data" in word] == ["--data-dir '/somewhere/a b'"]


def test_no_budget_has_an_option_of_its_own_forgotten(digits: Splits, tmp_path: Path) -> None:
    said = " ".join(again(cheap_plan(tmp_path).to_json(digits) | Budget(60, 99, 0.5, 2).to_json()))
    for word in ("--time-budget 60", "--epoch-budget 99", "--target-score 0.5", "--plateau 2"):
        assert word in said
