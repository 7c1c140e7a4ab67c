"""Killed in the middle of a write, four times, and resumed at once after each: nothing is lost."""

from __future__ import annotations

import pytest

from tests.kills.faults import FAULTS
from tests.kills.searches import Search


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Search, list[str]]:
    """The search, and what was on the screen of each run."""
    one = ["--concurrency", "1"]  # a worker less to start, five times
    search = Search(tmp_path_factory.mktemp("kills"), *one)
    screens = [search.die_of(fault) for fault in FAULTS]
    return search, [*screens, search.finish()]


def test_the_search_ends_as_asked(ended: tuple[Search, list[str]]) -> None:
    search, screens = ended
    assert search.faults() == []
    assert "4 trials:" in screens[-1] and "goes on after" in screens[-1]


def test_no_epoch_that_a_checkpoint_covers_is_trained_again(
    ended: tuple[Search, list[str]],
) -> None:
    search, _ = ended
    assert search.trained_again() == 0
    begun = search.begun()
    assert len(begun) > len({(seed, epoch) for seed, epoch, _ in begun})  # kills did cost epochs
    assert len({process for _, _, process in begun}) > 4


def test_what_was_torn_is_said(ended: tuple[Search, list[str]]) -> None:
    _, screens = ended
    assert "study.journal: its last line was torn, and is cut" in screens[1]
