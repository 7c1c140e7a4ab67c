"""Where an export goes: whole, in place of an earlier one, and never over anything else."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from analysis.export.sums import read_sums
from trainables.errors import BadInput
from tuning.experiment import SUMS, Experiment


def check_place(experiment: Experiment, out: Path | None, name: str) -> Path:
    """The directory of an export.

    Args:
        out: the user's own; None: `name` among the experiment's exports.

    Raises:
        BadInput: something lies there that is no export, or it is in a search's own directory.
    """
    place = (experiment.exports / name if out is None else out).resolve()
    option = f"--out {out}" if out is not None else str(place)
    try:
        for search in map(Experiment, (place, *place.parents)):  # any: best/ looks like an export
            if search.plan.is_file() and search.exports not in place.parents:
                raise BadInput(
                    f"{option}: is the search's own ({search.root}); of its directory an export "
                    "may have exports/"
                )
        if not place.exists():
            return place
        if not place.is_dir():
            raise BadInput(f"{option}: is a file; an export is a directory")
        ours = {*read_sums(place), SUMS}
        foreign = sorted(path.name for path in place.iterdir() if path.name not in ours)
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{option}: cannot be read ({error})") from None
    except BadInput:
        raise
    except ValueError as error:
        raise BadInput(f"{option}: {error}; give another directory") from None
    if foreign:
        raise BadInput(
            f"{option}: holds {foreign[0]!r}, which is of no export; give another directory"
        )
    return place


@contextmanager
def whole(place: Path) -> Iterator[Path]:
    """A directory to fill, which takes this place once it is; nothing is left where that fails.

    Raises:
        BadInput: it cannot be written there, or not be filled; the file is named.
    """
    made = [parent for parent in place.parents if not parent.exists()]
    temporary, replaced = (
        place.with_name(f".{place.name}.{uuid.uuid4().hex[:8]}.tmp") for _ in range(2)
    )
    done = False
    try:
        with _to_be_written(place):
            temporary.mkdir(parents=True)
        try:
            yield temporary
        except OSError as error:
            reason = error.strerror or error
            named = error.filename or place
            raise BadInput(f"{named}: cannot be read or written ({reason})") from error
        with _to_be_written(place):
            if place.exists():
                place.rename(replaced)
            temporary.rename(place)
        done = True
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        if replaced.exists() and not place.exists():
            replaced.rename(place)
        shutil.rmtree(replaced, ignore_errors=True)
        for parent in () if done else made:
            with suppress(OSError):  # it holds something by now
                parent.rmdir()


@contextmanager
def _to_be_written(place: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BadInput(f"{place}: cannot be written ({error.strerror or error})") from error
