"""Killed among the finalists, in the export and around test's opening; resumed after each."""

from __future__ import annotations

import re
import time

import pytest

from tests.kills.faults import LAST_FAULTS
from tests.kills.searches import Search


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Search, list[str]]:
    """The search, and what was on the screen of each run."""
    options = ["--concurrency", "1"]  # a worker less to start, ten times
    # A budget that a new run begins anew: only the record keeps it from further trials.
    options += ["--trials", "30", "--scheduler", "none", "--repeats", "2", "--plateau", "1"]
    search = Search(tmp_path_factory.mktemp("kills"), *options)
    screens = []
    for epochs in (2, 5):
        with search.start() as process:
            assert process.stdout is not None
            while _trained_again(search) < epochs and process.poll() is None:
                time.sleep(0.05)
            process.kill()
            screens.append(process.stdout.read())
    screens += [search.die_of(fault) for fault in LAST_FAULTS]
    return search, [*screens, search.finish()]


def _trained_again(search: Search) -> int:
    return sum(len(directory.read_results()) for directory in search.experiment.reruns())


def test_nothing_is_run_twice_and_nothing_is_lost(ended: tuple[Search, list[str]]) -> None:
    search, screens = ended
    assert search.faults(ended_with=len(search.experiment.trials())) == []
    assert search.trained_again() == 0
    assert len(search.experiment.reruns()) in (2, 4)  # the baseline may be the best
    for screen in screens[1:3]:  # both kills fell into a re-run's training
        assert re.search(r"-r\d goes on after [1-9]", screen)


def test_after_the_finalists_nothing_trains_again(ended: tuple[Search, list[str]]) -> None:
    _, screens = ended
    assert all("started" not in screen for screen in screens[3:])


def test_test_was_opened_once_whenever_it_was_killed(ended: tuple[Search, list[str]]) -> None:
    search, screens = ended
    assert search.openings() == 1
    assert "Test (opened once)" in screens[-1]


def test_trials_that_a_budget_has_ended_do_not_go_on_after_a_kill(
    ended: tuple[Search, list[str]],
) -> None:
    search, screens = ended
    assert 2 <= len(search.experiment.trials()) < 30 and "t0001 started" in screens[0]
    for screen in screens[1:]:
        assert re.findall(r"(t\d+) started", screen) == []  # but re-runs are
    assert "Ended by: plateau" in screens[-1]
