"""What was learned, and what do we ship? Owns pandas. Reading an experiment never needs Ray.

import analysis
results = analysis.load("results/cifar10-20260101-120000")
results.trials.sort_values("score", ascending=False).head()
"""

from analysis.load import Results, load

__all__ = ["Results", "load"]
