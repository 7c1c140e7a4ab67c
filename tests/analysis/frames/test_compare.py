"""Two searches side by side: what must be the same, scores and differences with intervals."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from rich.table import Table
from scipy import stats

import analysis
from analysis.__main__ import main
from analysis.comparison_table import comparison_lines
from analysis.frames.finalists import finalists, rounds
from analysis.frames.load import Results, SeveralResults
from trainables.errors import BadInput
from trainables.files import read_json
from tuning.experiment import Experiment
from tuning.status import TrialStatus


@pytest.fixture(scope="module")
def loaded(finished: Experiment) -> Results:
    return analysis.load(finished.root)


def better_by(results: Results, more: float) -> Results:
    """The same search, all of whose scores are higher."""
    trials = results.trials.assign(score=results.trials["score"] + more)
    metric = results.plan["metric"]
    epochs = results.epochs.assign(**{metric: results.epochs[metric] + more})
    return replace(results, trials=trials, epochs=epochs, best={})


def run_again(results: Results, scores: list[float]) -> Results:
    """With re-runs of the trial t0003, that have these scores."""
    rows = results.trials[results.trials["trial"] == "t0003"]
    ids = [f"t0003-r{number}" for number in range(1, len(scores) + 1)]
    again = [rows.assign(trial=name, score=s) for name, s in zip(ids, scores, strict=True)]
    statuses = [
        TrialStatus(name, "COMPLETE", score, 3, 3, 1.0, 1)
        for name, score in zip(ids, scores, strict=True)
    ]
    shown = dict(zip(results.trials["trial"], results.trials["score"], strict=True))
    return replace(
        results,
        reruns=pd.concat(again, ignore_index=True).astype(results.trials.dtypes),
        finalists=finalists(rounds(statuses, ["t0003"]), shown, "max", "best"),
        plan=results.plan | {"ended": {"by": "trials", "finalists": ["t0003"]}},
    )


def test_one_training_each_with_the_intervals_of_val(loaded: Results) -> None:
    """Newcombe's interval of two of Wilson's, worked out again."""
    found = analysis.compare(loaded, better_by(loaded, 0.02))
    score = loaded.leaderboard["score"].iloc[0]
    assert found.final["score"].tolist() == pytest.approx([score, score + 0.02])
    assert set(found.final["how"]) == {"one training"}
    low, high = loaded.best["val"]["interval"]
    assert found.final[["low", "high"]].iloc[0].tolist() == [low, high]
    assert found.difference["difference"] == pytest.approx(0.02)
    assert np.isnan(found.difference["low"]) and found.verdict == ""  # of B nothing is known
    both = analysis.compare(loaded, loaded).difference
    assert both["difference"] == 0
    reach = np.hypot(score - low, high - score)
    assert (both["low"], both["high"]) == pytest.approx((-reach, reach))


def test_of_finalists_by_welch(loaded: Results) -> None:
    ours, theirs = [0.90, 0.91, 0.92], [0.80, 0.84, 0.82]
    found = analysis.compare(run_again(loaded, theirs), run_again(loaded, ours))
    assert found.final["trial"].tolist() == ["t0003", "t0003"]
    assert found.final["how"].tolist() == ["mean of 3 re-runs"] * 2
    assert found.sides["score"].tolist() == pytest.approx([0.82, 0.91])
    wanted = stats.ttest_ind(ours, theirs, equal_var=False).confidence_interval(0.95)
    assert (found.difference["low"], found.difference["high"]) == pytest.approx(tuple(wanted))
    assert found.verdict == "B"
    of_a_loss = replace(found, direction="min")
    assert of_a_loss.verdict == "A"


def test_several_experiments_a_side(loaded: Results) -> None:
    a = [better_by(loaded, step) for step in (0.0, 0.001, 0.002, -0.5)]  # one that went wrong
    b = [better_by(loaded, 0.05 + step) for step in (0.0, 0.001, 0.002, 0.003)]
    found = analysis.compare(a, b)
    score = loaded.leaderboard["score"].iloc[0]
    assert found.sides["experiments"].tolist() == [4, 4]
    assert found.sides["score"].tolist() == pytest.approx([score + 0.0005, score + 0.0515])
    low, high = found.difference["low"], found.difference["high"]
    assert 0 < low < 0.051 < high and found.verdict == "B"
    assert found.final["experiment"].nunique() == 4 and len(found.final) == 8
    assert found.curves["low"].notna().any()
    again = analysis.compare(a, b).difference
    assert again == found.difference, "the same runs, the same interval"
    several = SeveralResults({str(place): results for place, results in enumerate(b)})
    assert analysis.compare(a, several).difference == found.difference


def test_the_best_so_far_of_both(loaded: Results) -> None:
    found = analysis.compare(loaded, better_by(loaded, 0.02))
    assert set(found.curves["axis"]) == {"examples", "seconds"}
    course = found.courses[found.courses["side"] == "A"]
    for axis in ("examples", "seconds"):
        curve = found.curves[(found.curves["axis"] == axis) & (found.curves["side"] == "A")]
        assert curve["at"].iloc[-1] == pytest.approx(course[axis].max())
        for at, best in zip(curve["at"], curve["best"], strict=True):
            by_then = course[course[axis] <= at + 1e-6]["best"]
            assert (np.isnan(best) and by_then.isna().all()) or best == by_then.iloc[-1]


@pytest.mark.parametrize(("seconds", "shown"), [(0.8, ["0.08", "0.8"]), (4000, ["400", "4,000"])])
def test_the_places_of_a_short_search_differ(
    seconds: float, shown: list[str], loaded: Results
) -> None:
    found = analysis.compare(loaded, loaded)
    on = found.curves["axis"] == "seconds"
    scale = seconds / found.curves["at"][on].max()
    at = found.curves["at"].where(~on, found.curves["at"] * scale)
    *_, table = comparison_lines(replace(found, curves=found.curves.assign(at=at)))
    assert isinstance(table, Table)
    cells = list(table.columns[0].cells)
    assert [cells[0], cells[-1]] == shown and len(set(cells)) == len(cells)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"metric": "val_loss", "direction": "min"}, "metric: 'val_accuracy, max' and 'val_loss"),
        (
            {"data": {"digest": "0123456789abcdef"}},
            "data and split .*'0123456789ab'",
        ),
        ({"data": {"split_seed": 7}}, "split seed: 0 and 7"),
        ({"search_space": {"task": "other"}}, "task: 'mnist_cnn' and 'other'"),
        ({"data": {"provenance": {"kind": "real", "name": "MNIST", "weights": ""}}}, "real: MNIST"),
    ],
)
def test_what_differs_is_named(change: dict[str, Any], says: str, loaded: Results) -> None:
    plan = dict(loaded.plan)
    for key, value in change.items():
        plan[key] = plan[key] | value if isinstance(value, dict) else value
    epochs = loaded.epochs
    with pytest.raises(BadInput, match=f"^compare: A rehearsal and B rehearsal .*{says}"):
        analysis.compare(loaded, replace(loaded, plan=plan, epochs=epochs))


def test_what_cannot_be_compared(loaded: Results) -> None:
    failed = replace(loaded, trials=loaded.trials.assign(state="FAIL"))
    with pytest.raises(BadInput, match="B rehearsal has no trial with a score"):
        analysis.compare(loaded, failed)
    with pytest.raises(BadInput, match="no experiment given"):
        analysis.compare(loaded, [])


def test_on_the_command_line(
    finished: Experiment, copy: Callable[[], Experiment], capsys: pytest.CaptureFixture[str]
) -> None:
    other = copy()
    storage = ["--storage", str(finished.root.parent)]
    assert main(["compare", finished.name, str(other.root), *storage]) == 0
    shown = capsys.readouterr().out
    lines = shown.splitlines()
    best = read_json(finished.best / "metrics.json")["trial"]
    assert (
        lines[0].startswith(f"A  rehearsal: {best}, val_accuracy 0.") and "one training" in lines[0]
    )
    assert lines[2] == "B less A: +0.0000; nothing on record says how sure that is"
    assert "best by examples trained on" in shown and "by seconds" in shown
    several = f"{finished.name},{other.root}"
    assert main(["compare", several, several, *storage]) == 0
    assert "the middle half of 2 experiments has a mean of" in capsys.readouterr().out


def test_refusals_on_the_command_line(
    finished: Experiment, copy: Callable[[], Experiment], capsys: pytest.CaptureFixture[str]
) -> None:
    other = copy()
    plan = json.loads(other.plan.read_text())
    other.plan.write_text(json.dumps(plan | {"data": plan["data"] | {"split_seed": 1}}))
    assert main(["compare", str(finished.root), str(other.root)]) == 2
    assert "differ in split seed: 0 and 1" in capsys.readouterr().err
    assert main(["compare", str(finished.root), "nothere"]) == 2
    assert "nothere: no experiment of that name" in capsys.readouterr().err


def test_a_url_is_no_name(finished: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", f"file://{finished.root}", str(finished.root)]) == 0
    assert main(["compare", "nothing://x", str(finished.root)]) == 2
    assert "nothing://x: cannot be read" in capsys.readouterr().err
