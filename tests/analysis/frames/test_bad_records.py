"""Records that are whole, and of another kind than ours: one line says which, and no traceback."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import analysis
from analysis.__main__ import main
from tests.analysis.asked import refusal
from trainables.errors import BadInput
from trainables.files import read_json
from tuning.experiment import Experiment

Screen = pytest.CaptureFixture[str]
Put = Callable[[str, bytes], None]
PLAN, STATUS = "plan.json", "trials/t0003/status.json"
CONFIG, RESULTS = "trials/t0003/config.json", "trials/t0003/result.jsonl"


@pytest.fixture(scope="module")
def experiment(trained: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """One whose files each test puts back."""
    root = tmp_path_factory.mktemp("bad") / "x"
    for name in (PLAN, STATUS, CONFIG):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes((trained.root / name).read_bytes())
    return Experiment(root)


@pytest.fixture
def put(experiment: Experiment) -> Iterator[Put]:
    """(file, content) -> None, until the test ends."""
    were: dict[Path, bytes | None] = {}

    def put(file: str, content: bytes) -> None:
        path = experiment.root / file
        were[path] = path.read_bytes() if path.is_file() else None
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)

    yield put
    for path, content in were.items():
        path.unlink() if content is None else path.write_bytes(content)


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        (CONFIG, b"[]", "config.json is damaged (no JSON object)"),
        (RESULTS, b"1\n2\n", f"line 1 of {RESULTS} is damaged"),
        (RESULTS, b'{"epoch": "x"}\n', "result.jsonl is damaged"),
        ("best/metrics.json", b"[]", "best/metrics.json is damaged (no JSON object)"),
        (STATUS, b"[]", f"{STATUS} is damaged (no JSON object)"),
    ],
)
def test_of_another_kind(
    file: str, content: bytes, says: str, experiment: Experiment, put: Put, capsys: Screen
) -> None:
    put(file, content)
    for command in ("show", "watch", "report"):
        assert says in refusal(capsys, command, experiment.root)
    assert says in refusal(capsys, "compare", experiment.root, experiment.root)


@pytest.mark.parametrize(
    ("file", "change", "says"),
    [
        (STATUS, {"epochs": "three"}, f"{STATUS} is damaged (epochs: 'three')"),
        (STATUS, {"score": "high"}, f"{STATUS} is damaged (score: 'high')"),
        (STATUS, {"excess": None}, f"{STATUS} is damaged (excess: None)"),
        (PLAN, {"data": "x"}, "plan.json is damaged (data: "),
        (PLAN, {"data": {"provenance": {"mood": "good"}}}, "plan.json is damaged (data: "),
        (PLAN, {"resumed": 5}, "a record is damaged (TypeError"),
        (PLAN, {"search_space": []}, "a record is damaged (TypeError"),
    ],
)
def test_a_value_of_another_kind(
    file: str,
    change: dict[str, Any],
    says: str,
    experiment: Experiment,
    put: Put,
    capsys: Screen,
) -> None:
    put(file, json.dumps(read_json(experiment.root / file) | change).encode())
    for command in ("watch", "report"):
        assert says in refusal(capsys, command, experiment.root)


@pytest.mark.parametrize("key", ["name", "trials", "epochs", "space_sha256"])
def test_a_plan_that_lacks_something(key: str, experiment: Experiment, put: Put) -> None:
    plan = read_json(experiment.plan)
    del plan[key]
    put(PLAN, json.dumps(plan).encode())
    with pytest.raises(BadInput, match=rf"plan\.json is damaged \(it has no {key}\)"):
        analysis.load(experiment.root)


@pytest.mark.parametrize(
    "content", [b"rank,who\n1,t0001\n", b"\xff\xfe\x00,trial\n\x80,\n", b"trial\n"]
)
def test_another_leaderboard_says_nothing(content: bytes, experiment: Experiment, put: Put) -> None:
    known = analysis.load(experiment.root).notes
    put("leaderboard.csv", content)
    assert analysis.load(experiment.root).notes == known
    assert main(["watch", str(experiment.root), "--once"]) == 0


def test_a_cause_of_any_text_is_one_row(experiment: Experiment, put: Put) -> None:
    put("leaderboard.csv", "trial,cause\nt0003,one\u2028two\nt0009,gone\n".encode())
    notes = analysis.load(experiment.root).notes
    assert [note for note in notes if "leaderboard" in note] == [
        "t0009: on the leaderboard, but its directory is missing"
    ]
