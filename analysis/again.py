"""The command line that runs a recorded search again."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from trainables.files import relative

_OPTIONS = {  # by the key of `plan.json`; what is None, False or empty there is left out
    "trials": "--trials",
    "epochs": "--max-epochs",
    "sampler": "--sampler",
    "scheduler": "--scheduler",
    "time_budget": "--time-budget",
    "epoch_budget": "--epoch-budget",
    "target_score": "--target-score",
    "plateau": "--plateau",
    "finalists": "--finalists",
    "repeats": "--repeats",
    "prefer": "--prefer",
    "patience": "--patience",
    "concurrency": "--concurrency",
    "cpus_per_trial": "--cpus-per-trial",
    "gpus_per_trial": "--gpus-per-trial",
    "seed": "--seed",
}
_LISTS = {"objectives": "--objectives", "perturbed": "--perturb"}


def again(plan: dict[str, Any]) -> list[str]:
    """What to type, an option with its value an item, the program first.

    Everything is said in full, so that it does not hang on another version's defaults, nor on what
    data `auto` would find now. Configurations given by `--enqueue` are not in it.

    Args:
        plan: the content of `plan.json`.
    """
    space, data = plan["space"], plan["data"]
    if plan["space_sha256"] is not None:
        space = relative(Path(space))
    said = ["python run_search.py", f"--space {shlex.quote(space)}"]
    for key, option in _OPTIONS.items():
        value = plan[key]
        if value is not None:
            text = f"{value:.12g}" if isinstance(value, float) else str(value)
            said.append(f"{option} {text}")
    if mode := plan.get("tensorboard"):  # an older record does not say
        said.append(f"--tensorboard {mode}")
        if mode == "full":
            said.append(f"--tensorboard-every {plan['tensorboard_every']}")
    if plan["retrain_on_all"]:
        said.append("--retrain-on-all")
    said += [f"--set {shlex.quote(text)}" for text in plan["settings"]]
    said += [f"--constraint {shlex.quote(text)}" for text in plan["constraints"]]
    for key, option in _LISTS.items():
        if values := plan[key]:
            said.append(f"{option} {shlex.quote(','.join(values))}")
    if earlier := plan["warm_start"]:
        said.append(f"--warm-start {shlex.quote(','.join(relative(Path(p)) for p in earlier))}")
    return said + _data(data)


def _data(data: dict[str, Any]) -> list[str]:
    said = [f"--split-seed {data['split_seed']}"]
    if data["directory"]:
        said.append(f"--data-dir {shlex.quote(relative(Path(data['directory'])))}")
    elif data["kind"] == "auto":  # what it found
        said.append("--data " + ("embedded" if _is_stand_in(data) else "real"))
    if data["directory"] is None and data["kind"] != "auto":
        said.append(f"--data {data['kind']}")
    if data["weights"]["asked"] != "auto":
        said.append(f"--weights {shlex.quote(data['weights']['asked'])}")
    return said


def _is_stand_in(data: dict[str, Any]) -> bool:
    return bool(data["provenance"]["kind"] == "stand-in")
