"""From an experiment on disk back to its plan; a changed space is refused with what changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.tuning.rehearsal import cheap_plan
from trainables.data.request import DataRequest
from trainables.data.splits import Splits
from trainables.errors import BadInput
from trainables.files import read_json, sha256, write_json
from tuning.experiment import Experiment
from tuning.logged import Logged
from tuning.plan import SearchPlan, cpu_count
from tuning.plan_record import LAYOUT
from tuning.request import make_plan
from tuning.resume import resume_plan

OWN = """
from optuna.distributions import FloatDistribution
from search_spaces.space import SearchSpace
from trainables.mnist_cnn import TASK

SPACE = SearchSpace(
    task=TASK, distributions={"lr": FloatDistribution(1e-4, 1e-1, log=True)}, trials=3, epochs=2
)
"""


def saved(plan: SearchPlan, splits: Splits) -> Experiment:
    plan.root.mkdir(parents=True)
    experiment = Experiment(plan.root)
    write_json(experiment.plan, plan.to_json(splits))
    if plan.space_code is not None:
        experiment.space_file.write_bytes(plan.space_code)
    return experiment


def own_plan(tmp_path: Path) -> tuple[Path, SearchPlan]:
    file = tmp_path / "mine.py"
    file.write_text(OWN)
    options: dict[str, Any] = {"concurrency": 1, "gpus_per_trial": 0.0, "name": "own"}
    return file, make_plan(str(file), storage=tmp_path / "results", **options)


def changed(experiment: Experiment, *path: str, value: Any) -> None:
    record = inner = read_json(experiment.plan)
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = value
    experiment.plan.write_text(json.dumps(record))


def test_a_plan_comes_back_as_it_was(tmp_path: Path, digits: Splits) -> None:
    limits = ["parameters<=1e5", "val_loss<=0.5", "latency_ms<2"]
    options = {"seed": 7, "patience": 2, "time_budget": 600.0, "constraints": limits}
    plan = cheap_plan(tmp_path, "lr=1e-4..1e-2:log", **options)
    back = resume_plan(saved(plan, digits))
    ours, theirs = back.to_json(digits), plan.to_json(digits)
    assert ours == theirs
    assert back.space.starts == plan.space.starts and back.constraints == plan.constraints


def test_what_is_logged_stays_or_changes_and_older_records_lack_it(
    tmp_path: Path, digits: Splits
) -> None:
    plan = cheap_plan(tmp_path, tensorboard="full", tensorboard_every=4)
    experiment = saved(plan, digits)
    assert resume_plan(experiment).logged == Logged("full", 4)
    back = resume_plan(experiment, tensorboard="off")
    assert back.logged == Logged("off", 4)
    record = back.resumed_json(read_json(experiment.plan))
    assert record["tensorboard"] == record["resumed"][-1]["tensorboard"] == "off"
    old = {k: v for k, v in record.items() if not k.startswith("tensorboard")}
    write_json(experiment.plan, old)
    assert resume_plan(experiment).logged == Logged()


def test_more_trials_and_what_belongs_to_the_machine_may_change(
    tmp_path: Path, digits: Splits
) -> None:
    (tmp_path / "old").mkdir()
    plan = cheap_plan(tmp_path, trials=4, data=DataRequest(directory=tmp_path / "old"))
    data = DataRequest(directory=tmp_path)
    back = resume_plan(saved(plan, digits), more=10, time_budget=5.0, concurrency=2, data=data)
    assert (back.space.trials, back.budget.time, back.concurrency) == (14, 5.0, 2)
    assert back.data.directory == tmp_path
    record = back.resumed_json(plan.to_json(digits))
    assert (record["trials"], record["time_budget"]) == (14, 5.0)
    assert [(entry["trials"], entry["concurrency"]) for entry in record["resumed"]] == [(14, 2)]
    assert record["resumed"][0]["versions"]["torch"]


def test_what_the_data_was_and_not_what_auto_would_find_now(tmp_path: Path, digits: Splits) -> None:
    plan = cheap_plan(tmp_path, data=DataRequest("auto", split_seed=3))
    back = resume_plan(saved(plan, digits))
    assert (back.data.kind, back.data.split_seed) == ("embedded", 3)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        (("search_space", "baseline", "hidden"), 99, "the baseline's hidden was 99, is 16"),
        (("search_space", "fixed", "conv1"), 9, "the fixed conv1 was 9, is 4"),
        (("search_space", "distributions", "lr"), "another", r"lr was another, is \{.*Float"),
        (("search_space", "distributions", "gone"), "it", "gone was it, is missing"),
        (("search_space", "task"), "cifar10_net", "the task was cifar10_net, is mnist_cnn"),
        (("metric",), "val_loss", "metric was val_loss, is val_accuracy"),
        (("grace_period",), 9, "grace_period was 9, is 2"),
    ],
)
def test_a_changed_space_is_refused_with_what_changed(
    path: tuple[str, ...], value: Any, said: str, tmp_path: Path, digits: Splits
) -> None:
    experiment = saved(cheap_plan(tmp_path), digits)
    changed(experiment, *path, value=value)
    with pytest.raises(BadInput, match=f"--resume rehearsal: the space mnist has changed.*{said}"):
        resume_plan(experiment)


def test_another_space_is_refused(tmp_path: Path, digits: Splits) -> None:
    experiment = saved(cheap_plan(tmp_path), digits)
    assert resume_plan(experiment, space="mnist").space_name == "mnist"
    with pytest.raises(BadInput, match="--resume rehearsal: it searches mnist, not --space cifar"):
        resume_plan(experiment, space="cifar10")


@pytest.mark.parametrize(
    "text", ["{", "[]", "{}", f'{{"layout": {LAYOUT}}}', f'{{"layout": {LAYOUT}, "settings": []}}']
)
def test_a_damaged_record_is_refused(text: str, tmp_path: Path, digits: Splits) -> None:
    experiment = saved(cheap_plan(tmp_path), digits)
    experiment.plan.write_text(text)
    with pytest.raises(BadInput, match=r"--resume rehearsal: .*plan\.json is damaged"):
        resume_plan(experiment)


@pytest.mark.parametrize(("age", "layout"), [("an older", LAYOUT - 1), ("a newer", LAYOUT + 1)])
def test_another_versions_record_is_refused(
    age: str, layout: int, tmp_path: Path, digits: Splits
) -> None:
    experiment = saved(cheap_plan(tmp_path), digits)
    changed(experiment, "layout", value=layout)
    with pytest.raises(BadInput, match=f"^--resume rehearsal: written by {age} version"):
        resume_plan(experiment)


@pytest.mark.parametrize("key", ["metric", "epochs", "seed", "address", "cpus_per_trial"])
def test_a_record_that_lacks_a_key_is_refused(key: str, tmp_path: Path, digits: Splits) -> None:
    experiment = saved(cheap_plan(tmp_path), digits)
    record = json.loads(experiment.plan.read_text())
    del record[key]
    experiment.plan.write_text(json.dumps(record))
    with pytest.raises(BadInput, match=rf"plan\.json is damaged \('{key}'\)"):
        resume_plan(experiment)


def test_own_file_unchanged(tmp_path: Path, digits: Splits) -> None:
    file, plan = own_plan(tmp_path)
    experiment = saved(plan, digits)
    assert resume_plan(experiment).space_name == str(file)
    moved = file.rename(tmp_path / "moved.py")
    with pytest.raises(BadInput, match=r"mine\.py cannot be read .* --space .* --trust"):
        resume_plan(experiment)
    assert resume_plan(experiment, space=str(moved)).space_name == str(moved)
    assert resume_plan(experiment, trust=True).space_name == str(experiment.space_file)


def test_own_file_changed_is_refused_and_its_copy_needs_trust(
    tmp_path: Path, digits: Splits
) -> None:
    file, plan = own_plan(tmp_path)
    experiment = saved(plan, digits)
    file.write_text(OWN.replace("1e-1", "1e-2"))
    with pytest.raises(BadInput, match=r"mine\.py has changed .* lr was .*0\.1.* --trust"):
        resume_plan(experiment)
    file.write_text(OWN + "# a remark\n")
    with pytest.raises(BadInput, match="its code, not its space; --trust"):
        resume_plan(experiment)
    back = resume_plan(experiment, trust=True)
    assert back.space_code == OWN.encode()
    marker = tmp_path / "was imported"
    experiment.space_file.write_text(OWN + f"open({str(marker)!r}, 'w')\n")
    with pytest.raises(BadInput, match=r"space\.py is not the file that the search ran with"):
        resume_plan(experiment, trust=True)
    assert not marker.exists()


def test_a_record_that_names_the_experiments_own_copy_is_not_trusted_for_it(
    tmp_path: Path, digits: Splits
) -> None:
    _, plan = own_plan(tmp_path)
    experiment = saved(plan, digits)
    marker = tmp_path / "was imported"
    code = OWN + f"open({str(marker)!r}, 'w')\n"
    experiment.space_file.write_text(code)
    changed(experiment, "space", value=str(experiment.space_file))
    changed(experiment, "space_sha256", value=sha256(code.encode()))
    with pytest.raises(BadInput, match=r"the experiment's own copy; --trust runs that"):
        resume_plan(experiment)
    assert not marker.exists()
    resume_plan(experiment, trust=True)
    assert marker.exists()


def test_more_slots_than_this_machine_has(tmp_path: Path, digits: Splits) -> None:
    experiment = saved(cheap_plan(tmp_path), digits)
    changed(experiment, "concurrency", value=999)
    with pytest.raises(BadInput, match=r"--concurrency 999 .* this machine has"):
        resume_plan(experiment, concurrency=999)
    assert resume_plan(experiment).concurrency == cpu_count()  # as many as fit
    changed(experiment, "concurrency", value=1)
    assert resume_plan(experiment).concurrency == 1  # but no more than before


def test_a_run_on_fewer_slots_does_not_lower_those_of_the_next(
    tmp_path: Path, digits: Splits
) -> None:
    plan = cheap_plan(tmp_path, concurrency=2)
    experiment = saved(plan, digits)
    small = resume_plan(experiment, concurrency=1)
    write_json(experiment.plan, small.resumed_json(plan.to_json(digits)))
    assert resume_plan(experiment).concurrency == 2
