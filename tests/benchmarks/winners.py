"""Is the winner really the best? Searches of a task of known truth, with and without finalists.

    python tests/benchmarks/winners.py [--searches 200] [--seed-sd 0.01] [--spread 0.02]

Thirty configurations have true accuracies around 0.58. A training shows its configuration's truth
plus the luck of its seed, plus that of this val split with this configuration, which no re-run
takes away. The search picks what looked best once; the finalists (the best 5 and the baseline,
3 times again) are chosen and ranked by the very functions that a real search uses.

Without a difference between configurations (`--spread 0`) it shows the winner's curse alone.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from analysis.frames.finalists import finalists
from analysis.frames.intervals import mean_interval
from tuning.experiment import rerun_id, trial_id
from tuning.finalists import choose
from tuning.status import TrialStatus, ranked

MEAN = 0.58


def status(name: str, score: float) -> TrialStatus:
    """A training that ended with this score."""
    return TrialStatus(name, "COMPLETE", score, 1, 1, 1.0, 0)


def search(
    rng: np.random.Generator, options: argparse.Namespace
) -> tuple[np.ndarray, int, int, float, float]:
    """One search: the truths, the picks without and with finalists, and both optimisms."""
    truth = rng.normal(MEAN, options.spread, options.configurations)
    own_share = (1 - options.shared) * MEAN * (1 - MEAN) / options.val
    of_split = rng.normal(0, own_share**0.5, len(truth))  # what all share moves none past another

    def trained(number: int) -> float:
        return float(truth[number] + of_split[number] + rng.normal(0, options.seed_sd))

    statuses = {trial_id(n): status(trial_id(n), trained(n)) for n in range(len(truth))}
    numbers = {trial_id(n): n for n in range(len(truth))}
    best = ranked(statuses.values(), "max")
    chosen = choose(best, statuses, lambda trial: trial, trial_id(0), options.finalists)
    reruns = {
        trial: [
            status(rerun_id(trial, repeat), trained(numbers[trial]))
            for repeat in range(1, options.repeats + 1)
        ]
        for trial in chosen
    }
    scores = {name: float(s.score or 0) for name, s in statuses.items()}
    table = finalists(reruns, scores, "max", "best")
    plain, winner = numbers[chosen[0]], numbers[table["trial"].iloc[0]]
    shown, mean = scores[chosen[0]], float(table["mean"].iloc[0])
    return truth, plain, winner, shown - truth[plain], mean - truth[winner]


def main() -> None:
    """Search many times, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--searches", type=int, default=200)
    parser.add_argument("--configurations", type=int, default=30)
    parser.add_argument("--finalists", type=int, default=5)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--seed-sd", type=float, default=0.010, help="of a training's accuracy")
    parser.add_argument("--spread", type=float, default=0.02, help="of the true accuracies")
    parser.add_argument("--val", type=int, default=5_000, help="pictures in val")
    parser.add_argument(
        "--shared", type=float, default=0.5, help="share of a split's luck that is everyone's"
    )
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    rng = np.random.default_rng(options.seed)
    rows: dict[str, dict[str, list[float]]] = {
        name: {"true rank": [], "regret": [], "too good by": []}
        for name in ("without finalists", "with finalists")
    }
    for _ in range(options.searches):
        truth, plain, winner, *optimism = search(rng, options)
        for name, pick, too_good in zip(rows, (plain, winner), optimism, strict=True):
            rows[name]["true rank"].append(1.0 + int((truth > truth[pick]).sum()))
            rows[name]["regret"].append(float(truth.max() - truth[pick]))
            rows[name]["too good by"].append(too_good)
    for name, columns in rows.items():
        said = [f"{column} {_with_interval(values)}" for column, values in columns.items()]
        print(f"{name + ':':19} {', '.join(said)}")
    without, having = rows.values()
    apart = [
        float(mean_interval(np.array(having[column]))[1])
        < float(mean_interval(np.array(without[column]))[0])
        for column in ("true rank", "regret")
    ]
    gain = np.array(without["regret"]) - np.array(having["regret"])
    print(f"less regret, search by search: {_with_interval(list(gain))}")
    if not all(apart):
        sys.exit("the intervals of rank and regret are not apart")


def _with_interval(values: list[float]) -> str:
    low, high = mean_interval(np.array(values))
    return f"{np.mean(values):.5f} ({low:.5f} to {high:.5f})"


if __name__ == "__main__":
    main()
