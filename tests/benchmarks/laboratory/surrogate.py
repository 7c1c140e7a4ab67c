"""What a configuration would have scored: trees grown on a table of recorded learning curves.

Extremely randomised trees (P. Geurts et al., 2006) predict the mean curve of a configuration; the
noise of one training is drawn from the differences between recorded seeds of configurations that
end alike. So the truth of any proposal is known, and two trials of one configuration differ as
two trainings did.

All of it in the negative logarithm of the error (1 - accuracy, or the loss itself), its *gain*:
there noise is about as large everywhere, and no luck makes an error negative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from scipy.stats import spearmanr
from sklearn.ensemble import ExtraTreesRegressor
from sklearn.model_selection import cross_val_predict

from search_spaces.space import SearchSpace
from tests.benchmarks.laboratory.recipes import SEEDS, Recipe
from trainables.files import read_lines

TREES = 64
RANDOM = 10_000  # configurations that say how good the best and the median are
ALIKE = 20  # configurations whose noise is drawn from
WORST = 98  # per cent of gains are no worse than what a diverged training is taken for
LEAST = 1e-4  # error


@dataclass(frozen=True)
class Fit:
    """How far predictions of configurations that were left out are off (10-fold).

    Attributes:
        error: mean absolute difference of the gain at full length; spread: that to the mean.
        seeds: mean absolute difference between two recorded seeds.
        rank: Spearman's correlation of predicted and recorded.
    """

    error: float
    spread: float
    seeds: float
    rank: float


class Surrogate:
    """Of one recipe's table.

    Attributes:
        best, median: of the true gains of `RANDOM` random configurations.
    """

    def __init__(self, recipe: Recipe) -> None:
        self._space = recipe.space
        lines = sorted(read_lines(recipe.table), key=lambda line: (line["number"], line["seed"]))
        scores = self.gain(np.array([line["scores"] for line in lines], np.float64))
        worst = np.nanpercentile(scores, 100 - WORST)  # of a diverged training too
        scores = np.maximum(np.nan_to_num(scores, nan=worst), worst)
        curves = scores.reshape(-1, len(SEEDS), scores.shape[1])
        configs = [line["config"] for line in lines[:: len(SEEDS)]]
        self._x = np.array([encode(self._space, config) for config in configs])
        self._mean = curves.mean(1)
        self._noise = (curves[:, 0] - curves[:, 1]) / np.sqrt(2)
        each = np.array([line["seconds"] for line in lines]).reshape(-1, len(SEEDS)).mean(1)
        self._trees = self._grown().fit(self._x, self._mean)
        self._speed = self._grown().fit(self._x, np.log(each))
        self._known: dict[tuple[float, ...], np.ndarray] = {}
        self.best, self.median = self._range()

    def gain(self, score: Any) -> Any:
        """A score on the scale of this class; not a number stays so."""
        error = 1.0 - score if self._space.direction == "max" else score
        return -np.log(np.maximum(error, LEAST))

    def score(self, gain: Any) -> Any:
        """The inverse of `gain`."""
        error = np.exp(-gain)
        return 1.0 - error if self._space.direction == "max" else error

    def truth(self, config: Mapping[str, Any]) -> np.ndarray:
        """The mean gain after each epoch: [epochs]."""
        return self._known_of(config)[:-1]

    def seconds(self, config: Mapping[str, Any]) -> float:
        """Of an epoch."""
        return float(np.exp(self._known_of(config)[-1]))

    def train(self, config: Mapping[str, Any], seed: int) -> np.ndarray:
        """The gains of one training, noise and all: [epochs]."""
        mean = self.truth(config)
        draw = np.random.default_rng(seed)
        alike = np.argsort(np.abs(self._mean[:, -1] - mean[-1]))[:ALIKE]
        noise: np.ndarray = self._noise[draw.choice(alike)] * draw.choice([-1.0, 1.0])
        return mean + noise

    def fit(self) -> Fit:
        """How good it is, on configurations it has not seen."""
        final = self._mean[:, -1]
        guessed = cross_val_predict(self._grown(), self._x, self._mean, cv=10)[:, -1]
        return Fit(
            error=float(np.abs(final - guessed).mean()),
            spread=float(np.abs(final - final.mean()).mean()),
            seeds=float(np.abs(self._noise[:, -1]).mean() * np.sqrt(2)),
            rank=float(spearmanr(final, guessed).statistic),
        )

    def _range(self) -> tuple[float, float]:
        draw: Any = _Draw(1)
        drawn = [encode(self._space, self._space.sample(draw)) for _ in range(RANDOM)]
        final = self._trees.predict(np.array(drawn)).max(1)
        return float(final.max()), float(np.median(final))

    def _known_of(self, config: Mapping[str, Any]) -> np.ndarray:
        x = encode(self._space, config)
        if x not in self._known:
            curve, speed = (trees.predict(np.array([x])) for trees in (self._trees, self._speed))
            self._known[x] = np.append(curve[0], speed)
        return self._known[x]

    @staticmethod
    def _grown() -> ExtraTreesRegressor:
        return ExtraTreesRegressor(TREES, random_state=0, n_jobs=1)


class _Draw:
    """A trial that knows nothing but chance: Optuna's own takes a hundred times as long."""

    def __init__(self, seed: int) -> None:
        self._rng = np.random.default_rng(seed)

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None, log: bool
    ) -> float:
        if log:
            return float(np.exp(self._rng.uniform(np.log(low), np.log(high))))
        return float(self._rng.uniform(low, high))

    def suggest_int(self, name: str, low: int, high: int, *, step: int, log: bool) -> int:
        return low + step * int(self._rng.integers((high - low) // step + 1))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        return choices[int(self._rng.integers(len(choices)))]


def encode(space: SearchSpace, config: Mapping[str, Any]) -> tuple[float, ...]:
    """A configuration in numbers: ranges from 0 to 1 (-1: not there), categories one by one."""
    found: list[float] = []
    for name, distribution in space.distributions.items():
        value = config.get(name)
        if isinstance(distribution, CategoricalDistribution):
            found += [float(value == choice) for choice in distribution.choices]
        elif value is None:
            found.append(-1.0)
        else:
            assert isinstance(distribution, (FloatDistribution, IntDistribution))
            low, high = distribution.low, distribution.high
            place = [np.log(v) if distribution.log else float(v) for v in (low, value, high)]
            found.append(float((place[1] - place[0]) / (place[2] - place[0])))
    return tuple(found)
