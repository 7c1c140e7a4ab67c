"""A trial that Tune gives up too soon is begun again: the same, under another of Ray's ids."""

from __future__ import annotations

from tests.tuning.test_searcher import Rehearse, on_disk, started


def test_a_death_that_tune_hears_of_twice_does_not_fail_the_trial(rehearse: Rehearse) -> None:
    """A worker killed while it is made ready: recovered first, and then given up at once."""
    search = rehearse(trials=1)
    trial = started(search)
    search.work(trial, 1, 0.5)
    search.die(trial)
    search.end(trial, error=True)
    assert search.status(trial).state == "RUNNING" and not search.searcher.ended
    assert search.begin() == trial  # the same, under another of Ray's ids
    assert search.begin() is None
    search.work(trial, 2, 0.6)
    search.end(trial, {**search.work(trial, 3, 0.7, tell=False), "finished": True})
    assert on_disk(search.experiment)[0].state.name == "COMPLETE"
    assert search.searcher.suggest("one more") == "FINISHED"


def test_an_exception_after_two_deaths_still_has_its_retry(rehearse: Rehearse) -> None:
    search = rehearse(trials=1)
    trial = started(search)
    search.die(trial, 2)
    search.experiment.trial(trial).write_error(ValueError("no such column"))
    search.end(trial, error=True)  # Tune counts it as the third death
    assert search.status(trial).state == "RUNNING" and search.begin() == trial
    search.end(trial, error=True)
    assert search.status(trial).state == "FAIL"


def test_what_is_begun_again_and_again_is_given_up(rehearse: Rehearse) -> None:
    search = rehearse(trials=1)
    trial = started(search)
    for _ in range(10):
        search.end(trial, error=True)  # before Tune could begin to count
        if search.begin() is None:
            break
    assert search.status(trial).cause == "killed (out of memory?)"
