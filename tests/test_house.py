"""The house rules of the tree: who imports whom, who owns which library, how long a file is."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
HOUSE = ("trainables", "search_spaces", "tuning", "analysis", "run_search")  # imports go left
CODE = sorted([ROOT / "run_search.py", *(p for name in HOUSE for p in (ROOT / name).rglob("*.py"))])
TEXT_SUFFIXES = {".py", ".md", ".toml", ".txt", ".cfg", ".ini", ".yml", ".yaml", ".sh", ""}
# Of tuning: what analysis may import.
WITHOUT_RAY = ("drawing", "experiment", "front", "plan_record", "status", "trial_directory")
OWNERS = {
    "torch": (
        "trainables/",
        *(f"analysis/export/{name}.py" for name in ("bundle", "graphs", "judge", "rescore")),
        *(f"analysis/{name}.py" for name in ("generate", "replay")),
    ),
    "torchvision": ("trainables/",),
    "ray": ("tuning/",),
    "optuna": ("tuning/", "search_spaces/", "analysis/frames/importance.py"),
    "pandas": ("analysis/",),
    "fsspec": ("analysis/",),
    "plotly": ("analysis/",),
    "jinja2": ("analysis/report/",),
    "markupsafe": ("analysis/report/",),
    "scipy": ("analysis/",),
    "tensorboard": ("tuning/",),
    "safetensors": ("analysis/export/bundle.py", "analysis/export/convert.py"),
    "onnx": ("analysis/export/graphs.py",),
    "onnxruntime": ("analysis/export/graphs.py",),
}


def _relative(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _imports(path: Path) -> Iterator[str]:
    """Every module or name a file imports, dotted: `from a.b import c` gives `a.b.c`."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno}: imports are absolute here"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _part(name: str) -> str:
    return name.partition(".")[0].partition("/")[0]


def _text_files() -> list[Path]:
    skipped = {"__pycache__", "build", "results"}
    found = []
    for path in ROOT.rglob("*"):
        parts = path.relative_to(ROOT).parts
        hidden = any(p.startswith(".") and p not in (".ci", ".gitignore") for p in parts)
        egg = any(p.endswith(".egg-info") for p in parts)
        if hidden or egg or skipped & set(parts) or path.suffix not in TEXT_SUFFIXES:
            continue
        if path.is_file():
            found.append(path)
    return sorted(found)


def test_there_is_a_house() -> None:
    assert {_part(_relative(path)) for path in CODE} == {*HOUSE[:-1], "run_search"}
    assert len(_text_files()) > len(CODE)


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_imports_go_down(path: Path) -> None:
    level = HOUSE.index(_part(_relative(path)))
    ours = [name for name in _imports(path) if _part(name) in HOUSE]
    assert not [name for name in ours if HOUSE.index(_part(name)) > level]
    if HOUSE[level] == "analysis":
        taken = [name for name in ours if _part(name) == "tuning"]
        assert not [name for name in taken if name.split(".")[1] not in WITHOUT_RAY]


@pytest.mark.parametrize("path", CODE, ids=_relative)
def test_libraries_stay_with_their_owner(path: Path) -> None:
    here = _relative(path)
    for name in _imports(path):
        owners = OWNERS.get(_part(name))
        assert owners is None or here.startswith(owners), f"{here} imports {name}"
        if _part(name) == "optuna" and here.startswith("search_spaces/"):
            assert name.startswith(("optuna.distributions.", "optuna.trial.")), name


@pytest.mark.parametrize("name", WITHOUT_RAY)
def test_what_analysis_may_import_needs_no_library_of_tuning(name: str) -> None:
    outside = {_part(name) for name in _imports(ROOT / "tuning" / f"{name}.py")}
    assert not outside & {"ray", "torch", "optuna", "tensorboard", "pandas"}


def test_tuning_is_an_empty_package() -> None:
    assert (ROOT / "tuning" / "__init__.py").read_text("utf-8") == ""


def test_every_package_is_installed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    found = {_relative(path.parent).replace("/", ".") for path in CODE if path.parent != ROOT}
    assert set(listed["packages"]) == found
    assert listed["py-modules"] == ["run_search"]


def test_what_a_package_needs_beside_its_code_is_installed() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]
    for path in (p for name in HOUSE[:-1] for p in (ROOT / name).rglob("*.*")):
        if path.suffix not in (".py", ".pyc"):
            package = _relative(path.parent).replace("/", ".")
            patterns = listed["package-data"].get(package, [])
            assert any(path.match(pattern) for pattern in patterns), _relative(path)


@pytest.mark.parametrize("path", [p for p in _text_files() if p.suffix == ".py"], ids=_relative)
def test_no_file_is_long(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= 300


@pytest.mark.parametrize("path", _text_files(), ids=_relative)
def test_no_registry_and_no_place_of_one_machine(path: Path) -> None:
    text = path.read_text("utf-8")
    registry = re.compile(
        r"pypi\.org|pythonhosted\.org|anaconda\.(org|com)|npmjs\.(org|com)|jfrog\.io",
        re.IGNORECASE,
    )
    machine = re.compile(r"(?<![\w.}])/(?:work|home|root|Users|tmp|mnt|opt)/[\w.]|\b[A-Z]:\\Users")
    for pattern in (registry, machine):
        found = pattern.search(text)
        assert found is None, f"{_relative(path)}: {text[found.start() : found.end() + 40]!r}"
