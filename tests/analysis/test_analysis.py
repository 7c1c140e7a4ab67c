"""What `import analysis` gives, and what it waits with."""

from __future__ import annotations

import subprocess
import sys

import pytest

import analysis

SLOW = {"pandas", "scipy.stats", "sklearn", "plotly", "torch", "ray"}


@pytest.mark.parametrize(
    ("code", "needed"),
    [
        ("import analysis", set()),
        ("import analysis; analysis.load", {"pandas"}),
        ("import analysis.export.rescore", {"torch"}),
        ("import analysis.frames.importance", {"pandas"}),
    ],
)
def test_what_is_slow_to_import_waits_until_it_is_needed(code: str, needed: set[str]) -> None:
    code = f"{code}; import sys; print(sorted({SLOW!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == str(sorted(needed)), done.stderr


@pytest.mark.parametrize("name", analysis.__all__)
def test_what_it_offers_is_there(name: str) -> None:
    assert getattr(analysis, name).__name__ == name


def test_it_says_what_it_offers_before_it_is_asked_for() -> None:
    code = (
        "import analysis; print({*analysis.__all__} <= {*dir(analysis)}, 'load' in vars(analysis))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.split() == ["True", "False"], done.stderr


def test_what_it_does_not_offer() -> None:
    with pytest.raises(AttributeError, match="'analysis' has no attribute 'lod'"):
        _ = analysis.lod  # type: ignore[attr-defined]
