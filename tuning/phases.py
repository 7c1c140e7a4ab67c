"""The two parts of a search that train: its trials, then the finalists again."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Any

from ray.tune.schedulers import FIFOScheduler, TrialScheduler
from rich.console import Console

from trainables.data.splits import Splits
from trainables.files import is_disk_full, read_json, write_json
from tuning.budget import Meter
from tuning.cluster import RaySession
from tuning.constraints import Limits
from tuning.finalists import Choice, Finals
from tuning.halts import Halts
from tuning.ownership import Ownership
from tuning.plan import SearchPlan
from tuning.population import Population
from tuning.quiet import output_to
from tuning.recorder import Recorder
from tuning.reruns import Finalists, RerunTrials
from tuning.rungs import rungs_of
from tuning.schedulers import make_scheduler
from tuning.screen import Screen
from tuning.search import Ending, run_trials
from tuning.searcher import TrialFeed
from tuning.signals import interrupts
from tuning.study import open_study
from tuning.study_trials import MOST_REFUSED, StudyTrials
from tuning.trial_run import TrialSettings

REFUSALS = f"{MOST_REFUSED:,} proposals in a row that broke a constraint"
_OVER = (Ending.DONE, Ending.BUDGET)  # ended as asked for


class Phases:
    """Runs both; what is on record as done already is not done again.

    Args:
        settings: of the trials; its run's token is the ownership's.
        ray_session: what they run in; waited for where there is anything to run.
        console: on standard output; what Ray prints there goes to `ray.log` meanwhile.
    """

    def __init__(
        self,
        plan: SearchPlan,
        splits: Splits,
        ownership: Ownership,
        settings: TrialSettings,
        ray_session: RaySession,
        console: Console,
        quiet: bool,
        started: float,
    ) -> None:
        self._plan = plan
        self._splits = splits
        self._ownership = ownership
        self._experiment = ownership.experiment
        self._settings = settings
        self._ray_session = ray_session
        self._quiet = quiet
        self._started = started
        self._terminal, self._width = console.is_terminal, console.width  # before it is diverted

    def run(self) -> Ending:
        """The trials, and where they ended as asked for, the finalists."""
        with output_to(self._experiment.ray_log) as real:
            console = Console(
                file=real,
                force_terminal=self._terminal,
                width=self._width,
                highlight=False,
                markup=False,
            )
            since = time.monotonic()
            ending, meter, finalists = self._search(console, since)
            if ending in _OVER and self._plan.finals.finalists:
                return self._run_again(console, since, meter, finalists)
            return ending

    def _search(self, console: Console, since: float) -> tuple[Ending, Meter, Finalists]:
        plan, experiment = self._plan, self._experiment
        with Screen(plan, console, self._quiet, since) as screen:
            recorder = Recorder(experiment, plan, self._settings, screen)
            rungs = rungs_of(plan, recorder.statuses)
            study = open_study(experiment, plan, recorder.statuses, rungs)
            limits = Limits(plan.constraints, plan.space.task, self._splits.meta)
            trials = StudyTrials(plan, study, recorder, limits)
            if trials.refused:  # of earlier runs, the last of which may have been killed
                self._record(refused=trials.refused)
            if trials.imported is not None:
                screen.say(str(trials.imported))
                self._record(imported=asdict(trials.imported))
            halts: Halts | None = rungs
            if plan.scheduler == "pbt":
                halts = Population(plan, experiment, recorder, trials)
            feed = TrialFeed(plan, trials, recorder, halts)
            finalists = Finalists(plan, experiment, recorder.statuses)
            meter = Meter(
                plan.budget,
                plan.space.direction,
                self._started,
                recorder.statuses,
                reserved=plan.reserved_epochs + finalists.epochs_done,
                reserve=finalists.reserve,
                waiting=rungs.waiting if rungs is not None else tuple,
            )
            ending = Ending.DONE
            if feed.left and not self._has_ended():
                self._note(None)
                scheduler = make_scheduler(plan, feed.history, halts)
                self._ray_session.wait()  # whose own start is none of the workers'
                finalists.watch_start()
                ending = self._fit(
                    feed, scheduler, meter.reached, screen, lambda: meter.spent, trials
                )
                self._record(refused=trials.refused)
                by = meter.spent or (REFUSALS if trials.exhausted else "trials")
                if ending in _OVER:
                    self._note({"by": by, "trials": plan.space.trials})
            elif not feed.left and self._ended is None:  # killed before it was written down
                self._note({"by": "trials", "trials": plan.space.trials})
        return ending, meter, finalists

    def _run_again(
        self, console: Console, since: float, meter: Meter, finalists: Finalists
    ) -> Ending:
        """Train the finalists again, as many as the time allows."""
        plan, experiment = self._plan, self._experiment
        choice = finalists.within(meter.left)
        _say(console, choice, plan.finals)
        about = {"finalists": list(choice.trials), "repeats": choice.repeats}
        self._note((self._ended or {}) | about)
        screen = Screen(plan, console, self._quiet, since, reruns=len(choice.reruns))
        recorder = Recorder(experiment, plan, self._settings, screen, kept_best=None)
        source = RerunTrials(plan, choice.reruns, finalists.course, recorder, experiment)
        feed = TrialFeed(plan, source, recorder)
        if not feed.left:
            return Ending.DONE
        with screen:
            return self._fit(feed, FIFOScheduler(), meter.is_late, screen, lambda: "time budget")

    def _fit(
        self,
        feed: TrialFeed,
        scheduler: TrialScheduler,
        is_over: Callable[[], bool],
        screen: Screen,
        spent: Callable[[], str],
        trials: StudyTrials | None = None,
    ) -> Ending:
        """Let Tune train what the feed has, and bring the records level with what was trained.

        Args:
            spent: names the budget that was reached.
            trials: what the feed has, where it may be long in finding one.
        """
        self._ray_session.wait()
        with interrupts(screen.say) as interrupted:
            if trials is not None:
                trials.is_over = lambda: interrupted.is_set() or is_over()
            try:
                ending = run_trials(
                    self._plan, self._splits, feed, scheduler, self._settings, is_over
                )
                self._ownership.shut_out()  # Ray has told its workers to end, and waits for none
                self._settings = replace(self._settings, run=self._ownership.run)
                feed.close(_cause(spent()) if ending == Ending.BUDGET else None)
            except OSError as error:
                if not is_disk_full(error):
                    raise
                ending = Ending.DISK_FULL
        # Where Tune was ending anyway it did not heed a Ctrl-C: the test stays closed.
        return Ending.INTERRUPTED if interrupted.is_set() and ending in _OVER else ending

    @property
    def _ended(self) -> dict[str, Any] | None:
        """What `plan.json` says of the end of the trials; None: they have not ended."""
        ended: dict[str, Any] | None = read_json(self._experiment.plan)["ended"]
        return ended

    def _note(self, ended: dict[str, Any] | None) -> None:
        """Write down what ended the trials, and who runs again; None: they are to go on."""
        self._record(ended=ended)

    def _record(self, **what: Any) -> None:
        write_json(self._experiment.plan, read_json(self._experiment.plan) | what)

    def _has_ended(self) -> bool:
        """Whether an earlier run has ended the trials, and was killed before its last step ended.

        Then what a budget kept from being tried stays so; once all is handed over, a resumed
        search with such a budget goes on.
        """
        ended = self._ended
        if ended is None or ended.get("handed_over"):
            return False
        return bool(ended["trials"] == self._plan.space.trials)


def _cause(by: str) -> str:
    """Why a trial was stopped, from the name of what was reached."""
    return f"{by} {'spent' if by.endswith('budget') else 'reached'}"


def _say(console: Console, choice: Choice, asked: Finals) -> None:
    """Which trials run again; and where those are fewer than asked for, so."""
    fewer = (choice.count, choice.repeats) != (asked.finalists, asked.repeats)
    want = f"{asked.finalists} and the baseline, {asked.repeats} times each"
    if choice.reruns:
        of = (
            f" (asked for {want}; there is no time, or no configuration, for more)" if fewer else ""
        )
        console.print(f"Finalists: {', '.join(choice.trials)}, {choice.repeats} times each{of}")
    elif not choice.trials:
        console.print(f"Finalists: none, though asked for {want}: no trial, or no time, is left")
