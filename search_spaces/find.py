"""From `--space` to a SearchSpace: a name (a file in this folder) or the path of a user's file."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from trainables.errors import BadInput
from trainables.hyperparameters import nearest

if TYPE_CHECKING:
    from search_spaces.space import SearchSpace

_MACHINERY = {"__init__", "space", "override", "enqueue", "find", "describe", "points"}


def space_names() -> list[str]:
    """The built-in spaces, by looking at the file names: nothing is imported."""
    return sorted(p.stem for p in Path(__file__).parent.glob("*.py") if p.stem not in _MACHINERY)


def check_space_name(name: str, option: str = "--space") -> None:
    """Raise BadInput, naming the nearest, unless `name` is a built-in space or a file.

    Cheap: it imports nothing.
    """
    if name.endswith(".py"):
        try:
            Path(name).read_bytes()
        except IsADirectoryError:
            raise BadInput(f"{option} {name}: there is no such file, but a folder") from None
        except FileNotFoundError:
            raise BadInput(f"{option} {name}: there is no such file") from None
        except OSError as error:
            raise BadInput(f"{option} {name}: cannot be read ({error.strerror})") from None
    elif name not in space_names():
        raise BadInput(f"{option} {name}: unknown space; {nearest(name, space_names())}")


def find_space(name: str) -> SearchSpace:
    """The SPACE of a built-in space or of a user's file.

    Raises:
        BadInput: no such space; a file that cannot be imported or defines no SPACE.
    """
    from search_spaces.space import SearchSpace

    check_space_name(name)
    if not name.endswith(".py"):
        space = importlib.import_module(f"search_spaces.{name}").SPACE
        assert isinstance(space, SearchSpace)
        return space
    space = getattr(_import_file(name), "SPACE", None)
    if not isinstance(space, SearchSpace):
        raise BadInput(f"--space {name}: the file defines no SPACE = SearchSpace(...)")
    return space


def module_of(name: str) -> ModuleType:
    """The module that `find_space` made of a user's file: no other process can import it."""
    return sys.modules[_private_name(Path(name))]


def _import_file(name: str) -> ModuleType:
    path, private = Path(name), _private_name(Path(name))
    spec = importlib.util.spec_from_file_location(private, path.resolve())
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[private] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:
        del sys.modules[private]
        first = (str(error).splitlines() or [""])[0]
        raise BadInput(f"--space {name}: {type(error).__name__}: {first}") from error
    return module


def _private_name(path: Path) -> str:
    """A name of its own: a user's json.py must not become everybody's json."""
    return f"user_space_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
