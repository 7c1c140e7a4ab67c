"""Who waits at a rung, and who goes on: the paper's algorithm, by hand."""

from __future__ import annotations

import itertools
import math
import random
from typing import Any

import pytest

from tuning.rungs import Rungs


def rungs(
    epochs: int = 8, direction: str = "max", grace_period: int = 1, trials: int = 1000
) -> Rungs:
    return Rungs(epochs, grace_period, "score", direction, trials, lambda trial: True)


def at(epoch: int, score: float) -> dict[str, Any]:
    return {"epoch": epoch, "score": score}


def arrive(rungs: Rungs, epoch: int, **scores: float) -> dict[str, bool]:
    return {trial: rungs.report(trial, at(epoch, score)) for trial, score in scores.items()}


def test_the_first_waits_and_goes_on_when_it_is_the_better_of_two() -> None:
    found = rungs()
    assert arrive(found, 1, a=0.5) == {"a": True}
    assert found.next() is None  # one cannot be the better half of one
    assert arrive(found, 1, b=0.4) == {"b": True}
    assert found.next() == "a"
    assert found.next() == "a"  # asking changes nothing
    found.go_on("a")
    assert found.waiting() == ("b",) and found.next() is None


def test_the_better_of_two_keeps_its_slot() -> None:
    found = rungs()
    assert arrive(found, 1, a=0.4, b=0.5) == {"a": True, "b": False}
    assert found.waiting() == ("a",) and found.next() is None


def test_what_came_too_early_goes_on_once_others_are_worse() -> None:
    found = rungs()
    arrive(found, 1, a=0.4, b=0.5)
    assert arrive(found, 1, c=0.1) == {"c": True} and found.next() is None  # half of three is one
    assert arrive(found, 1, d=0.2) == {"d": True}
    assert found.next() == "a"


def test_the_highest_rung_comes_first() -> None:
    found = rungs()
    arrive(found, 1, a=0.9, b=0.8, c=0.7, d=0.6)
    for trial in ("a", "b"):
        if trial in found.waiting():
            found.go_on(trial)
    assert arrive(found, 2, b=0.81, a=0.91) == {"b": True, "a": False}
    assert arrive(found, 1, e=0.1, f=0.2) == {"e": True, "f": True}
    assert found.next() == "c"  # the third of six; nobody waits above who is good enough
    arrive(found, 2, x=0.1, y=0.2)  # now b is the better half of four
    assert found.next() == "b"


@pytest.mark.parametrize(("epochs", "last"), [(8, 4), (9, 8), (1, 0)])
def test_the_last_rung_is_below_the_full_length(epochs: int, last: int) -> None:
    found, waited = rungs(epochs), []
    for epoch in range(1, epochs + 1):
        if arrive(found, epoch, a=0.5)["a"]:
            waited.append(epoch)
            found.go_on("a")
    assert waited == [rung for rung in (1, 2, 4, 8) if rung <= last]


def test_the_least_is_best_where_less_is_better() -> None:
    found = rungs(direction="min")
    assert arrive(found, 1, a=0.4, b=0.5) == {"a": True, "b": True}
    assert found.next() == "a"


def test_a_score_is_the_best_until_then() -> None:
    found = rungs(grace_period=2)
    found.report("a", at(1, 0.9))
    assert found.report("a", at(2, 0.1))
    assert arrive(found, 2, b=0.5) == {"b": True}
    assert found.next() == "a"


def test_a_rung_that_was_missed_is_waited_at_after_it() -> None:
    found = rungs()
    arrive(found, 2, a=0.9, b=0.8)
    assert arrive(found, 3, c=0.7) == {"c": True}  # its worker died with the second epoch
    assert "c" in found.waiting()
    arrive(found, 2, d=0.1)
    arrive(found, 2, e=0.1, f=0.1)
    while (name := found.next()) is not None and name != "c":
        found.go_on(name)
    assert name == "c"
    found.go_on("c")
    assert arrive(found, 4, c=0.75) == {"c": True}


def test_a_score_that_is_no_number_is_at_no_rung() -> None:
    found = rungs()
    found.record("a", at(1, math.nan))
    arrive(found, 1, b=0.1)
    assert found.next() is None


def test_an_earlier_run_is_taken_in() -> None:
    first, second = rungs(), rungs()
    history = {"a": [0.9, 0.91], "b": [0.5], "c": [0.8, 0.6, 0.7], "d": [0.7]}
    for trial, scores in history.items():
        for epoch, score in enumerate(scores, 1):
            first.report(trial, at(epoch, score))
            if trial in first.waiting() and epoch < len(scores):
                first.go_on(trial)
        lines = [at(epoch, score) for epoch, score in enumerate(scores, 1)]
        second.replay(trial, lines, ended=False)
    assert set(second.waiting()) == {"a", "b", "d"} >= set(first.waiting())
    assert second.next() == "a"  # of two at the second rung the better
    third = rungs()
    third.replay("a", [at(1, 0.9)], ended=True)  # it failed there
    assert third.waiting() == ()
    assert arrive(third, 1, b=0.5) == {"b": True} and third.next() is None


@pytest.mark.parametrize("slots", [1, 2, 4])
def test_nobody_waits_who_could_go_on(slots: int) -> None:
    noise = random.Random(0)
    found, running, done = rungs(), [(f"t{n}", 0) for n in range(slots)], 0
    begun = slots
    while running:
        trial, epoch = running.pop(0)
        waits = found.report(trial, at(epoch + 1, noise.random() + epoch))
        if epoch + 1 == 8:
            done += 1
        elif not waits:
            running.append((trial, epoch + 1))
            continue
        if (name := found.next()) is not None:
            rung = next(r for r in (4, 2, 1) if name in found._scores[r])
            found.go_on(name)
            running.append((name, rung))
        elif begun < 64:
            running.append((f"t{begun}", 0))
            begun += 1
    assert begun == 64 and found.next() is None
    reached = [len(found._scores[rung]) for rung in (1, 2, 4)] + [done]
    for below, above in itertools.pairwise(reached):  # half, and those promoted when few were there
        assert below // 2 <= above <= 0.75 * below


def test_who_can_never_go_on() -> None:
    found = rungs(trials=4)
    arrive(found, 1, a=0.1, b=0.2, c=0.3)
    assert found.hopeless() == []  # a is the third, and two can go on; but one of them may fail
    arrive(found, 1, d=0.4)
    assert found.hopeless() == ["a"]
    found.go_on("a")
    assert found.hopeless() == []


def test_the_last_chance_is_the_best_of_the_highest_rungs() -> None:
    found = rungs()
    assert found.last_chance() is None
    arrive(found, 1, a=0.5)
    assert found.last_chance() == "a"
    found.go_on("a")
    assert found.last_chance() is None
    arrive(found, 2, a=0.6)
    arrive(found, 1, b=0.9)
    assert found.last_chance() == "a"
