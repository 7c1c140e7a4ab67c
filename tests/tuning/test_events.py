"""TensorBoard events read back: every step once, every hyperparameter, the true score and end."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.custom_scalar.layout_pb2 import Layout
from tensorboard.plugins.hparams import api_pb2, metadata

from search_spaces.find import find_space
from search_spaces.override import override
from search_spaces.space import SearchSpace
from tests.tuning.rehearsal import Rehearsal, line
from tuning.events import CAUSE, GRAPH, VIEWS, TrialEvents
from tuning.hparams import EPOCHS, SCORE, SECONDS, STATE, columns
from tuning.layout import tag_of

Rehearse = Callable[..., Rehearsal]
TAGS = {
    "loss/train", "loss/val", "accuracy/train", "accuracy/val", "training/lr",
    "training/samples_per_second", "training/seconds", "score",
}  # fmt: skip
SUCCESS, FAILURE = api_pb2.Status.STATUS_SUCCESS, api_pb2.Status.STATUS_FAILURE

STATES = {"RUNNING": 0, "COMPLETE": 1, "PRUNED": 2, "FAIL": 3}  # as README explains the column


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


def declared(space: SearchSpace) -> dict[str, Any]:
    content = columns(space)[1].plugin_data.content
    experiment = metadata.parse_experiment_plugin_data(content)
    return {info.name: info for info in experiment.hparam_infos}


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
    tags = set(read(directory.root).Tags()["scalars"])
    assert {tag_of(column) for column in columns} == tags - {SCORE, STATE, EPOCHS, SECONDS}


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
    assert [info.name.tag for info in experiment.metric_infos] == [SCORE, STATE, EPOCHS, SECONDS]


def test_columns_that_all_trials_have_come_first(ended: Rehearsal) -> None:
    space = ended.plan.space
    infos = declared(space)
    first = {name for name, info in infos.items() if info.differs}
    searched = [name for name in space.distributions if name not in space.conditions]
    assert first == set(searched[:5]) and {"lr", "optimizer"} <= first
    assert "momentum" not in first and "batch_size" not in first  # not always there; fixed
    for trial in ("t0000", "t0001", "t0002", "t0003"):
        assert first <= set(ended.suggestions[trial]["parameters"])


def test_a_column_of_words_holds_every_word_that_a_trial_may_have() -> None:
    space = override(find_space("mnist"), ["optimizer=adamw,sgd", "schedule=cosine"])
    infos = declared(space)
    words = {n: [v.string_value for v in i.domain_discrete.values] for n, i in infos.items()}
    assert set(words["optimizer"]) >= {"adamw", "sgd", "adam"}  # the baseline's, out of the range
    assert "cosine" in words["schedule"]
    assert [v.bool_value for v in infos["nesterov"].domain_discrete.values] == [False, True]
    assert not infos["lr"].HasField("domain_discrete")


@pytest.mark.parametrize("trial", ["t0000", "t0001", "t0002", "t0003"])
def test_state_epochs_and_seconds_of_every_trial(trial: str, ended: Rehearsal) -> None:
    status, events = ended.status(trial), read(ended.experiment.trial(trial).root)
    last = {tag: scalars(events, tag)[-1][1] for tag in (STATE, EPOCHS, SECONDS)}
    assert last == {STATE: STATES[status.state], EPOCHS: status.epochs, SECONDS: status.seconds}
    assert (status.epochs > 0) == (status.seconds > 0) == (trial != "t0003")


def test_why_a_trial_failed_is_a_text(ended: Rehearsal) -> None:
    events = read(ended.experiment.trial("t0002").root)
    (text,) = events.Tensors(CAUSE)
    assert text.tensor_proto.string_val[0].decode().strip() == ended.status("t0002").cause
    assert CAUSE not in read(ended.experiment.trial("t0001").root).Tags()["tensors"]


def test_the_layout_puts_train_against_val(ended: Rehearsal) -> None:
    events = read(ended.experiment.trial("t0000").root)
    (content,) = events.Tensors("custom_scalars__config__")
    made = Layout.FromString(content.tensor_proto.string_val[0])
    against, rest = made.category
    charts = {chart.title: list(chart.multiline.tag) for chart in against.chart}
    assert list(charts) == ["loss", "accuracy"]
    tags = events.Tags()["scalars"]
    for curves in [*charts.values(), *(chart.multiline.tag for chart in rest.chart)]:
        assert all(sum(bool(re.match(curve, tag)) for tag in tags) == 1 for curve in curves)
    assert [curve[1:-1] for curve in charts["loss"]] == ["loss/train", "loss/val"]


def test_a_viewer_forgets_what_it_read_of_an_earlier_file(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = search.begin()
    assert trial is not None
    search.work(trial, 1, 0.5)
    search.recorder.events.flush()
    events = read(search.experiment.trial(trial).root)
    again = Rehearsal(search.plan)  # writes the file anew
    again.recorder.events.flush()
    search.experiment.trial(trial).append_result(line(2, 0.25))
    again.recorder.catch_up(trial)
    again.recorder.events.flush()
    events.Reload()
    assert scalars(events, "accuracy/val") == [(1, 0.5), (2, 0.25)]


def test_histograms_and_graph(tmp_path: Path, rehearse: Rehearse) -> None:
    space = rehearse().plan.space
    events = TrialEvents(tmp_path, space.baseline, space)
    events.histograms({"weights/a": {"low": -1.0, "high": 2.0, "counts": [1, 0, 5]}}, 3)
    node = {"name": "input/x", "op": "IO Node", "attr": {"attr": {"s": "eA=="}}}
    events.graph({"node": [node], "versions": {"producer": 22}})
    events.close()
    found = read(tmp_path)
    (histogram,) = found.Tensors("weights/a")
    table = np.frombuffer(histogram.tensor_proto.tensor_content).reshape(-1, 3)
    assert histogram.step == 3 and table.tolist() == [[-1, 0, 1], [0, 1, 0], [1, 2, 5]]
    assert found.summary_metadata["weights/a"].plugin_data.plugin_name == "histograms"
    assert found.Graph().node[0].attr["attr"].s == b"x"


def test_a_graph_that_could_not_be_traced_is_said(tmp_path: Path, rehearse: Rehearse) -> None:
    space = rehearse().plan.space
    events = TrialEvents(tmp_path, space.baseline, space)
    events.graph({"error": "RuntimeError: no trace of it"})
    events.close()
    (text,) = read(tmp_path).Tensors(GRAPH)
    assert b"RuntimeError: no trace of it" in text.tensor_proto.string_val[0]


@pytest.mark.parametrize("end", ["\n", "\r", "\r\n"])
def test_a_text_is_code_to_its_last_line(end: str, tmp_path: Path, rehearse: Rehearse) -> None:
    space = rehearse().plan.space
    events = TrialEvents(tmp_path, space.baseline, space)
    events.text(VIEWS, f"# a{end}{end}# b")
    events.close()
    (text,) = read(tmp_path).Tensors(VIEWS)
    assert text.tensor_proto.string_val[0] == b"    # a\n    \n    # b"


def test_a_running_trial_can_be_watched(rehearse: Rehearse) -> None:
    search = rehearse()
    trial = search.begin()
    assert trial is not None
    search.work(trial, 1, 0.5)
    search.recorder.events.flush()  # what the writer does every few seconds
    events = read(search.experiment.trial(trial).root)
    assert scalars(events, "accuracy/val") == [(1, 0.5)]
    assert metadata.SESSION_END_INFO_TAG not in events.summary_metadata
    assert scalars(events, STATE) == [(0, STATES["RUNNING"])]
    assert scalars(events, EPOCHS) == [(0, 0), (1, 1)]
