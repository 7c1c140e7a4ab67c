"""A figure: data first, drawing second, and the words that belong to it."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go


@dataclass(frozen=True)
class Figure:
    """One of them.

    Attributes:
        name: of letters and hyphens, the same in every experiment.
        title: a sentence that says what is to be seen, with the numbers. Plain text, as are
            `caption` and `notes`: whoever puts them into HTML escapes them.
        caption: how to read it.
        frame: what is drawn; the function that made it says what its columns are.
        plot: plotly's. A point that is of a trial has its id in `customdata[0]`.
        notes: what the reader should be wary of.
    """

    name: str
    title: str
    caption: str
    frame: pd.DataFrame
    plot: go.Figure
    notes: tuple[str, ...] = ()

    @property
    def is_drawn(self) -> bool:
        """Whether there is anything to be seen in it."""
        return len(self.plot.data) > 0

    @property
    def says_something(self) -> bool:
        """Whether a reader gains by it, if only by reading why it is empty."""
        return self.is_drawn or bool(self.notes)
