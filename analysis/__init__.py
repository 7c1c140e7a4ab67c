"""What was learned, and what do we ship? Owns pandas. Reading an experiment never needs Ray.

import analysis
results = analysis.load("results/cifar10-20260101-120000")
results.trials.sort_values("score", ascending=False).head()
"""

from analysis.best_so_far import best_so_far
from analysis.compare import Comparison, compare
from analysis.cost import cost
from analysis.failures import failures
from analysis.load import Results, SeveralResults, load
from analysis.timeline import timeline, utilisation

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
