"""The loop of a study: ask, run, tell, log, until the budget is used up."""

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from search.backends.base import Answer, Backend, Proposal
from search.baselines.skill import SkillIntervals
from search.engine.artifacts import FIGURES
from search.engine.base import TICK, Engine, Event, Lost
from search.engine.worker import with_artifacts
from search.pruners import Pruner
from search.seeds import derived
from search.space.space import Point, point_key
from search.study.budget import TIME_IS_UP, EpochPace, StudyLimits, TimeLimit
from search.study.callback import StudyCallback
from search.study.history import FinishedTrial, StudyHistory, Totals
from search.study.planning import Planner, continued
from search.tracking.ledger import Ledger
from search.trial.labels import label
from search.trial.result import Result
from search.trial.trial import Plan, Progress


@dataclass
class _Running:
    plan: Plan
    proposal: Proposal
    run_id: str
    pace: EpochPace
    epochs: int = 0
    pruned_at: int | None = None
    late: bool = False  # whether it was asked to stop because of the time limit


class Study:
    """One search over one space on one series."""

    def __init__(
        self,
        planner: Planner,
        *,
        backend: Backend,
        pruner: Pruner,
        ledger: Ledger,
        callback: StudyCallback,
        intervals: SkillIntervals,
        past: StudyHistory,
        time: TimeLimit,
        first: Sequence[Point] = (),
        between: Callable[[], None] = lambda: None,
    ) -> None:
        config = planner.config
        self._config = config
        self._planner = planner
        self._space = planner.space
        self._backend = backend
        self._pruner = pruner
        self._ledger = ledger
        self._callback = callback
        self._intervals = intervals
        self._between = between  # called in each round of the loop
        self._tried = dict(past.keys)
        self._originals = dict(past.originals)
        self._retries = list(past.retries)
        self._first = [point for point in first if point_key(point, None) not in past.keys]
        self._next = past.next_number
        self._running: dict[int, _Running] = {}
        self._twins: dict[int, list[tuple[int, str]]] = defaultdict(list)
        self._losses: Counter[int] = Counter()
        self._failed_in_a_row = 0
        self._limits = StudyLimits.of(config.study)
        self._time = time
        self._late = False  # whether the time left is too short for another trial
        self._longest = planner.space.longest(config.training.epochs)
        # If there are no more points than trials, each point is tried exactly once.
        self._exhaustive = planner.space.has_at_most(config.study.trials)
        # Points never become untried again, so one pass over the space is enough.
        self._untried = (p for p in self._space.points() if point_key(p, None) not in self._tried)
        self.finished = {trial.number: trial for trial in past.finished}
        self._tally = Totals.of(past.finished)
        for trial in past.finished:
            self._time.add(trial)
        self.exhausted = False
        self.interrupted = False

    @property
    def gave_up(self) -> bool:
        """Whether too many trials in a row have failed."""
        return self._failed_in_a_row >= self._config.study.max_failed

    def run(self, engine: Engine) -> None:
        """Runs trials until the budget or the space is used up, or `interrupt` is called."""
        self._time.slots = engine.slots
        self._fill(engine)
        while self._running:
            engine.wait(lambda event: self._take(event, engine), TICK)
            self._between()
            self._stop_late(engine)
            self._fill(engine)

    def interrupt(self) -> None:
        """Lets running trials finish, but starts no new ones."""
        self.interrupted = True

    def abandon(self, reason: str = "interrupted") -> None:
        """Marks the running trials as lost."""
        for running in self._running.values():
            self._ledger.lose_trial(running.run_id, reason)
        for twins in self._twins.values():
            for _, run_id in twins:
                self._ledger.lose_trial(run_id, reason)
        self._running.clear()
        self._twins.clear()

    def _stop_late(self, engine: Engine) -> None:
        """Stops trials that cannot train another epoch in time; gives up those that do not stop."""
        for running in self._running.values():
            self._stop_if_late(running, engine)
        if self._time.over:
            for number in self._running:
                engine.stop(number, None)
            self.abandon(TIME_IS_UP)

    def _stop_if_late(self, running: _Running, engine: Engine) -> None:
        stopping = running.late or running.pruned_at is not None
        if not stopping and self._time.is_last_epoch(running.pace):
            running.late = True
            engine.stop(running.plan.number, None)

    # ------------------------------------------------------------------ asking

    def _fill(self, engine: Engine) -> None:
        while self._may_start() and len(self._running) < engine.slots:
            if self._retries:
                number, proposal = self._retries.pop(0)
            elif self._first:
                number, proposal = self._next, self._backend.enqueue(self._next, self._first.pop(0))
                self._next += 1
            else:
                answer = self._ask(self._next)
                if not isinstance(answer, Proposal):
                    self.exhausted = answer is Answer.EXHAUSTED
                    return
                number, proposal = self._next, answer
                self._next += 1
            self._start(number, proposal, engine)

    def _may_start(self) -> bool:
        self._late = not self._time.fits()
        if self.interrupted or self.exhausted or self.gave_up or self.reached:
            return False
        return bool(self._retries) or self._next < self._config.study.trials

    @property
    def reached(self) -> str | None:
        """A sentence that names the limit reached; None if none is reached."""
        return self._limits.reached(
            self._tally,
            running=sum(running.epochs for running in self._running.values()),
            late=self._late,
        )

    def _ask(self, number: int) -> Proposal | Answer:
        answer = self._backend.ask(number)
        if self._backend.multi_fidelity or answer is Answer.WAIT:
            return answer
        given_up = answer is Answer.EXHAUSTED and self._space.finite
        repeated = isinstance(answer, Proposal) and point_key(answer.point, None) in self._tried
        if not (given_up or (repeated and self._exhaustive)):
            return answer
        point = next(self._untried, None)
        return Answer.EXHAUSTED if point is None else self._backend.enqueue(number, point)

    def _start(self, number: int, proposal: Proposal, engine: Engine) -> None:
        plan = self._planner.plan(
            number,
            proposal,
            seed=derived(self._config.study.seed, number),
            title=f"trial {number}",
            prunable=self._pruner.active,
        )
        self._pruner.start(number)
        title = f"{plan.title} · {label(plan.config)}"
        tags: dict[str, str] = {}
        if self._backend.multi_fidelity:
            plan, tags = continued(plan, proposal, self._originals, self._ledger)
            first = plan.start.epoch + 1 if plan.start else 1
            title += f" · epochs {first}–{proposal.epochs}"
        run_id = self._ledger.start_trial(
            number, proposal, plan.seed, title, self._ledger.now(), tags
        )
        key = point_key(proposal.point, proposal.epochs)
        original = self._tried.setdefault(key, number)
        if original in self.finished:
            self._repeat(number, run_id, self.finished[original])
        elif original != number:
            self._twins[original].append((number, run_id))  # the original is still running
        else:
            self._running[number] = _Running(plan, proposal, run_id, self._time.started())
            self._callback.training_started(number, title)
            engine.submit(plan)

    # ------------------------------------------------------------------ telling

    def _take(self, event: Event, engine: Engine) -> None:
        running = self._running.get(event.number)
        if running is None:
            return
        if isinstance(event, Progress):
            self._take_progress(event, running, engine)
        elif isinstance(event, Lost):
            self._take_loss(event, running)
        else:
            self._take_result(event, running)

    def _take_progress(self, progress: Progress, running: _Running, engine: Engine) -> None:
        if running.pruned_at is not None:
            return
        running.epochs = progress.step + 1
        self._callback.epoch_ended(progress)
        epoch = progress.training * self._longest + progress.epoch
        prune = self._pruner.active and self._pruner.should_stop(
            progress.number, epoch, progress.score
        )
        if prune and not running.late:
            running.pruned_at = progress.step
            engine.stop(progress.number, progress.step)
        self._time.epoch_ended(running.pace)
        self._stop_if_late(running, engine)

    def _take_loss(self, lost: Lost, running: _Running) -> None:
        self._losses[lost.number] += 1
        if self._losses[lost.number] > self._config.engine.retries:
            reason = f"{lost.reason}, {self._losses[lost.number]} times"
            self._take_result(
                with_artifacts(running.plan, Result(lost.number, "failed", reason)), running
            )
            return
        self._ledger.lose_trial(running.run_id, lost.reason)
        self._callback.training_ended(lost.number)
        self._callback.note(f"trial {lost.number}: {lost.reason}; retrying")
        del self._running[lost.number]
        # Not resubmitted here: it could share a worker with another trial and be lost with it.
        self._retries.append((lost.number, running.proposal))

    def _take_result(self, result: Result, running: _Running) -> None:
        if running.pruned_at is not None and result.state != "pruned":
            # It ended before the request to stop arrived. Only the epochs up to the request count;
            # the model of that epoch is available only if it was the last one.
            whole = running.pruned_at + 1 >= result.epochs
            model = result.artifacts.get("model.keras", b"") if whole else b""
            result = with_artifacts(running.plan, result.pruned_at(running.pruned_at, model=model))
        if running.late and result.state == "pruned":
            result = replace(result, reason=f"{result.reason}, because {TIME_IS_UP}")
        result = self._kept(result)
        baseline, ends = self._planner.baseline.mae, self._intervals.of(result)
        self._ledger.end_trial(running.run_id, result, baseline, self._ledger.now(), ends)
        self._time.ended(running.pace, result.duration)
        del self._running[result.number]
        self._callback.training_ended(result.number)
        metrics = result.metrics(baseline) | ends
        finished = FinishedTrial(result.number, result.state, metrics, result.reason)
        self._tell(finished)
        for number, run_id in self._twins.pop(result.number, []):
            self._repeat(number, run_id, finished)

    def _repeat(self, number: int, run_id: str, original: FinishedTrial) -> None:
        self._originals[number] = original.number
        self._ledger.end_duplicate(
            run_id, original.number, original.state, original.metrics, self._ledger.now()
        )
        self._tell(
            replace(original, number=number, reason=f"same point as trial {original.number}")
        )

    def _tell(self, finished: FinishedTrial) -> None:
        values = finished.objective_values(self._config.study.objectives)
        self._backend.tell(finished.number, finished.state, values)
        self._pruner.end(finished.number, finished.state, finished.score)
        self.finished[finished.number] = finished
        self._tally.add(finished)
        self._time.add(finished)
        failed = finished.state == "failed"
        self._failed_in_a_row = self._failed_in_a_row + 1 if failed else 0
        self._callback.trial_ended(finished)

    def _kept(self, result: Result) -> Result:
        """Returns the result without the files that `tracking` keeps only for the best trial."""
        best = self._tally.best
        score = result.metrics(self._planner.baseline.mae).get("validation/mae", float("inf"))
        if result.state == "complete" and (best is None or score < best[0]):
            return result
        tracking = self._config.tracking
        dropped = FIGURES if tracking.figures == "best" else ()
        return result.without(*dropped, *["model.keras"] * (tracking.models == "best"))
