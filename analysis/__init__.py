"""What was learned, and what do we ship? Owns pandas. Reading an experiment never needs Ray.

import analysis
results = analysis.load("results/cifar10-20260101-120000")
results.trials.sort_values("score", ascending=False).head()
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.frames.best_so_far import best_so_far
    from analysis.frames.compare import Comparison, compare
    from analysis.frames.cost import cost
    from analysis.frames.failures import failures
    from analysis.frames.load import Results, SeveralResults, load
    from analysis.frames.timeline import timeline, utilisation

__all__ = [
    "Comparison",
    "Results",
    "SeveralResults",
    "best_so_far",
    "compare",
    "cost",
    "failures",
    "load",
    "timeline",
    "utilisation",
]
_ELSEWHERE = {  # than in a module of its own name
    "Comparison": "compare",
    "Results": "load",
    "SeveralResults": "load",
    "utilisation": "timeline",
}

if not TYPE_CHECKING:

    def __getattr__(name: str) -> object:
        """Import a name when it is first asked for: who loads a model alone needs no pandas."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        found = getattr(import_module(f"analysis.frames.{_ELSEWHERE.get(name, name)}"), name)
        return globals().setdefault(name, found)

    def __dir__() -> list[str]:
        return sorted({*globals(), *__all__})
