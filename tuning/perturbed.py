"""Which parameters population based training changes on the way."""

from __future__ import annotations

from search_spaces.space import SearchSpace
from trainables.errors import BadInput
from trainables.hyperparameters import nearest

SMALLEST = 2  # trials of which one can be the worse, and one the better


def find_perturbed(text: str | None, space: SearchSpace, scheduler: str) -> tuple[str, ...]:
    """Those named, or every searched one that can change in the middle of a training.

    Args:
        text: names, with commas between; None: nothing was said.

    Raises:
        BadInput: one is unknown, not searched, or cannot change then; there is none that can; it
            is another scheduler, or a training too short for it.
    """
    if scheduler != "pbt":
        if text is not None:
            raise BadInput(f"--perturb {text}: only with --scheduler pbt")
        return ()
    known = space.parameters
    adjustable = tuple(n for n in space.distributions if known[n].adjustable and space.can_exist(n))
    can = ", ".join(adjustable) or "none that is searched"
    named = adjustable if text is None else tuple(part.strip() for part in text.split(","))
    for name in named:
        if name not in known:
            raise BadInput(f"--perturb {name}: unknown; {nearest(name, adjustable or known)}")
        if not known[name].adjustable:
            raise BadInput(
                f"--perturb {name}: cannot change in the middle of a training; those that can: "
                f"{can}"
            )
        if name not in space.distributions:
            raise BadInput(
                f"--perturb {name}: is not searched; --set {name}=LOW..HIGH gives it a range"
            )
        if name not in adjustable:
            raise BadInput(
                f"--perturb {name}: no trial has it: it exists only with another "
                f"{space.conditions[name].parameter}"
            )
        if named.count(name) > 1:
            raise BadInput(f"--perturb {text}: {name} is there twice")
    if not named:
        raise BadInput(
            f"--scheduler pbt: no searched parameter of {space.task.name} can change in the middle "
            "of a training; --scheduler promote takes any space"
        )
    if space.trials - space.contains(space.baseline) < SMALLEST:
        raise BadInput(
            f"--trials {space.trials}: --scheduler pbt needs {SMALLEST} or more beside the "
            "baseline, which no other replaces"
        )
    if space.epochs <= space.grace_period:
        raise BadInput(
            f"--scheduler pbt: trainings of {space.epochs} epochs end before the first change, "
            f"after {space.grace_period}; --max-epochs makes them longer"
        )
    return named
