"""The figures of a search: data first, drawing second.

from analysis.figures import learning_curves
learning_curves(analysis.load("results/NAME")).plot.show()

`figures(results)` gives all that have something to show, in the order a reader asks. Each is also a
function of `Results`, and so is the frame that it draws (`learning_curves_frame`); those of
importance, failures and cost are in `analysis`.

What a page that shows them needs to know: a point of a trial has its id in `customdata[0]`, as it
stands in the files, so not escaped; lines of several trials are one trace with a gap after each.
Text has one colour, `layout.font.color`, which the page sets; a figure of several panels says so in
`layout.meta` (`panels`).
"""

from analysis.figures.best_so_far import best_so_far, best_so_far_frame
from analysis.figures.cost import cost
from analysis.figures.every import figures
from analysis.figures.failures import failures
from analysis.figures.figure import Figure
from analysis.figures.finalists import finalists, finalists_frame
from analysis.figures.importance import importance
from analysis.figures.interactions import interactions, interactions_frame
from analysis.figures.learning_curves import learning_curves, learning_curves_frame
from analysis.figures.overfitting import overfitting, overfitting_frame
from analysis.figures.parallel import parallel, parallel_frame
from analysis.figures.pareto import pareto, pareto_frame
from analysis.figures.slices import slices, slices_frame
from analysis.figures.timeline import timeline, timeline_frame

__all__ = [
    "Figure",
    "best_so_far",
    "best_so_far_frame",
    "cost",
    "failures",
    "figures",
    "finalists",
    "finalists_frame",
    "importance",
    "interactions",
    "interactions_frame",
    "learning_curves",
    "learning_curves_frame",
    "overfitting",
    "overfitting_frame",
    "parallel",
    "parallel_frame",
    "pareto",
    "pareto_frame",
    "slices",
    "slices_frame",
    "timeline",
    "timeline_frame",
]
