"""What a kill, a full disk or a hand has taken from an experiment is said, and no traceback."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import analysis
from analysis.export.rescore import FreshProcess
from analysis.handover import hand_over
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import read_json, write_json
from tuning.experiment import Experiment

Copy = Callable[[], Experiment]


@pytest.mark.parametrize("torn", [b'{"epoch": 4, "tr', b'{"epoch": 4}', b'{"sample": "\xc3'])
def test_a_torn_last_line_is_dropped_and_said(torn: bytes, copy: Copy) -> None:
    """Half a line, one without its end, one that is cut within a character."""
    experiment = copy()
    with experiment.trial("t0003").results.open("ab") as file:
        file.write(torn)
    results = analysis.load(experiment.root)
    assert list(results.epochs[results.epochs["trial"] == "t0003"]["epoch"]) == [1, 2, 3]
    assert results.notes == ("t0003: the last line of result.jsonl is torn, and left out",)


def test_lines_that_are_gone_are_said(copy: Copy) -> None:
    experiment = copy()
    experiment.trial("t0000").results.unlink()
    path = experiment.trial("t0003").results
    path.write_text(path.read_text().splitlines(keepends=True)[0])
    results = analysis.load(experiment.root)
    assert len(results.trials) == 5 and "t0000" not in set(results.epochs["trial"])
    assert results.notes == (
        "t0000: result.jsonl has 0 epochs, where status.json says that 3 were trained",
        "t0003: result.jsonl has 1 epochs, where status.json says that 3 were trained",
    )


def test_a_damaged_line_is_no_torn_one(copy: Copy) -> None:
    experiment = copy()
    path = experiment.trial("t0003").results
    first, _, *rest = path.read_text().splitlines(keepends=True)
    path.write_text("".join([first, '{"epoch": 2, "train\n', *rest]))
    with pytest.raises(BadInput, match=r"line 2 of trials/t0003/result\.jsonl is damaged"):
        analysis.load(experiment.root)


def test_a_status_of_another_kind(copy: Copy) -> None:
    experiment = copy()
    path = experiment.trial("t0003").root / "status.json"
    write_json(path, read_json(path) | {"mood": "good"})
    with pytest.raises(BadInput, match=r"trials/t0003/status\.json is damaged .*mood"):
        analysis.load(experiment.root)


def test_a_value_that_the_space_does_not_declare(copy: Copy) -> None:
    experiment = copy()
    path = experiment.trial("t0003").root / "config.json"
    write_json(path, read_json(path) | {"batch_size": "many"})
    with pytest.raises(BadInput, match=r"config\.json does not fit its space .*many"):
        analysis.load(experiment.root)


def test_a_directory_that_the_leaderboard_knows(copy: Copy, digits: Splits) -> None:
    experiment = copy()
    with FreshProcess() as fresh:
        assert hand_over(experiment, digits, fresh, open_test=False)
    for name in ("t0000", "t0003", "baseline"):  # t0003 is the last: no gap shows it
        shutil.rmtree(experiment.trial(name).root)
    results = analysis.load(experiment.root)
    assert list(results.trials["trial"]) == ["t0001", "t0002"]
    assert results.notes == tuple(
        f"{name}: on the leaderboard, but its directory is missing"
        for name in ("baseline", "t0000", "t0003")
    )
    assert results.baseline.empty


def test_numbers_that_refused_proposals_took_are_no_gap(copy: Copy) -> None:
    experiment = copy()
    shutil.rmtree(experiment.trial("t0001").root)
    write_json(experiment.plan, read_json(experiment.plan) | {"constraints": ["bytes<9"]})
    assert analysis.load(experiment.root).notes == ()


def test_a_finalist_whose_trial_is_gone(copy: Copy) -> None:
    """Its re-runs are there: mean and rank are known, what the search had shown is not."""
    experiment = copy()
    done, again = experiment.trial("t0003"), experiment.trial("t0003-r1")
    shutil.copytree(done.root, again.root)
    write_json(
        again.root / "status.json", read_json(done.root / "status.json") | {"trial": again.id}
    )
    ended = {"by": "trials", "finalists": ["t0003"], "repeats": 1}
    write_json(experiment.plan, read_json(experiment.plan) | {"ended": ended})
    shutil.rmtree(done.root)
    row = analysis.load(experiment.root).finalists.iloc[0]
    assert row["trial"] == "t0003" and row["mean"] > 0
    assert row[["search_score", "optimism"]].isna().all()


def test_what_cannot_be_read(copy: Copy) -> None:
    experiment = copy()
    path = experiment.trial("t0003").root / "status.json"
    path.unlink()
    path.mkdir()  # reads as an error that is neither "missing" nor a permission of root's
    with pytest.raises(BadInput, match=r"trials/t0003/status\.json cannot be read"):
        analysis.load(experiment.root)


def test_a_stray_file_among_the_trials_is_none(copy: Copy) -> None:
    experiment = copy()
    Path(experiment.root, "trials", "notes.txt").write_text("mine")
    results = analysis.load(experiment.root)
    assert len(results.trials) == 5 and results.notes == ()
