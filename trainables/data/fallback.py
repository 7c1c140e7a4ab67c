"""The published data where it can be had; else, loudly, what is built in."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from trainables.data.request import DataRequest
from trainables.data.splits import Provenance
from trainables.errors import BadInput

_Found = TypeVar("_Found")
Sourced = tuple[_Found, Provenance]


def real_or_stand_in(
    request: DataRequest,
    real: Callable[[], Sourced[_Found]],
    stand_in: Callable[[], Sourced[_Found]],
    *,
    name: str,
    give: str,
) -> Sourced[_Found]:
    """What `real` gives, or `stand_in` where that raises OSError and the request allows it.

    Args:
        name: what the published data is called.
        give: what a user could give instead, in words.

    Raises:
        BadInput: it cannot be had, and nothing else will do.
    """
    try:
        return real()
    except OSError as error:
        if request.kind == "real":
            raise BadInput(f"--data real: {error}; give {give}, or allow --data auto") from error
        found, provenance = stand_in()
        request.say(f"!! {error}")
        request.say(f"!! NOT {name}: using the built-in {provenance.name}")
        return found, provenance
