"""`--scheduler pbt` in the search: who is replaced, by whom, and a kill on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from tests.tuning.driven import Driven, states
from tests.tuning.rehearsal import Rehearsal
from trainables.data.splits import Splits
from trainables.files import write_json
from trainables.trainer import load_tensors
from tuning.population import Population
from tuning.recovery import ORIGIN
from tuning.shown import Shown

Rehearse = Callable[..., Rehearsal]
QUALITY = {f"t{number:04d}": number * 7 % 12 / 40 for number in range(1, 9)}  # of the first ones
WORST = sorted(QUALITY, key=QUALITY.__getitem__)[:2]
BEST = sorted(QUALITY, key=QUALITY.__getitem__)[-2:]


def population(rehearse: Rehearse, **options: Any) -> Driven:
    """Eight and the baseline, judged after 2, 4 and 6 of 8 epochs; heirs are better than all."""
    lengths = {"max_epochs": 8, "trials": 9, "sampler": "random"}
    search = rehearse(scheduler="pbt", **lengths | options)
    return Driven(search, lambda trial: 0.0 if trial == "t0000" else QUALITY.get(trial, 0.35))


def heirs(search: Rehearsal) -> dict[str, tuple[str, int]]:
    """By trial, whose weights of which epoch it began with."""
    found = {name: search.status(name) for name in states(search)}
    return {name: (s.parent, s.start) for name, s in found.items() if s.parent}


@pytest.mark.parametrize("slots", [1, 2, 4, 9])
def test_the_worst_quarter_ends_and_heirs_of_the_best_begin_in_their_place(
    rehearse: Rehearse, slots: int
) -> None:
    run = population(rehearse)
    run.run(slots)
    search = run.search
    found = states(search)
    assert Counter(state for state, _ in found.values())["COMPLETE"] == 9  # as many as asked for
    assert found["t0000"] == ("COMPLETE", 8) and len(run.order) == len(set(run.order)) == 9 * 8
    ended = {name: s for name in found if (s := search.status(name)).state == "PRUNED"}
    born = heirs(search)
    assert len(ended) == len(born) >= 4
    assert {s.cause for s in ended.values()} == {f"replaced by {name}" for name in born}
    assert all(s.epochs in (2, 4, 6) for s in ended.values())
    assert "t0000" not in {parent for parent, _ in born.values()} | set(ended)  # the baseline
    for name, (parent, start) in born.items():
        steps = search.study.trials[int(name[1:])].intermediate_values
        assert min(steps) == start + 1 and start in (2, 4, 6)
        assert search.status(parent).parent or parent in QUALITY
    if slots == 1:  # then all are judged by all
        assert {n for n, s in ended.items() if s.epochs == 2} == set(WORST)
        assert {parent for parent, start in born.values() if start == 2} <= set(BEST)


def test_an_heir_has_its_parents_weights_and_settings_near_its_parents(rehearse: Rehearse) -> None:
    run = population(rehearse)
    search = run.search
    begin, seen = search.begin, []

    def look() -> str | None:
        name = begin()
        directory = search.experiment.trial(name or "t0000")
        if name is not None and name not in QUALITY and directory.inherited.is_file():
            legs = search.suggestions[name]["legs"]
            status = search.status(name)
            if status.epochs == status.start:
                inherited = load_tensors(directory.inherited)
                assert inherited["epoch"] == status.start
                assert inherited["module"]["of"] == status.parent.encode()[-1]
                assert [leg["start"] for leg in legs] == [status.start]
                seen.append(name)
        return name

    search.begin = look  # type: ignore[method-assign]
    run.run(slots=2)
    born = heirs(search)
    assert seen == list(born)
    changed: Counter[str] = Counter()
    for name, (parent, start) in born.items():
        own, theirs = (search.experiment.trial(t).read_config() for t in (name, parent))
        differ = {n for n in own if own[n] != theirs[n]}
        assert set(own) == set(theirs) and differ <= set(search.plan.perturbed)
        changed.update(differ)
        assert search.plan.space.contains(own)
        frozen = search.study.trials[int(name[1:])]
        assert frozen.params == search.plan.space.searched(own)
        assert frozen.user_attrs[ORIGIN]["parent"] == parent
        course = search.experiment.trial(name).read_course()
        assert course[-1].start == start and course[-1].config == own
        assert course[:-1] == tuple(
            leg for leg in search.experiment.trial(parent).read_course() if leg.start < start
        )
        assert len({leg.seed for leg in course}) == len(course)
    assert {"lr", "dropout"} <= set(changed)
    for directory in search.experiment.trials():  # nothing that only a population needs stays
        assert not directory.milestone.exists() and not directory.inherited.exists()


def test_a_parent_that_has_gone_on_passes_on_what_it_had_at_the_milestone(
    rehearse: Rehearse,
) -> None:
    run = population(rehearse)
    search, best = run.search, BEST[-1]
    run.run(slots=1, epochs=8 + 2 * 8)  # all wait after 2
    halts = search.halts
    assert isinstance(halts, Population) and len(halts.waiting()) == 8
    halts.go_on(best)
    search.work(best, 3, 0.4, tell=False)  # beyond it
    assert load_tensors(search.experiment.trial(best).milestone)["epoch"] == 2
    for seed in range(20):
        halts._plan = replace(search.plan, seed=seed)
        heir = halts.go_on(WORST[0])
        assert heir is not None and heir.origin is not None and heir.origin.start == 2
        assert load_tensors(search.experiment.trial(heir.name).inherited)["epoch"] == 2
        if heir.origin.parent == best:  # by chance it is the other one
            return
        halts.report(WORST[0], {"epoch": 2, "val_accuracy": 0.0})
    raise AssertionError("never the best")


@pytest.mark.parametrize("killed_after", [9, 24, 25, 33, 50])
def test_a_search_killed_on_the_way_goes_on(rehearse: Rehearse, killed_after: int) -> None:
    first = population(rehearse)
    first.run(slots=2, epochs=killed_after)
    second = population(rehearse)
    second.run(slots=2)
    found = states(second.search)
    assert Counter(state for state, _ in found.values())["COMPLETE"] == 9
    assert "RUNNING" not in {state for state, _ in found.values()}
    everything = first.order + second.order
    assert len(everything) == len(set(everything)) == 9 * 8
    replaced = [name for name, (state, _) in found.items() if state == "PRUNED"]
    assert len(replaced) == len(heirs(second.search)) >= 4


def test_a_kill_after_an_heir_began_ends_the_one_it_replaces(rehearse: Rehearse) -> None:
    first = population(rehearse)
    first.run(epochs=8 + 2 * 8)
    end = first.search.searcher._end

    def killed(*arguments: Any) -> None:
        raise KeyboardInterrupt

    first.search.searcher._end = killed  # type: ignore[method-assign, assignment]
    with pytest.raises(KeyboardInterrupt):
        first.run()
    first.search.searcher._end = end  # type: ignore[method-assign]
    second = population(rehearse)
    status = second.search.status(WORST[0])
    assert (status.state, status.cause) == ("PRUNED", "replaced by t0009")
    second.run()
    found = states(second.search)
    assert Counter(state for state, _ in found.values())["COMPLETE"] == 9
    assert len(set(first.order + second.order)) == 9 * 8


def test_finalists_train_the_schedule_that_was_found_afresh(rehearse: Rehearse) -> None:
    run = population(rehearse)
    run.run()
    search = run.search
    choice = search.run_again()
    heir = choice.trials[0]
    course = search.experiment.trial(heir).read_course()
    assert len(course) > 1
    rerun = next(name for name in iter(search.begin, None) if name.startswith(heir))
    legs = search.suggestions[rerun]["legs"]
    assert [(leg["start"], leg["config"]) for leg in legs] == [(c.start, c.config) for c in course]
    assert not {leg["seed"] for leg in legs} & {leg.seed for leg in course}
    assert len({leg["seed"] for leg in legs}) == len(legs)
    status = search.status(rerun)
    assert (status.parent, status.start, status.seed) == ("", 0, legs[0]["seed"])
    assert search.experiment.trial(rerun).read_course()[1].config == course[1].config


def test_a_budget_counts_what_each_has_trained_itself(rehearse: Rehearse) -> None:
    run = population(rehearse)
    run.run()
    statuses = run.search.recorder.statuses.values()
    assert sum(status.trained for status in statuses) == 9 * 8
    assert sum(status.epochs for status in statuses) > 9 * 8


def test_heirs_do_not_warm_another_search(rehearse: Rehearse, grey_splits: Splits) -> None:
    first = population(rehearse, name="first")
    first.run()
    write_json(first.search.experiment.plan, first.search.plan.to_json(grey_splits))
    second = rehearse(name="second", trials=2, max_epochs=8, warm_start="first")
    assert second.source.imported is not None
    born = len(heirs(first.search))
    assert second.source.imported.left_out == {"of a population, with others' weights": born}


def late(rehearse: Rehearse) -> Driven:
    """A bound that four of the eight, and no heir, ever keep."""
    run = population(rehearse, constraints=["latency_ms<=1"])

    def quality(trial: str) -> float:
        keeps = trial in ("t0000", "t0001", "t0002", "t0003", "t0004")
        run.search.extra = {"latency_ms": 0.5 if keeps else 2.0}
        return QUALITY.get(trial, 0.1)

    run.quality = quality
    return run


def test_those_beyond_a_constraint_are_the_worst_whatever_they_score(rehearse: Rehearse) -> None:
    run = late(rehearse)
    run.run()
    beyond = {f"t{number:04d}" for number in (5, 6, 7, 8)}
    replaced = [n for n, (state, epochs) in states(run.search).items() if state == "PRUNED"]
    first = [name for name in replaced if run.search.status(name).epochs == 2]
    assert len(first) == 2 and set(first) < beyond
    assert {parent for parent, start in heirs(run.search).values() if start == 2} <= set(
        QUALITY
    ) - beyond


def test_a_failed_one_is_no_parent(rehearse: Rehearse) -> None:
    run = population(rehearse)
    search, best = run.search, BEST[-1]
    run.run(slots=1, epochs=8 + 2 * 8)
    halts = search.halts
    assert isinstance(halts, Population)
    search.searcher._waiting.pop(best)
    search.searcher._end(best, "FAIL", "of something")
    for seed in range(8):
        halts._plan = replace(search.plan, seed=seed)
        heir = halts.go_on(WORST[0])
        assert heir is not None and heir.origin is not None and heir.origin.parent != best
        halts.report(WORST[0], {"epoch": 2, "val_accuracy": 0.0})


def test_what_another_may_take_is_what_the_file_has(rehearse: Rehearse) -> None:
    first = population(rehearse)
    first.run(slots=1, epochs=8 + 2 * 8)
    search, best = first.search, BEST[-1]
    assert search.begin() is not None and isinstance(search.halts, Population)
    search.halts.go_on(best)
    search.searcher._waiting.pop(best)
    for epoch in (3, 4, 5):  # its worker died at the milestone of 4, and it went on through it
        search.work(best, epoch, 0.4, tell=False)
    second = population(rehearse)
    assert isinstance(second.search.halts, Population)
    assert second.search.halts._left[best] == 2


def test_samplers_are_not_shown_heirs(rehearse: Rehearse) -> None:
    run = population(rehearse)
    run.run()
    search = run.search
    assert isinstance(search.study.sampler, Shown)
    shown = search.study.sampler._view(search.study).get_trials()
    born = heirs(search)
    assert born and len(shown) == len(search.study.trials) - len(born)


def test_a_grid_goes_on_after_heirs(rehearse: Rehearse) -> None:
    grid = ("dropout=0,0.2,0.4", "lr=0.001,0.01", "optimizer=adam", "weight_decay=0,0.1")
    fixed = ("label_smoothing=0", "schedule=cosine", "rotate=0", "scale=0", "shift=0")
    lengths = {"max_epochs": 8, "sampler": "grid", "scheduler": "pbt"}
    first = Driven(rehearse(*grid, *fixed, trials=8, **lengths), lambda trial: int(trial[1:]) / 40)
    first.run()
    assert heirs(first.search)
    more = Driven(rehearse(*grid, *fixed, trials=10, **lengths), lambda trial: 0.1)
    more.run()
    found = states(more.search)
    assert Counter(state for state, _ in found.values())["COMPLETE"] == 10
