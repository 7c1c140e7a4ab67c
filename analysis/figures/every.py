"""All figures of a search, in the order a reader asks."""

from __future__ import annotations

from analysis.figures.best_so_far import best_so_far
from analysis.figures.cost import cost
from analysis.figures.failures import failures
from analysis.figures.figure import Figure
from analysis.figures.finalists import finalists
from analysis.figures.importance import importance
from analysis.figures.interactions import interactions
from analysis.figures.learning_curves import learning_curves
from analysis.figures.overfitting import overfitting
from analysis.figures.parallel import parallel
from analysis.figures.pareto import pareto
from analysis.figures.slices import slices
from analysis.figures.timeline import timeline
from analysis.frames.load import Results


def figures(results: Results) -> list[Figure]:
    """Every figure that has something to show, or a reason why it does not.

    What won, and how sure that is; whether it overfits; what mattered; how the search went; what
    failed; what it cost.
    """
    weighed = importance(results)
    found = (
        finalists(results),
        pareto(results),
        overfitting(results),
        weighed,
        slices(results),
        interactions(results, weighed.frame),
        parallel(results),
        best_so_far(results),
        learning_curves(results),
        timeline(results),
        failures(results),
        cost(results),
    )
    return [figure for figure in found if figure.says_something]
