"""The events of all trials: none, some or more, and made again from what lies on the disk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.event_file_loader import EventFileLoader

from tests.tuning.rehearsal import Rehearsal, cheap_plan, line
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import write_json
from tuning.events import VIEWS
from tuning.hparams import SCORE, SECONDS, STATE, STATES
from tuning.logged import Logged
from tuning.view_files import ViewFiles

Rehearse = Callable[..., Rehearsal]
EVENTS = "events.out.tfevents.*"


def read(directory: Path) -> EventAccumulator:
    guidance = {"scalars": 0, "tensors": 0, "images": 0}
    return EventAccumulator(str(directory), size_guidance=guidance).Reload()


def content(directory: Path) -> dict[str, Any]:
    """Everything that a trial shows, without the times it was written at."""
    events = read(directory)
    tags = events.Tags()
    found: dict[str, Any] = {
        t: [(e.step, e.value) for e in events.Scalars(t)] for t in tags["scalars"]
    }
    for tag in tags["tensors"]:
        found[tag] = [(e.step, e.tensor_proto.SerializeToString()) for e in events.Tensors(tag)]
    for tag in tags["images"]:
        found[tag] = [(e.step, e.encoded_image_string) for e in events.Images(tag)]
    found["graph"] = events.Graph().SerializeToString() if tags["graph"] else None
    return found


@pytest.mark.parametrize(
    ("trial", "full"),
    [("t0000", True), ("t0001", False), ("t0004", True), ("t0005", False), ("t0012", True),
     ("t0005-r1", True), ("baseline", True)],
)  # fmt: skip
def test_whose_network_is_shown(trial: str, full: bool) -> None:
    assert Logged("full", 4).is_full(trial) is full
    assert not Logged("scalars", 4).is_full(trial) and not Logged("off", 4).is_full(trial)


@pytest.mark.parametrize(
    ("mode", "every", "said"),
    [
        ("ful", None, "--tensorboard ful: must be one of off, scalars, full"),
        ("full", 0, "--tensorboard-every 0: must be a whole number of 1 or more"),
        ("scalars", 5, "--tensorboard-every 5: only with --tensorboard full"),
        (None, 5, "--tensorboard-every 5: only with --tensorboard full"),
    ],
)
def test_what_is_refused(mode: str | None, every: int | None, said: str) -> None:
    with pytest.raises(BadInput, match=said):
        Logged.given({}, mode, every)


def test_what_is_on_record_stays_unless_asked_for() -> None:
    record = {"tensorboard": "full", "tensorboard_every": 3, "trials": 5}
    assert Logged.given(record, None, None) == Logged("full", 3)
    assert Logged.given(record, "off", None) == Logged("off", 3)
    assert Logged.given(record, None, 7) == Logged("full", 7)
    assert Logged.given({}, None, None) == Logged()


def test_off_leaves_no_event(rehearse: Rehearse, digits: Splits) -> None:
    search = rehearse(tensorboard="off")
    trained, waiting = search.begin(), search.begin()
    assert trained and waiting
    search.train(trained, digits)
    search.work(waiting, 1, 0.5)
    search.recorder.pause(waiting)
    search.recorder.end(waiting, "PRUNED")
    assert [search.status(t).state for t in (trained, waiting)] == ["COMPLETE", "PRUNED"]
    assert not list(search.experiment.root.rglob(EVENTS))
    assert not list(search.experiment.root.rglob("views"))


@pytest.fixture
def full(rehearse: Rehearse, digits: Splits) -> Rehearsal:
    """t0000 done and t0001 stopped, both full; t0002 after an epoch, full too."""
    search = rehearse(tensorboard="full", tensorboard_every=1)
    done, stopped, running = (search.begin() for _ in range(3))
    assert done and stopped and running
    search.train(done, digits)
    search.train(stopped, digits, epochs=1)
    return search


def test_full_shows_the_network(full: Rehearsal) -> None:
    directory = full.experiment.trial("t0000")
    found = content(directory.root)
    assert found["graph"] is not None
    steps = [1, 2, 3]
    for tag in ("weights/fc2.weight", "gradients/conv1.bias"):
        assert [step for step, _ in found[tag]] == steps
    best = full.status("t0000").best_epoch
    for tag in ("confusion", "most_confused"):
        ((step, png),) = found[tag]
        assert step == best and png == (directory.root / "views" / f"{tag}.png").read_bytes()
    config = (directory.root / "projector_config.pbtxt").read_text()
    assert f"last hidden layer, epoch {best}" in config
    vectors = np.loadtxt(directory.root / "views" / "points.tsv", delimiter="\t")
    about = (directory.root / "views" / "about.tsv").read_text("utf-8").splitlines()
    assert vectors.shape[1] == 16 and len(about) == len(vectors) + 1
    assert about[0].split("\t") == ["label", "taken for", "right"]
    assert not list(full.experiment.root.rglob("*.pkl"))


def test_a_graph_is_shown_once_of_a_trial_that_becomes_full_under_way(
    rehearse: Rehearse, digits: Splits
) -> None:
    search = rehearse()
    trial = search.begin()
    assert trial
    search.work(trial, 1, 0.5)
    again = Rehearsal(replace(search.plan, logged=Logged("full", 1)))  # whose workers look
    directory = again.experiment.trial(trial)
    files = ViewFiles(directory.root)
    files.folder.mkdir()
    write_json(files.graph, {"node": [{"name": "input/x", "op": "IO Node"}]})
    for epoch in (2, 3):
        directory.append_result(line(epoch, 0.5))
        again.recorder.catch_up(trial)
    again.recorder.events.flush()
    (written,) = directory.events()
    graphs = [event for event in EventFileLoader(str(written)).Load() if event.graph_def]
    assert len(graphs) == 1


def test_why_a_network_was_not_looked_at_is_under_text(rehearse: Rehearse) -> None:
    search = rehearse(tensorboard="full", tensorboard_every=1)
    trial = search.begin()
    assert trial
    files = ViewFiles(search.experiment.trial(trial).root)
    files.folder.mkdir()
    write_json(files.error, {"epoch": 2, "error": "IndexError: no head"})
    search.complete(trial, [0.5, 0.75, 0.5])
    ((step, text),) = content(files.root)[VIEWS]
    assert step == 2 and b"could not be looked at: IndexError: no head" in text


def test_a_drawing_that_fails_ends_no_search(tmp_path: Path) -> None:
    def broken(values: Any) -> bytes:
        raise KeyError(values["axis"])

    plan = cheap_plan(tmp_path)
    task = replace(plan.space.task, drawings={"sketch": broken, "nothing": lambda values: b""})
    search = Rehearsal(replace(plan, space=replace(plan.space, task=task)))
    trial = search.begin()
    assert trial
    directory = search.experiment.trial(trial)
    for name in task.drawings:
        write_json(directory.figure(name), {"axis": "hour"})
        directory.picture(name).write_bytes(b"of an earlier epoch")
    search.complete(trial, [0.5, 0.75, 0.5])
    found = content(directory.root)
    ((step, sketch),) = found[f"{VIEWS}/sketch"]
    assert step == 2 and b"could not be drawn: KeyError: 'hour'" in sketch
    ((step, nothing),) = found[f"{VIEWS}/nothing"]
    assert step == 2 and b"not the bytes of a PNG" in nothing
    assert found[STATE][-1] == (3, STATES["COMPLETE"])
    assert not list(directory.root.glob("*.png"))


def test_a_stopped_trial_shows_what_it_has(full: Rehearsal) -> None:
    found = content(full.experiment.trial("t0001").root)
    assert [step for step, _ in found["weights/fc2.weight"]] == [1]
    assert found[STATE][-1] == (1, STATES["PRUNED"]) and len(found["confusion"]) == 1


def test_what_is_lost_is_made_again(full: Rehearsal) -> None:
    for trial in ("t0000", "t0001"):
        directory = full.experiment.trial(trial)
        before = content(directory.root)
        for old in directory.events():
            old.unlink()
        status = directory.read_status()
        Rehearsal(full.plan)
        assert content(directory.root) == before
        assert directory.read_status() == status


def test_scalars_after_off_are_made_of_the_records(rehearse: Rehearse) -> None:
    search = rehearse(tensorboard="off")
    complete, failed = search.begin(), search.begin()
    assert complete and failed
    search.complete(complete, [0.5, 0.25, 0.75])
    search.work(failed, 1, 0.5)
    search.end(failed, {"diverged": "non-finite training loss", "val_accuracy": float("nan")})
    Rehearsal(replace(search.plan, logged=Logged("scalars")))
    found = content(search.experiment.trial(complete).root)
    assert found[SCORE] == [(1, 0.5), (2, 0.5), (3, 0.75)]
    assert found[SECONDS] == [(0, 0), (1, 0.5), (2, 1.0), (3, 1.5), (3, 1.5)]
    assert found[STATE] == [(0, STATES["RUNNING"]), (3, STATES["COMPLETE"])]
    lost = content(search.experiment.trial(failed).root)
    assert lost[STATE][-1] == (2, STATES["FAIL"]) and np.isnan(lost[SCORE][-1][1])


def test_off_after_scalars_keeps_what_has_ended(rehearse: Rehearse) -> None:
    search = rehearse()
    ended, running = search.begin(), search.begin()
    assert ended and running
    search.complete(ended, [0.5, 0.25, 0.75])
    search.work(running, 1, 0.5)
    Rehearsal(replace(search.plan, logged=Logged("off")))
    kept = {path.parent.name for path in search.experiment.root.rglob(EVENTS)}
    assert kept == {ended}  # the other's would be half of the truth
