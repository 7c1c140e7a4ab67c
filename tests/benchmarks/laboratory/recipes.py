"""The laboratory's tasks: which spaces, on how much of which data, for how long."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from search_spaces.find import find_space
from search_spaces.override import override
from search_spaces.space import SearchSpace
from trainables.data.request import DataRequest
from trainables.data.splits import Splits

TABLES = Path(__file__).resolve().parent / "tables"
EPOCHS = 9  # full length
CONFIGURATIONS = 200
SEEDS = (0, 1)


@dataclass(frozen=True)
class Recipe:
    """One task of the laboratory.

    Attributes:
        name: of a built-in space, and of the table.
        data: its place below a directory of real data.
        train, val: examples that are used, the first.
        settings: as `--set` has them: what would take too long on two cores is left out.
    """

    name: str
    data: str
    train: int
    val: int
    settings: tuple[str, ...] = ()

    @property
    def space(self) -> SearchSpace:
        """What is searched; without the starts, which are known to be good.

        No trial is stopped before the same part of its length as in the space itself.
        """
        found = find_space(self.name)
        grace_period = max(1, round(EPOCHS * found.grace_period / found.epochs))
        found = replace(found, starts=(), epochs=EPOCHS, grace_period=grace_period)
        return override(found, list(self.settings))

    @property
    def table(self) -> Path:
        return TABLES / f"{self.name}.jsonl"

    def load(self, data: Path) -> Splits:
        """Its splits, small and closed."""
        splits = self.space.task.load(DataRequest(directory=data / self.data)).closed()
        train, val = splits.train.head(self.train), splits.val.head(self.val)
        return replace(splits, train=train, val=val, entry=None)


RECIPES = {
    recipe.name: recipe
    for recipe in (
        Recipe("mnist", "MNIST", 1500, 1500),
        Recipe("cifar10", "cifar10", 3000, 1500, ("batch_size=32,64,128,256",)),
        Recipe(
            "forecast_rnn",
            "ETTh1.csv",
            2000,
            1500,
            ("targets=OT", "window=96,192", "segment=6,12,24,48", "hidden_size=32,64,128"),
        ),
    )
}
