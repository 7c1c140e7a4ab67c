"""What TensorBoard's HParams shows of a search: its columns, and a trial's row."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from google.protobuf.struct_pb2 import ListValue, Value
from tensorboard.plugins.hparams import api_pb2, metadata
from tensorboard.plugins.hparams.plugin_data_pb2 import (
    HParamsPluginData,
    SessionEndInfo,
    SessionStartInfo,
)

from search_spaces.space import SearchSpace, ends
from trainables.hyperparameters import Hyperparameter

SCORE = "score"  # the best value so far, NaN once a trial has failed
EPOCHS, SECONDS, STATE = "trial/epochs", "trial/seconds", "trial/state"
STATES = {"RUNNING": 0, "COMPLETE": 1, "PRUNED": 2, "FAIL": 3}  # STATE, for TensorBoard has none
_STATUS = {  # TensorBoard's own, which does not tell stopped from done
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
_SHOWN = 5  # parameters, by TensorBoard until it is told otherwise
Tagged = tuple[str, Any]  # a tag, and the summary's metadata


def columns(space: SearchSpace) -> Tagged:
    """All parameters, searched and fixed, and what trials are compared by.

    Until a user chooses others TensorBoard shows five, those that are said to differ before all;
    and its parallel coordinates leave out whoever lacks one. So the first five searched ones that
    every trial has are said to.
    """
    always = [name for name in space.distributions if name not in space.conditions][:_SHOWN]
    infos = [
        api_pb2.HParamInfo(
            name=name,
            description=parameter.help,
            type=_TYPES[parameter.type],
            domain_discrete=_choices(space, parameter),
            differs=name in always,
        )
        for name, parameter in space.parameters.items()
    ]
    score, state = f"score ({space.metric})", "state (2 = stopped)"  # more would overlap
    shown = {SCORE: score, STATE: state, EPOCHS: "epochs", SECONDS: "seconds"}
    metrics = [
        api_pb2.MetricInfo(name=api_pb2.MetricName(tag=tag), display_name=said)
        for tag, said in shown.items()
    ]
    experiment = api_pb2.Experiment(hparam_infos=infos, metric_infos=metrics)
    return _tagged(metadata.EXPERIMENT_TAG, HParamsPluginData(experiment=experiment))


def start(trial: str, config: Mapping[str, Any]) -> Tagged:
    """A trial's row: its parameters; those that do not exist for it are left out."""
    session = SessionStartInfo(group_name=trial, start_time_secs=time.time())
    for name, value in config.items():
        session.hparams[name].MergeFrom(_value(value))
    return _tagged(metadata.SESSION_START_INFO_TAG, HParamsPluginData(session_start_info=session))


def end(state: str) -> Tagged:
    """How it ended."""
    session = SessionEndInfo(status=_STATUS[state], end_time_secs=time.time())
    return _tagged(metadata.SESSION_END_INFO_TAG, HParamsPluginData(session_end_info=session))


def _choices(space: SearchSpace, parameter: Hyperparameter) -> ListValue | None:
    """Every word that a trial may have, also one that is not searched; None for a number."""
    if parameter.type in (int, float):
        return None
    found = [False, True] if parameter.type is bool else [*parameter.choices]
    if parameter.name in space.distributions:
        found += ends(space.distributions[parameter.name])
    found.append(space.given[parameter.name])
    return ListValue(values=[_value(value) for value in dict.fromkeys(found)])


def _value(value: Any) -> Value:
    if isinstance(value, bool):
        return Value(bool_value=value)
    if isinstance(value, (int, float)):
        return Value(number_value=value)
    return Value(string_value=str(value))


def _tagged(tag: str, data: HParamsPluginData) -> Tagged:
    return tag, metadata.create_summary_metadata(data)
