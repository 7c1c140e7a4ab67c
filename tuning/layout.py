"""The layout of TensorBoard's custom scalars: train against val, one picture each."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from tensorboard.plugins.custom_scalar import layout_pb2, metadata

TAG = metadata.CONFIG_SUMMARY_TAG


def tag_of(name: str) -> str:
    """`val_accuracy` -> `accuracy/val`: train and val of one thing stand side by side."""
    part, _, rest = name.partition("_")
    return f"{rest}/{part}" if part in ("train", "val") else f"training/{name}"


def layout(names: Iterable[str]) -> Any:
    """Every score in a chart with both its curves, then what else has one by epoch.

    Runs of one search have the same layout, which TensorBoard shows once for all that are chosen.

    Args:
        names: of what a line of `result.jsonl` has numbers of.
    """
    tags = [tag_of(name) for name in names]
    scores = dict.fromkeys(tag.partition("/")[0] for tag in tags if not tag.startswith("training/"))
    both = [_chart(score, [t for t in tags if t.partition("/")[0] == score]) for score in scores]
    rest = [_chart(t.partition("/")[2], [t]) for t in tags if t.startswith("training/")]
    return layout_pb2.Layout(
        category=[
            layout_pb2.Category(title="train against val", chart=both),
            layout_pb2.Category(title="training", chart=rest, closed=True),
        ]
    )


def _chart(title: str, tags: list[str]) -> Any:
    curves = layout_pb2.MultilineChartContent(tag=[f"^{re.escape(tag)}$" for tag in tags])
    return layout_pb2.Chart(title=title, multiline=curves)
