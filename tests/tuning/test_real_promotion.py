"""`--scheduler promote` under real Ray: trials that end well, raise, diverge and wait."""

from __future__ import annotations

import json
from pathlib import Path

from tests.benchmarks.moody import DIVERGES, RAISES
from tests.benchmarks.states import differences
from tests.tuning.test_search import ROOT, search

MOODY = str(ROOT / "tests" / "benchmarks" / "moody.py")
TRIALS = 18


def test_the_study_tells_the_truth_of_a_search_that_promotes(tmp_path: Path) -> None:
    moods = [{"mood": sum(span) / 2} for span in (RAISES, DIVERGES)]
    (tmp_path / "first.json").write_text(json.dumps(moods))
    options = ["--space", MOODY, "--scheduler", "promote", "--trials", str(TRIALS), "--seed", "4"]
    options += ["--concurrency", "2", "--enqueue", str(tmp_path / "first.json")]
    experiment, screen = search(tmp_path, "moody", *options)
    assert differences(experiment, TRIALS) == []
    statuses = [directory.read_status() for directory in experiment.trials()]
    states = [status.state for status in statuses]
    assert "RUNNING" not in states and states[0] == "COMPLETE"  # the baseline
    assert states.count("FAIL") >= 1 and states.count("PRUNED") > TRIALS / 3
    stopped = [status for status in statuses if status.state == "PRUNED"]
    assert {status.epochs for status in stopped} <= {1, 2, 4, 8} and len(stopped) > 2  # slots
    assert "waits after 1 epochs" in screen and "goes on after 1 epochs" in screen
    assert {status.cause for status in stopped} == {"not promoted"}
