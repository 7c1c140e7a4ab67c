"""All figures: of any search, in their order, small, and safe from what users' files say."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import analysis.figures
from analysis.figures import Figure, figures
from analysis.figures.roles import roles, winner
from analysis.figures.theme import COLOURS
from analysis.frames.load import Results
from tests.analysis.figures.conftest import HOSTILE, aimed, changed, only, planned
from tuning.experiment import trial_of

ORDER = [
    *("finalists", "pareto-front", "overfitting", "importance", "slices", "interactions"),
    *("parallel", "best-so-far", "learning-curves", "timeline", "failures", "cost"),
]
LARGEST = 2.5e6  # bytes, of 500 trials of 20 epochs
NO_TRIALS = ("importance", "failures", "cost")  # whose bars are of several


def strings(value: Any) -> list[str]:
    """Every text in a figure that a reader gets to see: not its ids."""
    if isinstance(value, dict):
        return [s for key, v in value.items() if key != "customdata" for s in strings(v)]
    if isinstance(value, list):
        return [s for v in value for s in strings(v)]
    return [value] if isinstance(value, str) else []


@pytest.fixture(scope="module")
def drawn(found: Results) -> list[Figure]:
    return figures(aimed(found, 2))


def test_in_the_order_a_reader_asks(drawn: list[Figure], found: Results) -> None:
    assert [figure.name for figure in drawn] == ORDER
    assert all(figure.is_drawn for figure in drawn)
    assert [f.name for f in figures(found)] == [n for n in ORDER if n != "pareto-front"]


def test_readme_names_every_figure() -> None:
    text = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    (line,) = re.findall(r"^- To a figure: .*?(?=^- |^\n)", text, re.DOTALL | re.MULTILINE)
    named = {name for name in analysis.figures.__all__ if f"`{name}`" in line}
    made = {n for n in analysis.figures.__all__ if not n.endswith("_frame") and n.islower()}
    assert made - named == {"figures", "learning_curves"}
    assert "import learning_curves`" in line and "`figures(results)`" in line


def test_any_search_has_its_figures(odd: Results) -> None:
    found = figures(odd)
    assert {figure.name for figure in found} <= set(ORDER)
    for figure in found:
        assert figure.title and figure.says_something
        json.loads(figure.plot.to_json())
        assert figure.is_drawn == (len(figure.plot.data) > 0)
        if figure.is_drawn:
            assert len(figure.frame)


@pytest.mark.parametrize(
    ("trials", "names"),
    [((), set()), (("t0001",), {"overfitting", "learning-curves", "cost", "slices"})],
)
def test_what_has_nothing_to_show_is_left_out(
    trials: tuple[str, ...], names: set[str], found: Results
) -> None:
    named = {figure.name for figure in figures(only(found, *trials))}
    assert named >= names and not named & {"finalists", "failures", "pareto-front", "interactions"}
    assert trials or not named


def test_points_carry_the_id_of_their_trial(drawn: list[Figure], found: Results) -> None:
    known = set(found.trials["trial"])
    for figure in drawn:
        if figure.name in NO_TRIALS:
            continue
        traces = [t for t in figure.plot.data if t.hoverinfo != "skip" or t.customdata is not None]
        assert traces, figure.name
        for trace in traces:
            assert len(trace.customdata) == len(trace.x) == len(trace.y), figure.name
            assert {str(point[0]) for point in trace.customdata} <= known, figure.name


def test_one_colour_has_one_meaning(drawn: list[Figure], found: Results) -> None:
    role = dict(zip(found.trials["trial"], roles(found), strict=True))
    looked_at = 0
    for figure in drawn:
        for trace in figure.plot.data:
            if trace.name in COLOURS and trace.customdata is not None:
                lines = trace.type == "scatter" and trace.mode.startswith("lines")
                shown = trace.line.color if lines else trace.marker.color
                assert shown == COLOURS[trace.name]
                assert {role[trial_of(t[0])] for t in trace.customdata} == {trace.name}
                looked_at += 1
    assert looked_at > 10


def test_the_winner_is_the_finalists_first(found: Results) -> None:
    first = found.finalists["trial"].iloc[0]
    assert winner(found) == first
    broke = found.reruns["trial"].map(trial_of) == first
    reruns = found.reruns.assign(feasible=~broke)
    assert winner(replace(found, reruns=reruns)) == found.finalists["trial"].iloc[1]
    assert winner(only(found, "t0001", "t0002")) in ("t0001", "t0002")
    assert winner(only(found, "t0005")) is None


def test_colours_are_a_pages_own(drawn: list[Figure]) -> None:
    for figure in drawn:
        layout = json.loads(figure.plot.to_json())["layout"]
        for ground in ("paper_bgcolor", "plot_bgcolor"):
            assert layout["template"]["layout"][ground] == "rgba(0,0,0,0)"
        assert "color" not in layout.get("font", {})


def test_hostile_names_stay_text(found: Results) -> None:
    name = f"t<b>{HOSTILE}"
    renamed = {"t0001": name}
    trials = found.trials.assign(trial=found.trials["trial"].replace(renamed))
    trials = trials.rename(columns={"config/lr": f"config/{HOSTILE}"})
    trials["cause"] = trials["cause"].where(trials["state"] != "FAIL", HOSTILE)
    epochs = found.epochs.assign(trial=found.epochs["trial"].replace(renamed))
    epochs = epochs.rename(columns={"val_accuracy": f"val_{HOSTILE}"})
    spaces = dict(found.plan["search_space"]["distributions"])
    spaces[HOSTILE] = spaces.pop("lr")
    spaces["optimizer"] = spaces["optimizer"].replace("adam", HOSTILE)
    bad = planned(found, distributions=spaces, metric=f"val_{HOSTILE}")
    trials["config/optimizer"] = trials["config/optimizer"].astype(object).replace("adam", HOSTILE)
    again = found.finalists.assign(trial=found.finalists["trial"].replace(renamed))
    bad = replace(bad, trials=trials, epochs=epochs, finalists=again)
    seen = 0
    for figure in figures(bad):
        for text in strings(json.loads(figure.plot.to_json())):
            tags = set(re.findall(r"</?(\w+)", text))
            assert tags <= {"b", "br", "extra"}, (figure.name, text)
            assert "<b>&lt;" not in text or "t<b>" not in text
            seen += "&lt;img" in text
        ids = [c[0] for trace in figure.plot.data for c in (trace.customdata or ())]
        assert name in ids or figure.name in ("importance", "failures", "cost", "finalists")
    assert seen > 20


def test_500_trials_of_20_epochs_are_small(found: Results) -> None:
    big = many(found, 500, 20)
    drawn = figures(big)
    assert [f.name for f in drawn] == [n for n in ORDER if n not in ("finalists", "pareto-front")]
    assert sum(len(figure.plot.to_json()) for figure in drawn) < LARGEST


def many(results: Results, trials: int, epochs: int) -> Results:
    """A search of so many: random values of every parameter, a score made of one of them."""
    rng = np.random.default_rng(0)
    columns: dict[str, Any] = {}
    for name, text in results.plan["search_space"]["distributions"].items():
        about = json.loads(text)["attributes"]
        if "choices" in about:
            columns[f"config/{name}"] = rng.choice(np.array(about["choices"], object), trials)
        elif about["log"]:
            low, high = np.log(about["low"]), np.log(about["high"])
            columns[f"config/{name}"] = np.exp(rng.uniform(low, high, trials))
        else:
            columns[f"config/{name}"] = rng.uniform(about["low"], about["high"], trials)
    number = np.arange(trials)
    score = 0.9 - 0.1 * np.abs(np.log10(columns["config/lr"] / 0.003))
    frame = results.trials.iloc[np.zeros(trials, int)].reset_index(drop=True).assign(
        trial=[f"t{n:04d}" for n in number],
        score=score + rng.normal(0, 0.01, trials),
        epochs=epochs,
        state=np.where(number % 20 == 7, "FAIL", np.where(number % 3, "PRUNED", "COMPLETE")),
        **columns,
    )  # fmt: skip
    frame.loc[frame["state"] == "FAIL", "score"] = np.nan
    frame["cause"] = np.where(frame["state"] == "FAIL", "non-finite training loss", "")
    frame = frame.astype(
        {name: results.trials.dtypes[name] for name in ("trial", "state", "cause")}
    )
    lines = pd.DataFrame(
        {
            "trial": np.repeat(frame["trial"].to_numpy(), epochs),
            "epoch": np.tile(np.arange(1, epochs + 1), trials),
            "seconds": 0.5,
            "wall_time": 1.7e9 + 0.5 * np.arange(1, trials * epochs + 1),
        }
    )
    for column in ("train_loss", "val_loss", "train_accuracy", "val_accuracy"):
        lines[column] = rng.random(len(lines))
    kinds = {"trial": "string", "epoch": "Int64"}
    made = replace(results, trials=frame, epochs=lines.astype(kinds))
    return replace(made, reruns=results.reruns.iloc[:0], finalists=results.finalists.iloc[:0])


def test_changed_keeps_types(found: Results) -> None:
    assert changed(found, state="FAIL").trials.dtypes["state"] == found.trials.dtypes["state"]
