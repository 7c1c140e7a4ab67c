"""How networks are looked at: what is seen of val, and that every task's can be."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from search_spaces.find import find_space, space_names
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.inspection import Points, Seen
from trainables.parts.graph import graph_of
from trainables.parts.head import MOST_POINTS, seen_by_head
from trainables.task import begin
from trainables.trainer import Trainer

SMALL: dict[str, dict[str, Any]] = {
    "char_rnn": {"hidden_size": 8, "embedding": 4},
    "forecast_rnn": {"hidden_size": 8, "window": 24},
    "resnet_finetune": {"frozen_stages": 5, "image_size": 32},
}


def begun(space: str, colour_splits: Splits) -> tuple[Trainer, Any, Splits]:
    """A small network that has not been trained, on a stand-in or made-up pictures."""
    task = find_space(space).task
    pictures = space in ("mnist", "cifar10", "resnet_finetune")
    splits = colour_splits if pictures else task.load(DataRequest("embedded"))
    config = SMALL.get(space, {})
    return begin(task, config, splits, device="cpu", seed=0, threads=1), task, splits


@pytest.mark.parametrize("space", space_names())
def test_every_task_has_a_graph_and_points(space: str, colour_splits: Splits) -> None:
    trainer, task, splits = begun(space, colour_splits)
    inspection, part = task.scoring.inspection, splits.val.head(3_000)
    if space == "char_rnn":  # the whole text is read for nothing
        splits = Splits(splits.train, part, splits.meta, splits.provenance, "")
        trainer = begin(task, SMALL[space], splits, device="cpu", seed=0, threads=1)
    drawn = torch.get_rng_state()
    graph = graph_of(trainer.module, inspection.example(trainer.module, splits.meta))
    assert any("Linear" in node["name"] for node in graph["node"]) and json.dumps(graph)

    wanted = bool(inspection.drawings)
    seen = seen_by_head(trainer.module, lambda: trainer.evaluate("val"), outputs=wanted)
    assert seen is not None and seen.hidden.shape[0] == len(seen.rows) <= MOST_POINTS
    points = inspection.points(seen, trainer.module, splits.val, splits.meta)
    assert points.vectors is seen.hidden and len(points.vectors) > 20
    assert torch.equal(drawn, torch.get_rng_state())
    assert (points.pictures is not None) == wanted == (space not in ("char_rnn", "forecast_rnn"))
    figures = inspection.figures(seen, splits.val, splits.meta)
    assert set(figures) == set(inspection.drawings)
    for name, draw in inspection.drawings.items():
        assert draw(json.loads(json.dumps(figures[name]))).startswith(b"\x89PNG")


def test_points_of_a_text_say_what_was_read_and_what_came(colour_splits: Splits) -> None:
    _, task, splits = begun("char_rnn", colour_splits)
    part, meta = splits.val.head(40), splits.meta
    rows = np.array([0, 20, 39])
    likeliest = np.zeros((3, meta.symbols), np.float32)
    likeliest[:, 5] = 1
    seen = Seen(np.zeros((3, 8), np.float32), rows, likeliest, len(part))
    about = task.scoring.inspection.points(seen, None, part, meta).about
    text = "".join(map(meta.decode, part.symbols))
    assert about["next"] == [repr(text[row + 1])[1:-1] for row in rows]
    assert about["read"][1] == repr(text[9:21])[1:-1]
    assert about["thought"] == [repr(meta.decode(5))[1:-1]] * 3
    assert task.scoring.inspection.points(replace(seen, count=41), None, part, meta) is None


@pytest.mark.parametrize("shared", [False, True])
def test_points_of_windows_say_where_they_lie(shared: bool) -> None:
    task = find_space("forecast_rnn").task
    splits = task.load(DataRequest("embedded"))
    config = SMALL["forecast_rnn"] | {"shared": shared}
    trainer = begin(task, config, splits, device="cpu", seed=0, threads=1)
    seen = seen_by_head(trainer.module, lambda: trainer.evaluate("val"), outputs=False)
    assert seen is not None
    assert task.scoring.inspection.points is not None
    points = task.scoring.inspection.points(seen, trainer.module, splits.val, splits.meta)
    assert points is not None
    about = points.about
    assert about["row"][0] == str(splits.val.first)  # the first that is forecast
    if shared:
        columns = len(splits.meta.names)
        assert seen.count % columns == 0
        assert about["column"] == [splits.meta.names[row % columns] for row in seen.rows]
    season = splits.meta.season
    assert about["in season"] == [str(int(row) % season) for row in about["row"]]


@pytest.mark.parametrize(("count", "batch", "every"), [(7, 3, 1), (4_100, 1_000, 8)])
def test_points_are_every_so_manieth_example(count: int, batch: int, every: int) -> None:
    layer = torch.nn.Linear(2, 3)
    inputs = torch.arange(2.0 * count).view(count, 2)

    def score() -> None:
        with torch.no_grad():
            for rows in inputs.split(batch):
                layer(rows)

    few, all_of_them = (seen_by_head(layer, score, outputs=o) for o in (False, True))
    assert few is not None and all_of_them is not None
    assert few.rows.tolist() == list(range(0, count, every)) and few.count == count
    assert np.array_equal(few.hidden, inputs[::every].numpy())
    assert np.array_equal(all_of_them.outputs, layer(inputs).detach().numpy())
    assert np.array_equal(few.outputs, all_of_them.outputs[::every])
    assert not layer._forward_hooks


def test_a_head_may_be_called_by_keyword() -> None:
    layer, inputs = torch.nn.Linear(2, 3), torch.ones(4, 2)
    with torch.no_grad():
        seen = seen_by_head(layer, lambda: layer(input=inputs), outputs=True)
    assert seen is not None and np.array_equal(seen.hidden, inputs.numpy())


def test_a_network_without_a_head_shows_none() -> None:
    assert seen_by_head(torch.nn.Conv2d(1, 1, 1), lambda: None, outputs=True) is None
    assert seen_by_head(torch.nn.Linear(1, 1), lambda: None, outputs=True) is None  # was not run


def test_columns_of_points_are_as_long_as_they() -> None:
    with pytest.raises(ValueError, match=r"3 vectors, but .* 'pictures': 2"):
        Points(np.zeros((3, 2)), {"a": "xyz"}, np.zeros((2, 4, 4, 1), np.uint8))
