"""What a person sees while the search runs: a live table, or one plain line an event."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from tuning.experiment import BASELINE
from tuning.plan import SearchPlan
from tuning.status import TrialStatus, better


class Screen:
    """Told of every event by the Recorder; a context manager around the search.

    Args:
        console: where to draw; a live table where it is a terminal, plain lines where it is not.
        quiet: plain lines on a terminal too.
        since: `time.monotonic()` that its clock counts from.
        reruns: how many of finalists it is about; None: the search's own trials.
    """

    def __init__(
        self,
        plan: SearchPlan,
        console: Console,
        quiet: bool,
        since: float,
        reruns: int | None = None,
    ) -> None:
        self._plan = plan
        self._console = console
        self._reruns = reruns
        self._baseline = plan.baseline
        self._since = since
        self._begun = time.monotonic()
        self._paused: set[str] = set()
        self._statuses: dict[str, TrialStatus] = {}
        self._lr: dict[str, float] = {}
        self._best: TrialStatus | None = None
        self._ended_here = 0  # trials that this run of the search has brought to an end
        self._live = None if quiet or not console.is_terminal else self._make_live()

    def __enter__(self) -> Screen:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def started(self, status: TrialStatus, config: Mapping[str, Any]) -> None:
        self._statuses[status.trial] = status
        searched = self._plan.space.searched(config)
        chosen = " ".join(f"{name}={_short(value)}" for name, value in searched.items())
        if status.trial == self._baseline:
            chosen = f"the baseline: {chosen}"
        if status.parent:
            chosen = f"from {status.parent}'s weights of epoch {status.start}: {chosen}"
        if self._reruns is not None:
            chosen = f"again, under seed {status.seed}"
        self._line(f"{status.trial} started  {chosen}")

    def resumed(self, status: TrialStatus) -> None:
        """A trial of an earlier run: ended then, or to go on now."""
        self._statuses[status.trial] = status
        if self._is_best(status):
            self._best = status
        self._paused.discard(status.trial)
        if status.state == "RUNNING":
            self._line(f"{status.trial} goes on after {status.epochs} epochs")

    def say(self, text: str) -> None:
        """A line of its own, at any time."""
        console = self._console if self._live is None else self._live.console
        console.print(text, soft_wrap=True)

    def reported(self, status: TrialStatus, result: Mapping[str, Any]) -> None:
        self._statuses[status.trial] = status
        self._lr[status.trial] = float(result["lr"])
        if self._best is not None and self._best.trial == status.trial and not status.feasible:
            self._best = self._best_of_all()
        if self._is_best(status):
            self._best = status
            self._line(
                f"{status.trial} epoch {status.epochs}/{self._plan.space.epochs}  "
                f"{self._plan.space.metric} {status.score:.4f}  best so far"
            )

    def paused(self, status: TrialStatus) -> None:
        self._paused.add(status.trial)
        score = "no score" if status.score is None else f"{status.score:.4f}"
        self._line(f"{status.trial} waits after {status.epochs} epochs  {score}")

    def ended(self, status: TrialStatus) -> None:
        self._statuses[status.trial] = status
        self._paused.discard(status.trial)
        self._ended_here += 1
        if self._best is not None and self._best.trial == status.trial:
            self._best = status if status.score is not None else self._best_of_all()
        score = "no score" if status.score is None else f"{status.score:.4f}"
        cause = f"  ({status.cause})" if status.cause else ""
        if status.beyond:
            cause += f"  beyond {', '.join(status.beyond)}"
        text = f"{status.trial} {_WORDS[status.state]} after {status.epochs} epochs  {score}{cause}"
        self._line(text)
        if self._live is not None and status.state == "FAIL":
            self._live.console.print(text, style="red")

    def _line(self, text: str) -> None:
        if self._live is None:
            self._console.print(f"{_clock(self._elapsed())}  {text}", soft_wrap=True)

    def _make_live(self) -> Live:
        return Live(
            console=self._console,
            get_renderable=self._draw,
            refresh_per_second=2,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def _draw(self) -> Group:
        table = Table(box=None, pad_edge=False)
        for column in ("trial", "epoch", self._plan.space.metric, "lr", "time left"):
            table.add_column(column, justify="left" if column == "trial" else "right")
        for status in list(self._statuses.values()):
            if status.state == "RUNNING" and status.trial not in self._paused:
                table.add_row(
                    status.trial + self._mark(status.trial),
                    f"{status.epochs}/{self._plan.space.epochs}",
                    "" if status.score is None else f"{status.score:.4f}",
                    _short(self._lr.get(status.trial, "")),
                    self._trial_left(status),
                )
        return Group(Text(self._summary()), table)

    def _summary(self) -> str:
        states = Counter(status.state for status in self._statuses.values())
        ended = sum(states.values()) - states["RUNNING"]
        if self._reruns is not None:
            ended = self._ended_here
            left = f" - about {self._search_left(ended)} left" if ended else ""
            return f"{_clock(self._elapsed())}  finalists: {ended}/{self._reruns} re-runs{left}"
        parts = [
            f"{_clock(self._elapsed())}  {ended}/{self._asked()} trials:",
            f"{states['COMPLETE']} done, {states['PRUNED']} stopped, {states['FAIL']} failed",
        ]
        if self._paused:
            parts[-1] += f", {len(self._paused)} waiting"
        if self._best is not None:
            parts.append(f"- best {self._best.score:.4f} ({self._best.trial})")
        base = self._statuses.get(self._baseline)
        if base is not None and base.score is not None:
            parts.append(f"against baseline {base.score:.4f}")
        parts.append(f"- about {self._search_left(ended)} left" if self._ended_here else "")
        return " ".join(parts)

    def _mark(self, trial: str) -> str:
        return " (baseline)" if trial == self._baseline != BASELINE else ""

    def _trial_left(self, status: TrialStatus) -> str:
        if not status.trained:
            return ""
        each = status.seconds / status.trained
        return _clock(each * (self._plan.space.epochs - status.epochs))

    def _search_left(self, ended: int) -> str:
        left = (time.monotonic() - self._begun) / self._ended_here * (self._asked() - ended)
        if self._plan.budget.time is not None:
            left = min(left, max(0.0, self._plan.budget.time - self._elapsed()))
        return _clock(left)

    def _asked(self) -> int:
        if self._reruns is not None:
            return self._reruns
        heirs = sum(bool(status.parent) for status in self._statuses.values())
        return self._plan.space.trials + heirs + (not self._plan.baseline_in_study)

    def _elapsed(self) -> float:
        return time.monotonic() - self._since

    def _is_best(self, status: TrialStatus) -> bool:
        if status.score is None or self._reruns is not None or not status.feasible:
            return False
        than = self._best.score if self._best is not None else None
        return better(status.score, than, self._plan.space.direction)

    def _best_of_all(self) -> TrialStatus | None:
        self._best = None
        for status in self._statuses.values():
            if self._is_best(status):
                self._best = status
        return self._best


_WORDS = {"COMPLETE": "done", "PRUNED": "stopped", "FAIL": "FAILED"}


def _clock(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))


def _short(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
