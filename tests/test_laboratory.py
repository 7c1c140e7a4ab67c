"""The laboratory: a surrogate that knows the truth, and searches on it in simulated time."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ray.tune.schedulers import ASHAScheduler
from ray.tune.search.optuna import OptunaSearch

from tests.benchmarks.laboratory import recipes
from tests.benchmarks.laboratory.compare import interval, middle, player_of, shown
from tests.benchmarks.laboratory.fronts import dominated
from tests.benchmarks.laboratory.recipes import EPOCHS, RECIPES, SEEDS
from tests.benchmarks.laboratory.record import configurations
from tests.benchmarks.laboratory.simulate import Course, ours, simulate
from tests.benchmarks.laboratory.surrogate import Surrogate
from tuning.searcher import TrialFeed

RECIPE = RECIPES["mnist"]
PLAYERS = ("default", "asha", "stock", "random", "cmaes+hyperband")


def level(config: dict[str, Any]) -> float:
    """The gain that made-up curves of a configuration come to: best at a rate of 0.005."""
    return 0.95 - 0.2 * abs(math.log10(config["lr"] / 0.005)) - 0.2 * config["dropout"]


@pytest.fixture(scope="module")
def surrogate(tmp_path_factory: pytest.TempPathFactory) -> Surrogate:
    folder = tmp_path_factory.mktemp("tables")
    noise = np.random.default_rng(0)
    lines = []
    for number, config in enumerate(configurations(RECIPE.space, 150)):
        for seed in SEEDS:
            apart = noise.normal(0, 0.01)
            gains = [level(config) * (1 - 0.5**e) + apart for e in range(1, EPOCHS + 1)]
            scores = [1 - math.exp(-gain) for gain in gains]
            line = {"number": number, "seed": seed, "config": RECIPE.space.searched(config)}
            lines.append(line | {"scores": scores, "seconds": config["hidden"] / 64})
    (folder / "mnist.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recipes, "TABLES", folder)
        return Surrogate(RECIPE)


def course(surrogate: Surrogate, player: str, slots: int = 2, seed: int = 0) -> Course:
    return simulate(surrogate, RECIPE, player_of(player, "mnist", seed), slots, 10 * EPOCHS)


def test_what_a_search_has_shown_is_the_least_error_reported_so_far(surrogate: Surrogate) -> None:
    courses = [course(surrogate, "default", seed=seed) for seed in range(2)]
    values = shown(courses)
    assert values.shape == (2, 10 * EPOCHS)
    for row, searched in zip(values, courses, strict=True):
        gains = [gain for _, _, gain in searched.reports]
        assert list(row) == [-max(gains[: end + 1]) for end in range(len(gains))]
        assert row[-1] < row[0]


def test_it_knows_what_a_configuration_comes_to(surrogate: Surrogate) -> None:
    fit = surrogate.fit()
    assert fit.rank > 0.8 and fit.error < fit.spread / 2
    assert 0.005 < fit.seeds < 0.02
    space = RECIPE.space
    truth = surrogate.truth(space.baseline)
    assert truth.shape == (EPOCHS,) and (np.diff(truth) > 0).all()
    assert truth[-1] == pytest.approx(level(space.baseline), abs=0.05)
    assert surrogate.median < surrogate.best < 0.97
    assert surrogate.score(surrogate.gain(0.8)) == pytest.approx(0.8)
    assert surrogate.seconds(space.baseline) == pytest.approx(2.0, rel=0.2)
    runs = np.array([surrogate.train(space.baseline, seed) for seed in range(200)])
    assert runs.mean(0) == pytest.approx(truth, abs=0.005)
    assert runs[:, -1].std() == pytest.approx(0.01, rel=0.5)  # two trainings differ as seeds did
    assert (surrogate.train(space.baseline, 7) == runs[7]).all()


@pytest.mark.parametrize("player", PLAYERS)
def test_a_search_is_the_same_each_time_and_ends_at_its_budget(
    surrogate: Surrogate, player: str
) -> None:
    first, again = course(surrogate, player), course(surrogate, player)
    assert len(first.truth) == len(first.seconds) == 10 * EPOCHS
    assert (first.truth == again.truth).all() and (np.diff(first.seconds) >= 0).all()
    assert np.isfinite(first.truth).all() and first.truth[-1] <= surrogate.best + 0.02
    assert 10 <= first.trials <= 11 if player == "random" else first.trials > 12  # it stops none


def test_slots_shorten_the_time_and_not_the_samples(surrogate: Surrogate) -> None:
    one, four = course(surrogate, "default", 1), course(surrogate, "default", 4)
    assert len(one.truth) == len(four.truth)
    assert four.seconds[-1] < 0.4 * one.seconds[-1]


def test_players_are_what_a_search_is_made_of() -> None:
    default, stock = player_of("default", "mnist", 0), player_of("stock", "mnist", 0)
    assert type(default.searcher) is TrialFeed
    assert type(default.scheduler).__name__ == "_Halting"  # at the rungs of promotion
    assert type(stock.searcher) is OptunaSearch and type(stock.scheduler) is ASHAScheduler


def test_two_aims_dominate_an_area(surrogate: Surrogate) -> None:
    assert dominated([(0.5, 0.5)]) == 0.25
    assert dominated([(0.5, 0.5), (1.0, 0.2), (0.4, 0.4), (2.0, -1.0)]) == pytest.approx(0.35)
    assert dominated([]) == 0.0
    player = ours(RECIPE, 0, sampler="nsga2", scheduler="none", size=lambda c: c["hidden"])
    found = simulate(surrogate, RECIPE, player, 2, 6 * EPOCHS)
    assert 5 <= len(found.configs) <= 6 and found.trials <= 7
    study = player.searcher._source._study  # type: ignore[attr-defined]
    told = [trial for trial in study.trials if trial.state.is_finished()]
    sizes = sorted(config["hidden"] for config in found.configs)
    assert sorted(trial.values[1] for trial in told) == sizes


def test_the_interquartile_mean_and_its_interval() -> None:
    values = np.array([0.0, 1.0, 2.0, 3.0, 100.0, 4.0, 5.0, -50.0])
    assert middle(values) == pytest.approx(2.5)
    mean, low, high = interval(np.random.default_rng(1).normal(5, 1, 400))
    assert low < mean < high and mean == pytest.approx(5, abs=0.15) and high - low < 0.4


@pytest.mark.parametrize("name", RECIPES)
def test_the_tables_are_whole_and_small(name: str) -> None:
    recipe = RECIPES[name]
    lines = [json.loads(line) for line in recipe.table.read_text().splitlines()]
    keys = {(line["number"], line["seed"]) for line in lines}
    assert keys == {(n, s) for n in range(recipes.CONFIGURATIONS) for s in SEEDS}
    assert len(lines) == len(keys) and all(len(line["scores"]) == EPOCHS for line in lines)
    drawn = configurations(recipe.space, recipes.CONFIGURATIONS)
    for line in lines:  # the space is still the one that was recorded
        assert line["config"] == recipe.space.searched(drawn[line["number"]])
    assert sum(Path(r.table).stat().st_size for r in RECIPES.values()) < 2e6
