"""Every task in every format: is what is exported what was trained?

    python tests/benchmarks/export_parity.py --mnist MNIST_DIR --cifar10 cifar10/ --text tinyshakespeare.txt --series ETTh1.csv

Trains one small network a task, and a cell where it has cells, for an epoch, on the data that is
given or the built-in stand-in, through the records of a real search; exports it in each format by
`python -m analysis export`, which loads it in a fresh process and asks it and the trained network
of 100 inputs from val. Prints how far apart two numbers of their outputs are at most (a forecast's
standardised), whether a classifier's answers are all the same, the size of the export, and the
seconds it took.
"""  # noqa: E501

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # tests.tuning.rehearsal

from analysis.export.formats import FORMATS
from analysis.export.model import Exported, export
from tests.tuning.rehearsal import Rehearsal
from trainables.data.request import DataRequest
from trainables.files import write_json
from trainables.parts.fields import CELLS
from tuning.experiment import Experiment
from tuning.request import make_plan

TEXT = ("hidden_size=64", "layers=2", "batch_size=128", "lr=5e-3")
SERIES = ("hidden_size=32", "layers=2", "batch_size=128", "segment=6", "level=instance")
# By row of the table: the space, the option that names its data, what is fixed, the weights.
ROWS: dict[str, tuple[str, str, tuple[str, ...], str | None]] = {
    "mnist_cnn": ("mnist", "mnist", ("batch_size=128",), None),
    "cifar10_net": ("cifar10", "cifar10", ("optimizer=adamw", "lr=2e-3", "batch_size=128"), None),
    **{f"char_rnn, {cell}": ("char_rnn", "text", (*TEXT, f"cell={cell}"), None) for cell in CELLS},
    **{
        f"forecast_rnn, {cell}": ("forecast_rnn", "series", (*SERIES, f"cell={cell}"), None)
        for cell in CELLS
    },
    "resnet18_finetune": (
        "resnet_finetune",
        "cifar10",
        ("frozen_stages=0", "image_size=48", "batch_size=128", "optimizer=adamw", "views=0"),
        "none",
    ),
}


def trained(row: str, storage: Path, directory: Path | None) -> Experiment:
    """A search of one trial of one epoch."""
    space, _, settings, weights = ROWS[row]
    plan = make_plan(
        space,
        storage=storage,
        name=row.replace(", ", "-"),
        settings=list(settings),
        trials=1,
        max_epochs=1,
        concurrency=1,
        gpus_per_trial=0.0,
        scheduler="none",
        data=DataRequest("embedded" if directory is None else "real", directory),
        weights=weights,
    )
    splits = plan.space.task.load(plan.data)
    search = Rehearsal(plan)
    write_json(search.experiment.plan, plan.to_json(splits))
    trial = search.begin()
    assert trial is not None
    search.train(trial, splits)
    return search.experiment


def exports(rows: list[str], given: dict[str, Any]) -> Iterator[tuple[str, str, Exported]]:
    """Each row's network in each format, as it is done."""
    with tempfile.TemporaryDirectory() as folder:
        for row in rows:
            experiment = trained(row, Path(folder), given[ROWS[row][1]])
            trial = experiment.trials()[0].id
            for name in FORMATS:
                yield row, name, export(experiment, trial, name, None, trust=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for option in ("mnist", "cifar10", "text", "series"):
        parser.add_argument(f"--{option}", type=Path, help="data; without it, the stand-in")
    parser.add_argument("--rows", nargs="+", choices=list(ROWS), default=list(ROWS))
    options = parser.parse_args()
    print("| task | format | largest difference | same class | MB | seconds |")
    print("|---|---|---|---|---|---|")
    for row, name, made in exports(options.rows, vars(options)):
        same = {None: "", True: "all", False: "NO"}[made.parity.same_class]
        print(
            f"| {row} | {name} | {made.parity.max_abs_difference:.1e} | {same} | "
            f"{made.size / 1e6:.2f} | {made.seconds:.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
