"""What the report says: the same as every other view, and the truth about what is not known."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

import run_search
from analysis.__main__ import main
from analysis.frames.load import load
from analysis.openings import announce_opening, complete_opening
from analysis.report import Record, report
from analysis.summary import print_summary
from tests.analysis.report.pages import facts
from trainables.files import append_line, read_json, write_json
from tuning.experiment import METRICS, Experiment

ROOT = Path(__file__).resolve().parents[3]
Screen = pytest.CaptureFixture[str]


def page_of(experiment: Experiment, *, running: bool = False) -> str:
    return report(Record.of(experiment, running=running))


def text_of(page: str) -> str:
    """What a reader reads, without scripts and marks."""
    bare = re.sub(r"<(style|script)\b.*?</\1>", "", page, flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]*>", " ", bare).replace("&#39;", "'").split())


@pytest.fixture(scope="module")
def page(finished: Experiment) -> str:
    return page_of(finished)


def test_it_tells_the_same_best_as_every_other_view(finished: Experiment, page: str) -> None:
    said, metrics = facts(page), read_json(finished.best / METRICS)
    first = load(finished.root).leaderboard.iloc[0]
    assert said["winner"] == said["best"]["trial"] == metrics["trial"] == first["trial"]
    assert (said["best"]["epoch"], said["best"]["seed"]) == (metrics["epoch"], metrics["seed"])
    assert said["best"]["val"] == metrics["val"]["accuracy"] == pytest.approx(first["score"])
    assert said["best"]["test"] == metrics["test"]["accuracy"]
    on_baseline = metrics["baseline"]["val"]["accuracy"]
    assert said["lead"] == pytest.approx(metrics["val"]["accuracy"] - on_baseline)
    for score in (metrics["val"]["accuracy"], metrics["test"]["accuracy"], on_baseline):
        assert f"{score:.4f}" in text_of(page)


def test_what_a_reader_must_not_miss(finished: Experiment, page: str) -> None:
    said = text_of(page)
    assert "Stand-in data." in said and load(finished.root).plan["data"]["provenance"]["note"]
    assert "opened once, on 359 pictures" in said
    assert "No finalists were asked for" in said or "trained again" in said
    assert "non-finite training loss" in said and "t0002" in said
    assert "1,151 train, 287 val, 359 test (pictures)" in said
    assert load(finished.root).plan["data"]["digest"] in said
    for command in ("predict", "export", "replay", "run_search.py --space mnist"):
        assert command in said


def test_every_trial_is_in_the_table(finished: Experiment, page: str) -> None:
    rows = re.findall(r'<tr data-trial="([^"]+)"', page.partition('<table id="all">')[2])
    assert rows == list(load(finished.root).leaderboard["trial"])


def test_no_place_of_this_machine_is_in_it(finished: Experiment, page: str) -> None:
    assert str(finished.root.parent) not in page and str(Path.home()) not in page


def test_a_second_opening_of_test_is_flagged(
    finished: Experiment, copy: Callable[[], Experiment]
) -> None:
    experiment = copy()
    for number in (1, 2):
        announce_opening(experiment, [f"t000{number}"])
        complete_opening(experiment, {"t0001": 0.5})
    (experiment.root / "best").mkdir()
    for file in finished.best.iterdir():
        (experiment.best / file.name).write_bytes(file.read_bytes())
    page = page_of(experiment)
    assert "opened 2 times, so no longer unseen" in text_of(page)
    assert facts(page)["test_openings"] == 2


def test_interrupted_running_and_ended(copy: Callable[[], Experiment]) -> None:
    experiment = copy()
    said = text_of(page_of(experiment))
    assert "The search was interrupted" in said and "--resume" in said
    assert "No model has been handed over yet" in said
    assert "still running" in text_of(page_of(experiment, running=True))
    plan = read_json(experiment.plan)
    write_json(experiment.plan, plan | {"ended": {"by": "trials"}})
    said = text_of(page_of(experiment))
    assert "not the last step" in said and "--resume" in said
    write_json(experiment.plan, plan | {"ended": {"by": "trials", "handed_over": True}})
    page = page_of(experiment)
    assert facts(page)["state"] == "ended"
    assert "interrupted" not in text_of(page).partition("All trials")[0]


def test_all_failed_and_nothing_begun(copy: Callable[[], Experiment]) -> None:
    experiment = copy()
    for directory in experiment.trials():
        path = directory.root / "status.json"
        failed = {"state": "FAIL", "score": None, "best_epoch": None, "cause": "OSError: gone"}
        write_json(path, read_json(path) | failed)
    page = page_of(experiment)
    said = text_of(page)
    assert "No trial succeeded: all 5 failed." in said and "OSError: gone" in said
    assert facts(page)["leader"] is None
    plan = read_json(experiment.plan)
    write_json(experiment.plan, plan | {"ended": {"by": "trials"}})
    assert facts(page_of(experiment))["state"] == "ended"  # there is nothing to hand over
    for directory in experiment.trials():
        (directory.root / "status.json").unlink()
    said = text_of(page_of(experiment))
    assert "No trial has a score yet." in said and "No trial has begun." in said


def test_a_task_that_reports_no_val_loss(copy: Callable[[], Experiment]) -> None:
    experiment = copy()
    for directory in experiment.trials():
        lines = directory.read_results()
        directory.results.unlink()
        for line in lines:
            line.pop("val_loss")
            append_line(directory.results, line)
    assert facts(page_of(experiment))["leader"] is not None


def test_the_command(finished: Experiment, tmp_path: Path, capsys: Screen) -> None:
    out = tmp_path / "there.html"
    assert main(["report", str(finished.root), "--out", str(out)]) == 0
    assert capsys.readouterr().out.strip() == str(out)
    assert facts(out.read_text("utf-8"))["experiment"] == finished.name
    assert main(["report", str(finished.root), "--out", str(tmp_path / "no" / "x.html")]) == 2
    error = capsys.readouterr().err
    assert error.startswith("analysis: error: --out") and len(error.splitlines()) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["there.html"]


def test_damaged_metrics(copy: Callable[[], Experiment], capsys: Screen) -> None:
    experiment = copy()
    experiment.best.mkdir()
    (experiment.best / METRICS).write_text('{"trial": "t0000"}')
    assert main(["report", str(experiment.root)]) == 2
    assert "a record is damaged" in capsys.readouterr().err
    assert not experiment.report.exists()


def test_it_needs_neither_torch_nor_ray(finished: Experiment, tmp_path: Path) -> None:
    given = [str(finished.root), "--out", str(tmp_path / "x.html")]
    script = (
        "import sys\nfrom analysis.__main__ import main\n"
        "assert main(['report', *sys.argv[1:]]) == 0\n"
        "print(*({'torch', 'ray'} & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *given], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[1] == ""


def test_a_search_ends_as_it_would_without_its_report(
    copy: Callable[[], Experiment], capsys: Screen
) -> None:
    """At the end of a search; a report that cannot be written is said in one line."""
    experiment = copy()
    experiment.report.mkdir()  # nothing can take its place
    run_search._report(experiment)
    error = capsys.readouterr().err
    assert len(error.splitlines()) == 1 and "report.html: not written" in error
    experiment.report.rmdir()
    run_search._report(experiment)
    assert capsys.readouterr().err == ""
    assert facts(experiment.report.read_text("utf-8"))["state"] == "interrupted"
    print_summary(experiment, Console(width=300), interrupted=True)
    assert main(["show", str(experiment.root)]) == 0
    assert capsys.readouterr().out.count("report.html") == 2  # both say where it is
