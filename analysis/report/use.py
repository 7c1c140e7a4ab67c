"""How to use the model, to do it again, and what with."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from analysis.again import again
from analysis.report.record import Record
from analysis.sentences import how_to_use
from trainables.files import read_json
from tuning.experiment import CONFIG

WIDTH = 88  # characters of a line of a command


@dataclass(frozen=True)
class Command:
    """Something to type.

    Attributes:
        what: it does.
        lines: of a shell, one command.
    """

    what: str
    lines: str


def commands(record: Record) -> list[Command]:
    """First those that use the model, then those that look further."""
    here = shlex.quote(record.here)
    trust = " --trust" if record.plan["search_space"]["own_task"] else ""
    found = []
    if record.metrics is not None:
        if use := how_to_use(record.experiment).format(here):
            found.append(Command("Use the model", f"python -m analysis {use}{trust}"))
        graph = "inputs" in read_json(record.experiment.best / CONFIG)
        made = "onnx" if graph else "safetensors"  # weights alone
        export = f"python -m analysis export {here} --format {made}{trust}"
        found.append(Command("Take it elsewhere", export))
        replayed = str(record.metrics["replay"]).removesuffix(" --trust").rpartition(" ")[2]
        replay = f"python -m analysis replay {here} {replayed}{trust}"
        found.append(Command("Train the winner again, and compare every epoch", replay))
    if record.state in ("interrupted", "not handed over"):
        resume = f"python run_search.py --resume {here}{trust}"
        found.append(Command("Go on with the search", resume))
    found.append(Command("Every trial in TensorBoard", f"tensorboard --logdir {here}"))
    found.append(Command("Run the same search again", _in_lines(again(record.plan))))
    return found


def _in_lines(words: list[str]) -> str:
    """A long command over several lines, as a shell takes it."""
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + len(word) < WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(f"  {word}")
    return " \\\n".join(lines)


def caveats(record: Record) -> list[str]:
    """What the commands do not say themselves."""
    plan, said = record.plan, []
    folder = record.experiment.root.parent.name
    said.append(f"Paths are as seen from the folder that {folder}/ is in.")
    if plan["search_space"]["starts"]:
        starts = "configurations that were tried first (plan.json, search_space.starts)"
        said.append(f"The {starts} come from the space, or from an --enqueue to be given again.")
    if plan["concurrency"] > 1:
        ends = "the order in which trials end steers the sampler"
        said.append(f"With {plan['concurrency']} trials at a time {ends}: seeds are kept, "
                    "proposals may differ. With --concurrency 1 they do not.")  # fmt: skip
    return said


def circumstances(record: Record) -> list[tuple[str, str]]:
    """Versions, commit, machine: of the first run, and of later ones where they differ."""
    plan = record.plan
    code, machine = plan["code"], plan["machine"]
    commit = code["commit"] or "not from a checkout"
    changed = ", with changes that were not committed" if code["clean"] is False else ""
    facts = [
        ("Versions", ", ".join(f"{name} {v}" for name, v in plan["versions"].items())),
        ("Code", f"{commit}{changed}; trainables {code['trainables_sha256'][:16]}"),
        ("Machine", f"{machine['system']}, {machine['processor']}, {machine['cpus']} CPUs"),
    ]
    if plan["space_sha256"]:
        facts.append(("Space file", f"space.py, SHA-256 {plan['space_sha256']}"))
    for run in plan["resumed"]:
        if (run["versions"], run["machine"]) != (plan["versions"], machine):
            versions = ", ".join(f"{name} {v}" for name, v in run["versions"].items())
            facts.append((f"Resumed {run['time']}", f"{versions}; {run['machine']['system']}"))
    return facts
