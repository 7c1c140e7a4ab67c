"""A comparison of two searches, for a reader."""

from __future__ import annotations

import math
from collections.abc import Iterator

import pandas as pd
from rich.table import Table

from analysis.frames.compare import AXES, Comparison

_SHARES = (0.1, 0.25, 0.5, 0.75, 1.0)  # of what the longer one has spent


def comparison_lines(comparison: Comparison) -> Iterator[str | Table]:
    """What each side came to, the difference, and the best by what had been spent."""
    for _, row in comparison.final.iterrows():
        text = f"{row['side']}  {row['experiment']}: {row['trial']}, {comparison.metric} "
        yield text + f"{_score(row)}, {row['how']}"
    for _, row in comparison.sides.iterrows():
        if row["experiments"] > 1:
            middle = f"the middle half of {row['experiments']} experiments has"
            yield f"{row['side']}  {middle} a mean of {_score(row)}"
    about = comparison.difference
    text = f"B less A: {about['difference']:+.4f}"
    if math.isnan(about["low"]):
        yield f"{text}; nothing on record says how sure that is"
    else:
        better = comparison.verdict
        said = f"{better} is better" if better else "they cannot be told apart"
        yield f"{text} ({about['low']:+.4f} to {about['high']:+.4f}; {about['how']}): {said}"
    for axis in AXES:
        curves = comparison.curves[comparison.curves["axis"] == axis]
        if len(curves):
            yield _course(curves, axis)


def _course(curves: pd.DataFrame, axis: str) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column({"examples": "best by examples trained on", "seconds": "by seconds"}[axis])
    by_side = {str(side): own.reset_index(drop=True) for side, own in curves.groupby("side")}
    for side in by_side:
        table.add_column(side, justify="right")
    points = len(by_side["A"])
    for share in _SHARES:
        place = round(share * points) - 1
        cells = [_score(own.iloc[place], of="best") for own in by_side.values()]
        at = by_side["A"]["at"][place]
        table.add_row(f"{at:,.0f}" if at >= 100 else f"{at:.3g}", *cells)
    return table


def _score(row: pd.Series, of: str = "score") -> str:
    """`0.7421 (0.7300 to 0.7500)`, as far as it is known."""
    if pd.isna(row[of]):
        return "-"
    text = f"{row[of]:.4f}"
    return text if pd.isna(row["low"]) else f"{text} ({row['low']:.4f} to {row['high']:.4f})"
