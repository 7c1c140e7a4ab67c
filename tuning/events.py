"""The TensorBoard events of one trial.

Written by the search's own process from what the trial has left in its directory, so that every run
is one file with every step once, whatever happens to the worker; and after a kill, or a wait, it
can be written again.
"""

from __future__ import annotations

import math
import re
import struct
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf.json_format import ParseDict
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.custom_scalar import metadata as custom_scalar
from tensorboard.plugins.histogram import metadata as histogram
from tensorboard.plugins.text import metadata as text_metadata
from tensorboard.summary.writer.event_file_writer import EventFileWriter

from search_spaces.space import SearchSpace
from tuning.hparams import EPOCHS, SCORE, SECONDS, STATE, STATES, columns, end, start
from tuning.layout import TAG, layout, tag_of
from tuning.status import TrialStatus

CAUSE, GRAPH, VIEWS = "trial/cause", "trial/graph", "trial/views"  # texts
_AXES = ("epoch", "wall_time")  # of a curve, not curves themselves
_FLUSH_SECONDS = 5
_BREAK = re.compile(r"\r\n?|\n")  # where Markdown ends a line


class TrialEvents:
    """The event file of one trial.

    Args:
        directory: the trial's.
        config: its parameters; those that do not exist for it are left out.
        space: that it is a trial of, so that all declare the same columns.

    Attributes:
        has_graph: the graph is in it, or why there is none.
    """

    def __init__(self, directory: Path, config: Mapping[str, Any], space: SearchSpace) -> None:
        self._writer = EventFileWriter(str(directory), flush_secs=_FLUSH_SECONDS)
        self._has_layout = False
        self.has_graph = False
        # A TensorBoard that has read an earlier file of this trial forgets that.
        begun = SessionLog(status=SessionLog.START)
        self._writer.add_event(Event(wall_time=time.time(), session_log=begun))
        for tag, about in (columns(space), start(directory.name, config)):
            self._add([Summary.Value(tag=tag, metadata=_own(about))])
        self._scalars({STATE: STATES["RUNNING"], EPOCHS: 0, SECONDS: 0})

    def epoch(self, result: Mapping[str, Any], status: TrialStatus) -> None:
        """One line of `result.jsonl` at step `epoch`, and how the trial stands with it."""
        step, when = int(result["epoch"]), float(result["wall_time"])
        values = {name: value for name, value in result.items() if name not in _AXES}
        texts = {tag_of(n): v for n, v in values.items() if isinstance(v, str)}
        numbers = {n: v for n, v in values.items() if not isinstance(v, str)}
        if not self._has_layout:
            content = layout(numbers).SerializeToString()
            about = _own(custom_scalar.create_summary_metadata())
            self._add([_strings(TAG, about, [content], shape=())])
            self._has_layout = True
        so_far = {SCORE: status.score, EPOCHS: status.epochs, SECONDS: status.seconds}
        self._scalars({tag_of(n): v for n, v in numbers.items()} | so_far, step, when)
        for tag, text in texts.items():
            self.text(tag, text, step, when)

    def text(self, tag: str, text: str, step: int = 0, when: float | None = None) -> None:
        """A text, as it is written: TensorBoard shows Markdown, where an indented one is code."""
        code = "\n".join(f"    {line}" for line in _BREAK.split(text))
        about = _own(text_metadata.create_summary_metadata("", ""))
        self._add([_strings(tag, about, [code.encode()], shape=(1,))], step, when)

    def picture(self, tag: str, png: bytes, epoch: int) -> None:
        """A PNG, of what the weights of an epoch make."""
        width, height = struct.unpack(">II", png[16:24])  # the first chunk of every PNG
        image = Summary.Image(encoded_image_string=png, width=width, height=height, colorspace=3)
        self._add([Summary.Value(tag=tag, image=image)], epoch)

    def histograms(self, found: Mapping[str, Mapping[str, Any]], epoch: int) -> None:
        """How numbers lie, by tag: `counts` in equal buckets from `low` to `high`."""
        about = _own(histogram.create_summary_metadata("", ""))
        values = []
        for tag, one in found.items():
            edges = np.linspace(one["low"], one["high"], len(one["counts"]) + 1)
            table = np.stack([edges[:-1], edges[1:], one["counts"]], 1)  # [buckets, 3], float64
            tensor = TensorProto(
                dtype="DT_DOUBLE", tensor_shape=_shape(table.shape), tensor_content=table.tobytes()
            )
            values.append(Summary.Value(tag=tag, metadata=about, tensor=tensor))
        self._add(values, epoch)

    def graph(self, found: Mapping[str, Any]) -> None:
        """The network's operations; where there is none, a text that says why."""
        self.has_graph = True
        if "error" in found:
            self.text(GRAPH, f"The graph could not be traced: {found['error']}")
            return
        content = ParseDict(found, GraphDef()).SerializeToString()
        self._writer.add_event(Event(wall_time=time.time(), graph_def=content))

    def unseen(self, found: Mapping[str, Any]) -> None:
        """Why an epoch's network could not be looked at."""
        said = f"The network could not be looked at: {found['error']}"
        self.text(VIEWS, said, found["epoch"])

    def undrawn(self, tag: str, why: str, epoch: int) -> None:
        """Why there is no picture."""
        self.text(f"{VIEWS}/{tag}", f"The picture could not be drawn: {why}", epoch)

    def end(self, status: TrialStatus) -> None:
        """The true state; of a failed trial also the cause, and its score becomes NaN."""
        last = {STATE: STATES[status.state], EPOCHS: status.epochs, SECONDS: status.seconds}
        step = status.epochs
        if status.state == "FAIL":
            last[SCORE], step = math.nan, step + 1
            self.text(CAUSE, status.cause, step)
        self._scalars(last, step)
        tag, about = end(status.state)
        self._add([Summary.Value(tag=tag, metadata=_own(about))])
        self._writer.close()

    def close(self) -> None:
        """No more for now."""
        self._writer.close()

    def flush(self) -> None:
        """What is written so far can be read; it happens every few seconds anyway."""
        self._writer.flush()

    def _scalars(
        self, values: Mapping[str, float | None], step: int = 0, when: float | None = None
    ) -> None:
        found = {tag: value for tag, value in values.items() if value is not None}
        self._add((Summary.Value(tag=t, simple_value=v) for t, v in found.items()), step, when)

    def _add(self, values: Iterable[Any], step: int = 0, when: float | None = None) -> None:
        when = time.time() if when is None else when
        self._writer.add_event(Event(wall_time=when, step=step, summary=Summary(value=values)))


def _own(about: Any) -> SummaryMetadata:
    # TensorBoard's own helpers around this want all of TensorFlow; the format is this little.
    return SummaryMetadata.FromString(about.SerializeToString())


def _shape(sizes: tuple[int, ...]) -> TensorShapeProto:
    return TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in sizes])


def _strings(tag: str, about: Any, content: list[bytes], shape: tuple[int, ...]) -> Any:
    tensor = TensorProto(dtype="DT_STRING", string_val=content, tensor_shape=_shape(shape))
    return Summary.Value(tag=tag, metadata=about, tensor=tensor)
