"""The tasks' networks, as small as they go, in every format of a graph: they say the same.

The network of mnist_cnn goes through the command, in `test_model.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from analysis.export.bundle import Bundle
from analysis.export.formats import FORMATS
from analysis.export.graphs import open_graph, torch_run, write_graph
from analysis.export.parity import Parity, replies
from trainables import char_rnn, cifar10_net, forecast_rnn, resnet18_finetune
from trainables.data.series import Series, SeriesMeta
from trainables.data.splits import ImageMeta, Split
from trainables.data.text import Text, TextMeta
from trainables.portable import Portable
from trainables.task import Task

GRAPHS = [made for made in FORMATS.values() if made.graph]
RNG = np.random.default_rng(0)
# Far from 0 and of very different sizes: in fp32 alone the second would lose all its digits.
SERIES = SeriesMeta(("a", "big", "c"), "t", "1h", 24, (5.0, 1e7, -3e-4), (2.0, 3.0, 1e-5))


def pictures(side: int, channels: int) -> tuple[ImageMeta, Split]:
    meta = ImageMeta(side, side, channels, tuple("abc"), (120.0,) * channels, (60.0,) * channels)
    shape = (9, side, side, channels)
    return meta, Split(RNG.integers(0, 256, shape, dtype=np.uint8), np.zeros(9, np.int64))


def text() -> tuple[TextMeta, Text]:
    return TextMeta(tuple("abcdefg")), Text(RNG.integers(0, 8, 90, dtype=np.int32))


def series() -> tuple[SeriesMeta, Series]:
    return SERIES, Series(RNG.normal(size=(60, 3)).astype(np.float32), 30)


SMALL_CNN = dict(conv1=3, conv2=4)
RECURRENT = dict(hidden_size=5, layers=2)
AHEAD = RECURRENT | dict(window=9, horizon=4)
CASES: dict[str, tuple[Task, dict[str, Any], Callable[[], tuple[Any, Any]]]] = {
    "cifar10_net": (cifar10_net.TASK, SMALL_CNN | dict(l1=7, l2=6), lambda: pictures(21, 3)),
    "resnet18, grey, smaller": (
        *(resnet18_finetune.TASK, dict(image_size=32, frozen_stages=2)),
        lambda: pictures(48, 1),
    ),
    "rnn": (char_rnn.TASK, RECURRENT | dict(cell="rnn"), text),
    "lstm": (char_rnn.TASK, RECURRENT | dict(cell="lstm", tied=True), text),
    "gru": (char_rnn.TASK, RECURRENT | dict(cell="gru"), text),
    "forecast, lstm": (
        *(forecast_rnn.TASK, AHEAD | dict(segment=2, level="instance", targets="c+big")),
        series,
    ),
    "forecast, gru, shared": (
        *(forecast_rnn.TASK, AHEAD | dict(cell="gru", shared=True, level="none", targets="c+big")),
        series,
    ),
}


def portable_of(case: str) -> tuple[Portable, Any]:
    task, config, data = CASES[case]
    meta, part = data()
    torch.manual_seed(0)
    network = task.network(task.Config(**config), meta)
    for name, buffer in network.named_buffers():  # batch normalisation that does something
        if name.endswith("running_mean"):
            buffer.uniform_(-0.2, 0.2)
    assert task.scoring.portable is not None
    return task.scoring.portable(network.eval(), meta), part


@pytest.mark.parametrize("made", GRAPHS, ids=lambda made: made.name)
@pytest.mark.parametrize("case", CASES)
def test_a_graph_says_what_its_network_does(case: str, made: Any, tmp_path: Path) -> None:
    if made.name == "onnx":
        pytest.importorskip("onnxscript")
    portable, part = portable_of(case)
    raw = portable.examples(part, 8)
    write_graph(made, portable, tmp_path / made.file)
    assert [path.name for path in tmp_path.iterdir()] == [made.file]
    run = open_graph(made, tmp_path / made.file)
    bundle = Bundle(None, {}, portable.inputs, portable.outputs, run)
    found = portable.own(replies(bundle, raw))
    parity = Parity.of(portable.trained(raw), found, classifies=portable.classifies)
    assert parity.holds and parity.inputs == 8
    assert parity.max_abs_difference < 2e-6 and np.ptp(found) > 0.01
    outputs = run(raw, *(port.zeros(batch=8) for port in portable.inputs[1:]))
    lengths = {"batch": 8, "steps": raw.shape[1]}
    for port, output in zip(portable.outputs, outputs, strict=True):
        assert output.dtype == port.dtype
        assert output.shape == port.zeros(**lengths).shape


@pytest.mark.parametrize("case", ["cifar10_net", "lstm", "forecast, lstm"])
def test_examples_are_the_parts_own_in_raw_units(case: str) -> None:
    portable, part = portable_of(case)
    raw = portable.examples(part, 5)
    assert len(raw) == 5 and raw.dtype == portable.inputs[0].dtype
    told = torch_run(portable.module)(raw, *(p.zeros(batch=5) for p in portable.inputs[1:]))[0]
    assert np.abs(portable.own(told) - portable.trained(raw)).max() < 2e-6
    if case == "cifar10_net":
        assert np.array_equal(raw, part.inputs[:5])
    elif case == "lstm":
        assert np.array_equal(raw[0], part.symbols[:64]) and np.array_equal(
            raw[-1], part.symbols[-65:-1]
        )
    else:
        first = part.values[part.first - 9 : part.first]
        assert np.allclose((raw[0] - SERIES.mean) / SERIES.std, first, atol=1e-6)


def test_onnx_keeps_recurrent_layers_as_its_own_operators(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxscript")
    portable, _ = portable_of("gru")
    write_graph(FORMATS["onnx"], portable, tmp_path / "model.onnx")
    graph = onnx.load(tmp_path / "model.onnx").graph
    assert [node.op_type for node in graph.node].count("GRU") == 2  # a layer each, not a step each
    shapes = {
        i.name: [d.dim_param or d.dim_value for d in i.type.tensor_type.shape.dim]
        for i in graph.input
    }
    assert shapes == {"symbols": ["batch", "steps"], "hidden": [2, "batch", 5]}
    assert [output.name for output in graph.output] == ["logits", "hidden_after"]


def test_parity_is_strict() -> None:
    trained = np.array([[1.0, 2.0], [5000.0, 1.0]])
    same = Parity.of(trained, trained + 1e-5, classifies=True)
    assert same.holds and same.same_class and same.max_abs_difference == pytest.approx(1e-5)
    large = Parity.of(trained, trained + np.array([[0, 0], [2e-4, 0]]), classifies=True)
    assert not large.holds and large.max_abs_difference == pytest.approx(2e-4)  # also of 5000
    assert not Parity.of(trained, trained + np.array([[0, 3e-4], [0, 0]]), classifies=True).holds
    close = np.array([[1.0, 1.00001]])
    flipped = Parity.of(close, close[:, ::-1], classifies=True)
    assert flipped.max_abs_difference < 1e-4 and not flipped.holds
    assert not Parity.of(trained, trained * np.nan, classifies=False).holds
    with pytest.raises(ValueError, match=r"\(1, 2\).*\(2, 2\)"):
        Parity.of(trained, trained[:1], classifies=False)
