"""One process owns an experiment; a dead one does not; what it left half-written is cleared."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainables.errors import BadInput
from tuning.experiment import Experiment
from tuning.mend import mend
from tuning.ownership import Ownership, SupersededError, begin_run, writing

HOLD = """
import sys, time
from pathlib import Path
from tuning.experiment import Experiment
from tuning.ownership import Ownership
with Ownership(Experiment(Path(sys.argv[1]))) as ownership:
    ownership.take()
    print("mine", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def experiment(tmp_path: Path) -> Experiment:
    experiment = Experiment(tmp_path / "mine")
    experiment.root.mkdir()
    experiment.plan.write_text("{}")
    (experiment.root / "trials" / "t0000").mkdir(parents=True)
    return experiment


def test_another_process_is_refused_until_the_owner_is_dead(experiment: Experiment) -> None:
    command = [sys.executable, "-c", HOLD, str(experiment.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None and owner.stdout.readline() == "mine\n"
        assert experiment.is_owned
        match = rf"--resume mine: process {owner.pid} on .* is running it"
        with Ownership(experiment) as second, pytest.raises(BadInput, match=match):
            second.take()
        assert json.loads(experiment.run.read_text())["process"] == owner.pid
        owner.send_signal(signal.SIGKILL)
        owner.wait()
        assert not experiment.is_owned
        with Ownership(experiment) as third:
            third.take()
            assert experiment.is_owned
        assert not experiment.is_owned


def test_looking_does_not_take(experiment: Experiment) -> None:
    assert not experiment.is_owned  # and no lock file appears
    assert not experiment.owner_lock.exists()


def test_a_new_experiment_appears_whole(tmp_path: Path) -> None:
    temporary = tmp_path / ".new.tmp"
    temporary.mkdir()
    (temporary / "plan.json").write_text("{}")
    with Ownership(Experiment(tmp_path / "new")) as ownership:
        ownership.create(temporary)
        found = {path.name for path in (tmp_path / "new").iterdir()}
        assert found == {"plan.json", "run.json", "owner.lock"}
        assert ownership.experiment.is_owned
    taken = tmp_path / ".again.tmp"
    taken.mkdir()
    with (
        Ownership(Experiment(tmp_path / "new")) as second,
        pytest.raises(BadInput, match="--name new: already used"),
    ):
        second.create(taken)


def test_a_worker_of_another_run_may_not_write(experiment: Experiment) -> None:
    directory = experiment.trial("t0000")
    old = begin_run(experiment)
    with writing(directory, old):
        pass
    new = begin_run(experiment)
    with pytest.raises(SupersededError), writing(directory, old):
        raise AssertionError("it may not get here")
    with writing(directory, new):
        pass


def test_the_owner_shuts_its_own_workers_out(experiment: Experiment) -> None:
    with Ownership(experiment) as ownership:
        ownership.take()
        late = ownership.run
        ownership.shut_out()
        with pytest.raises(SupersededError), writing(experiment.trial("t0000"), late):
            raise AssertionError("it may not get here")
        with writing(experiment.trial("t0000"), ownership.run):
            pass


def test_a_write_begun_before_is_waited_for(experiment: Experiment) -> None:
    directory = experiment.trial("t0000")
    run = begin_run(experiment)
    program = """
import sys, time
from pathlib import Path
from tuning.experiment import Experiment
from tuning.ownership import writing
directory = Experiment(Path(sys.argv[1])).trial("t0000")
with writing(directory, sys.argv[2]):
    print("writing", flush=True)
    time.sleep(1.5)
    (directory.root / "written").touch()
"""
    command = [sys.executable, "-c", program, str(experiment.root), run]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as orphan:
        assert orphan.stdout is not None and orphan.stdout.readline() == "writing\n"
        with Ownership(experiment) as ownership:
            ownership.take()
            assert (directory.root / "written").exists()
            orphan.wait()


def test_torn_lines_locks_and_halves_are_cleared(experiment: Experiment) -> None:
    directory = experiment.trial("t0000")
    experiment.journal.write_text('{"op_code":0}\n{"op_co')
    experiment.test_openings.write_text('{"time": "now"}\n{"ti')
    directory.results.write_text('{"epoch": 1}\n{"epo')
    lock = experiment.root / "study.journal.lock"
    lock.touch()
    (experiment.root / ".best.1234.tmp").mkdir()
    (experiment.root / ".best.1234.tmp" / "model.pt").touch()
    (directory.root / ".last.pt.1234.tmp").touch()
    (directory.root / "views").mkdir()
    (directory.root / "views" / ".graph.json.1234.tmp").touch()
    said = mend(experiment)
    assert experiment.journal.read_text() == '{"op_code":0}\n'
    assert experiment.test_openings.read_text() == '{"time": "now"}\n'
    assert directory.results.read_text() == '{"epoch": 1}\n'
    assert not lock.exists() and not list(experiment.root.rglob("*.tmp"))
    assert [text.partition(": ")[0].rpartition(os.sep)[2] for text in said] == [
        "study.journal", "test_openings.jsonl", "result.jsonl", "study.journal.lock",
    ]  # fmt: skip
    assert mend(experiment) == []


def test_a_stale_journal_lock_costs_no_wait(experiment: Experiment) -> None:
    (experiment.root / "study.journal.lock").touch()
    started = time.monotonic()
    mend(experiment)
    from optuna.storages.journal import JournalFileBackend, JournalFileOpenLock

    path = str(experiment.journal)
    JournalFileBackend(path, lock_obj=JournalFileOpenLock(path)).append_logs([{"op_code": 0}])
    assert time.monotonic() - started < 10  # 30 s with the lock
