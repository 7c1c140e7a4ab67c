"""TensorBoard events read back: every step once, every hyperparameter, the true score and end."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams import api_pb2, metadata

from tests.tuning.rehearsal import Rehearsal

Rehearse = Callable[..., Rehearsal]
TAGS = {
    "loss/train", "loss/val", "accuracy/train", "accuracy/val", "training/lr",
    "training/samples_per_second", "training/seconds", "score",
}  # fmt: skip
SUCCESS, FAILURE = api_pb2.Status.STATUS_SUCCESS, api_pb2.Status.STATUS_FAILURE


def read(directory: Path) -> EventAccumulator:
    events = EventAccumulator(str(directory), size_guidance={"scalars": 0})
    events.Reload()
    return events


def scalars(events: EventAccumulator, tag: str) -> list[tuple[int, float]]:
    return [(event.step, event.value) for event in events.Scalars(tag)]


def hparams(events: EventAccumulator, tag: str) -> Any:
    content = events.summary_metadata[tag].plugin_data.content
    return (
        metadata.parse_session_start_info_plugin_data(content)
        if (tag == metadata.SESSION_START_INFO_TAG)
        else metadata.parse_session_end_info_plugin_data(content)
    )


@pytest.fixture
def ended(rehearse: Rehearse) -> Rehearsal:
    """Four trials: complete, stopped, failed after an epoch, failed at once."""
    search = rehearse()
    complete, pruned, failed, dead = (search.begin() for _ in range(4))
    assert complete and pruned and failed and dead
    search.complete(complete, [0.61, 0.83, 0.7])
    last = search.work(pruned, 1, 0.3, tell=False)
    search.end(pruned, {**last, "finished": False})
    search.work(failed, 1, 0.4)
    search.end(failed, {"diverged": "non-finite training loss", "val_accuracy": math.nan})
    search.give_up(dead)
    return search


def test_scalars_by_epoch(ended: Rehearsal) -> None:
    directory = ended.experiment.trial("t0000")
    events = read(directory.root)
    assert set(events.Tags()["scalars"]) >= TAGS
    lines = directory.read_results()
    for tag, column in (
        ("loss/train", "train_loss"),
        ("loss/val", "val_loss"),
        ("accuracy/val", "val_accuracy"),
        ("accuracy/train", "train_accuracy"),
        ("training/lr", "lr"),
        ("training/samples_per_second", "samples_per_second"),
    ):
        wanted = [(line["epoch"], float(np.float32(line[column]))) for line in lines]
        assert scalars(events, tag) == wanted


def test_every_value_of_a_line_is_a_scalar(ended: Rehearsal) -> None:
    directory = ended.experiment.trial("t0000")
    columns = set(directory.read_results()[0]) - {"epoch", "wall_time"}
    assert len(set(read(directory.root).Tags()["scalars"]) - {"score"}) == len(columns)


def test_the_score_is_the_best_so_far(ended: Rehearsal) -> None:
    events = read(ended.experiment.trial("t0000").root)
    best = float(np.float32(0.83))
    assert scalars(events, "score") == [(1, float(np.float32(0.61))), (2, best), (3, best)]


@pytest.mark.parametrize(
    ("trial", "status"),
    [("t0000", SUCCESS), ("t0001", SUCCESS), ("t0002", FAILURE), ("t0003", FAILURE)],
)
def test_score_and_status_at_the_end(trial: str, status: int, ended: Rehearsal) -> None:
    directory = ended.experiment.trial(trial)
    files = [p for p in directory.root.iterdir() if p.name.startswith("events.out.tfevents.")]
    assert len(files) == 1
    events = read(directory.root)
    assert hparams(events, metadata.SESSION_END_INFO_TAG).status == status
    score = directory.read_status().score
    final = scalars(events, "score")[-1][1]
    assert math.isnan(final) if score is None else final == float(np.float32(score))


@pytest.mark.parametrize("trial", ["t0000", "t0001", "t0002", "t0003"])
def test_every_parameter_is_an_hparam(trial: str, ended: Rehearsal) -> None:
    events = read(ended.experiment.trial(trial).root)
    start = hparams(events, metadata.SESSION_START_INFO_TAG)
    told = {
        name: getattr(value, str(value.WhichOneof("kind"))) for name, value in start.hparams.items()
    }
    assert told == ended.suggestions[trial]["parameters"]
    assert set(ended.plan.space.searched(ended.plan.space.baseline)) <= set(told)


def test_every_trial_declares_all_columns(ended: Rehearsal) -> None:
    events = read(ended.experiment.trial("t0000").root)
    content = events.summary_metadata[metadata.EXPERIMENT_TAG].plugin_data.content
    experiment = metadata.parse_experiment_plugin_data(content)
    declared = {info.name for info in experiment.hparam_infos}
    assert declared == set(ended.plan.space.parameters)  # momentum too, which adam has not
    assert [info.name.tag for info in experiment.metric_infos] == ["score"]


def test_a_running_trial_can_be_watched(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = search.begin()
    assert trial is not None
    search.work(trial, 1, 0.5)
    search.recorder._events[trial]._writer.flush()  # what the writer does every few seconds
    events = read(search.experiment.trial(trial).root)
    assert scalars(events, "accuracy/val") == [(1, 0.5)]
    assert metadata.SESSION_END_INFO_TAG not in events.summary_metadata
