"""TensorBoard events of one trial: scalars by epoch, its hyperparameters, score and status.

Written by the search's own process from the trial's results, so that every run is one file with
every step once, whatever happens to the worker; and after a kill it can be written again.
"""

from __future__ import annotations

import math
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from google.protobuf.struct_pb2 import Value
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
from tensorboard.compat.proto.tensor_pb2 import TensorProto
from tensorboard.compat.proto.tensor_shape_pb2 import TensorShapeProto
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)
from tensorboard.summary.writer.event_file_writer import EventFileWriter

SCORE = "score"  # the tag that HParams shows: best value so far, NaN once a trial has failed
_AXES = ("epoch", "wall_time")  # of a curve, not curves themselves
_FLUSH_SECONDS = 5
_STATUS = {
    "COMPLETE": api_pb2.Status.STATUS_SUCCESS,
    "PRUNED": api_pb2.Status.STATUS_SUCCESS,
    "FAIL": api_pb2.Status.STATUS_FAILURE,
    "RUNNING": api_pb2.Status.STATUS_RUNNING,
}
_TYPES = {
    bool: api_pb2.DataType.DATA_TYPE_BOOL,
    int: api_pb2.DataType.DATA_TYPE_FLOAT64,
    float: api_pb2.DataType.DATA_TYPE_FLOAT64,
    str: api_pb2.DataType.DATA_TYPE_STRING,
}


class TrialEvents:
    """The event file of one trial.

    Args:
        directory: the trial's.
        config: its parameters; those that do not exist for it are left out.
        types: of every parameter of the task, so that each trial declares the same columns.
        metric: the name of the score, such as `val_accuracy`.
    """

    def __init__(
        self,
        directory: Path,
        config: Mapping[str, Any],
        types: Mapping[str, type],
        metric: str,
    ) -> None:
        self._writer = EventFileWriter(str(directory), flush_secs=_FLUSH_SECONDS)
        score = api_pb2.MetricInfo(
            name=api_pb2.MetricName(tag=SCORE), display_name=f"score ({metric})"
        )
        infos = [api_pb2.HParamInfo(name=name, type=_TYPES[kind]) for name, kind in types.items()]
        experiment = api_pb2.Experiment(hparam_infos=infos, metric_infos=[score])
        session = SessionStartInfo(group_name=directory.name, start_time_secs=time.time())
        for name, value in config.items():
            session.hparams[name].MergeFrom(_value(value))
        self._add_hparams(metadata.EXPERIMENT_TAG, HParamsPluginData(experiment=experiment))
        self._add_hparams(
            metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=session)
        )

    def epoch(self, result: Mapping[str, Any], score: float) -> None:
        """One line of `result.jsonl` as scalars at step `epoch`, and the best score so far."""
        step, when = int(result["epoch"]), float(result["wall_time"])
        values = {_tag(name): value for name, value in result.items() if name not in _AXES}
        for tag, value in {**values, SCORE: score}.items():
            if isinstance(value, str):
                self._add(Summary(value=[_text(tag, value)]), step, when)
            else:
                self._add(Summary(value=[Summary.Value(tag=tag, simple_value=value)]), step, when)

    def picture(self, file: Path, epoch: int) -> None:
        """A PNG, of what the weights of an epoch make."""
        png = file.read_bytes()
        width, height = struct.unpack(">II", png[16:24])  # the first chunk of every PNG
        image = Summary.Image(encoded_image_string=png, width=width, height=height, colorspace=3)
        self._add(Summary(value=[Summary.Value(tag=file.stem, image=image)]), epoch)

    def end(self, state: str, score: float | None, epochs: int) -> None:
        """The true state at the end; a failed trial's score becomes NaN."""
        final = math.nan if score is None else score
        if state == "FAIL":
            self._add(Summary(value=[Summary.Value(tag=SCORE, simple_value=final)]), epochs + 1)
        session = SessionEndInfo(status=_STATUS[state], end_time_secs=time.time())
        self._add_hparams(
            metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=session)
        )
        self._writer.close()

    def close(self) -> None:
        """No more for now."""
        self._writer.close()

    def _add(self, summary: Any, step: int = 0, when: float | None = None) -> None:
        when = time.time() if when is None else when
        self._writer.add_event(Event(wall_time=when, step=step, summary=summary))

    def _add_hparams(self, tag: str, data: Any) -> None:
        # TensorBoard's own helpers for this want all of TensorFlow; the format is this little.
        about = SummaryMetadata.FromString(
            metadata.create_summary_metadata(data).SerializeToString()
        )
        self._add(Summary(value=[Summary.Value(tag=tag, metadata=about)]))


def _text(tag: str, text: str) -> Any:
    """A text, indented: TensorBoard shows Markdown, where that is code as it is written."""
    code = "\n".join(f"    {line}" for line in text.split("\n"))
    about = SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name="text"))
    one = TensorShapeProto(dim=[TensorShapeProto.Dim(size=1)])
    tensor = TensorProto(dtype="DT_STRING", string_val=[code.encode()], tensor_shape=one)
    return Summary.Value(tag=tag, metadata=about, tensor=tensor)


def _value(value: Any) -> Any:
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, (int, float)):
        return Value(number_value=value)
    return Value(string_value=str(value))


def _tag(name: str) -> str:
    """`val_accuracy` -> `accuracy/val`: train and val of one thing stand side by side."""
    part, _, rest = name.partition("_")
    return f"{rest}/{part}" if part in ("train", "val") else f"training/{name}"
