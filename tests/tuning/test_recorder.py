"""The search's own book: which weights stay, what the directory says while a search runs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.tuning.rehearsal import Rehearsal
from tuning.recorder import KEPT_BEST
from tuning.trainable import DIVERGED

Rehearse = Callable[..., Rehearsal]


def with_weights(search: Rehearsal) -> set[str]:
    found = {path.parent.name for path in search.experiment.root.rglob("*.pt")}
    for trial in found:  # both or none
        directory = search.experiment.trial(trial)
        assert directory.last.is_file() and directory.best.is_file()
    return found


@pytest.mark.parametrize("low_baseline", [True, False])
def test_weights_of_the_best_five_the_baseline_and_the_living(
    low_baseline: bool, rehearse: Rehearse
) -> None:
    search = rehearse(trials=30, sampler="random")
    scores: dict[str, float] = {}
    living = search.begin()
    for number in range(29):
        if number:
            trial = search.begin()
        else:
            trial, living = living, search.begin()  # the baseline ends; the next lives on
            assert living is not None
            search.work(living, 1, 0.001)
        assert trial is not None
        score = 0.01 if number == 0 and low_baseline else ((number * 17) % 29 + 2) / 40
        if number % 7 == 3:
            search.work(trial, 1, 0.99)  # a good epoch does not save one that fails
            search.end(trial, {DIVERGED: "non-finite training loss", "val_accuracy": 0.0})
        else:
            search.complete(trial, [score / 2, score, score / 3])
            scores[trial] = score
        best = sorted(scores, key=lambda name: -scores[name])[:KEPT_BEST]
        assert with_weights(search) == {*best, "t0000", living}
    assert len(with_weights(search)) <= KEPT_BEST + 2
    assert len(search.experiment.trials()) == 30
    for directory in search.experiment.trials():  # the records stay
        names = {path.name for path in directory.root.iterdir()}
        assert {"config.json", "status.json", "result.jsonl"} <= names
        assert any(name.startswith("events.out.tfevents.") for name in names)


def test_a_baseline_outside_the_study_keeps_its_weights(rehearse: Rehearse) -> None:
    search = rehearse("lr=0.01..0.05:log", trials=8)
    for score in (0.01, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9):
        trial = search.begin()
        assert trial is not None
        search.complete(trial, [score, score, score])
    assert with_weights(search) == {"baseline", "t0003", "t0004", "t0005", "t0006", "t0007"}


def test_the_directory_tells_the_truth_at_every_step(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = search.begin()
    assert trial == "t0000"
    status = search.status(trial)
    assert (status.state, status.score, status.epochs) == ("RUNNING", None, 0)
    assert status.seed == search.plan.trial_seed(0) == search.suggestions[trial]["seed"]
    assert search.experiment.trial(trial).read_config() == search.plan.space.baseline
    search.work(trial, 1, 0.6)
    search.work(trial, 2, 0.4)
    status = search.status(trial)
    assert (status.state, status.score, status.best_epoch, status.epochs) == ("RUNNING", 0.6, 1, 2)
    told = [(what, s.state, s.score) for what, s in search.listener.told]
    assert told == [
        ("started", "RUNNING", None),
        ("reported", "RUNNING", 0.6),
        ("reported", "RUNNING", 0.6),
    ]
