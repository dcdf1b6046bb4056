"""Optuna's samplers with an ask-and-tell interface, on an in-memory study."""

import math
import warnings
from collections.abc import Sequence
from functools import partial

import optuna
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.exceptions import ExperimentalWarning
from optuna.samplers import BaseSampler, QMCSampler, RandomSampler, TPESampler
from optuna.study import StudyDirection
from optuna.trial import TrialState, create_trial

from search.backends.base import Answer, Backend, Proposal, Recorded, Score
from search.config.validation import AtLeast, OneOf, check_value
from search.errors import BadInput
from search.seeds import derived
from search.space.space import Choice, Parameter, Point, Space, Value, point_key

STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
_RETRIES = 10  # further suggestions if the suggested point was already tried
_LAST_STEP = 0  # a pruned trial reports only its last score, at this step


def distribution(parameter: Parameter) -> BaseDistribution:
    """Returns the Optuna distribution of `parameter`."""
    if isinstance(parameter, Choice):
        return CategoricalDistribution(parameter.choices)
    if parameter.integer:
        return IntDistribution(
            int(parameter.low), int(parameter.high), parameter.log, int(parameter.step or 1)
        )
    return FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)


class OptunaBackend(Backend):
    """An Optuna sampler as a backend.

    Conditions are evaluated while sampling (define-by-run). With `flat`, all parameters are sampled
    and the inactive ones are dropped, for samplers that do not support conditions.
    """

    multi_objective = True

    def __init__(
        self,
        space: Space,
        sampler: BaseSampler,
        *,
        flat: bool = False,
        comfortable: float = math.inf,
    ) -> None:
        optuna.logging.set_verbosity(optuna.logging.ERROR)
        self.comfortable = comfortable
        self._space = space
        self._distributions = {p.name: distribution(p) for p in space.parameters}
        self._study = optuna.create_study(sampler=sampler, direction="minimize")
        self._flat = flat
        self._open: dict[int, optuna.Trial] = {}
        self._tried: set[str] = set()

    def ask(self, number: int) -> Proposal | Answer:
        """Returns the sampler's suggestion, never WAIT or EXHAUSTED.

        A sampler may suggest a point that was already tried, most often a good one. It is then
        asked for another one, up to `_RETRIES` times. A `flat` sampler's sequence is not changed.
        """
        proposal = self._open_trial(number)
        for _ in range(0 if self._flat else _RETRIES):
            if point_key(proposal.point, None) not in self._tried:
                break
            self._study.tell(self._open.pop(number), state=TrialState.FAIL)
            proposal = self._open_trial(number)
        self._tried.add(point_key(proposal.point, None))
        return proposal

    def enqueue(self, number: int, point: Point) -> Proposal:
        """Opens trial `number` at `point`; the open trial of that number, if any, is discarded."""
        if number in self._open:
            self._study.tell(self._open.pop(number), state=TrialState.FAIL)
        self._tried.add(point_key(point, None))
        return self._open_at(number, point)

    def aim(self, objectives: int) -> None:
        """Sets the number of objectives, all of which are minimised."""
        directions = [StudyDirection.MINIMIZE] * objectives
        self._study = optuna.create_study(sampler=self._study.sampler, directions=directions)

    def tell(self, number: int, state: str, score: Score | None) -> None:
        """Ends trial `number`; a pruned trial keeps its last score."""
        trial = self._open.pop(number)
        if state == "pruned" and isinstance(score, float):
            trial.report(score, _LAST_STEP)
        self._study.tell(trial, score if state == "complete" else None, state=STATES[state])

    def restore(self, trials: Sequence[Recorded]) -> None:
        """Adds the finished trials and opens those that will run again.

        A `flat` sampler is asked again for each trial, so that its sequence continues after them.
        """
        for trial in trials:
            point = trial.proposal.point
            self._tried.add(point_key(point, None))
            if self._flat:
                if self._open_trial(trial.number).point != point:
                    self.enqueue(trial.number, point)
                if trial.state is not None:
                    self.tell(trial.number, trial.state, trial.score)
            elif trial.state is None:
                self._open_at(trial.number, point)
            else:
                self._add(point, trial.state, trial.score)

    def _add(self, point: Point, state: str, score: Score | None) -> None:
        last = {_LAST_STEP: score} if state == "pruned" and isinstance(score, float) else None
        values = score if isinstance(score, tuple) else None if score is None else (score,)
        self._study.add_trial(
            create_trial(
                state=STATES[state],
                values=values if state == "complete" else None,
                params=point,
                distributions={name: self._distributions[name] for name in point},
                intermediate_values=last,
            )
        )

    def _open_at(self, number: int, point: Point) -> Proposal:
        self._study.enqueue_trial(point)
        return self._open_trial(number)

    def _open_trial(self, number: int) -> Proposal:
        trial = self._study.ask(self._distributions if self._flat else None)
        self._open[number] = trial
        return Proposal(self._space.build(partial(_suggest, trial)))


def _suggest(trial: optuna.Trial, parameter: Parameter) -> Value:
    if isinstance(parameter, Choice):
        return trial.suggest_categorical(parameter.name, parameter.choices)
    if parameter.integer:
        return trial.suggest_int(
            parameter.name,
            int(parameter.low),
            int(parameter.high),
            step=int(parameter.step or 1),
            log=parameter.log,
        )
    value = trial.suggest_float(
        parameter.name, parameter.low, parameter.high, step=parameter.step, log=parameter.log
    )
    return parameter.snap(value)


def tpe(
    space: Space,
    *,
    epochs: int,  # noqa: ARG001
    seed: int,
    restored: int,
    n_startup_trials: int = 10,
    n_ei_candidates: int = 24,
    multivariate: bool = True,
    group: bool = True,
    constant_liar: bool = True,
) -> OptunaBackend:
    """Builds the tree-structured Parzen estimator.

    Args:
        space: search space of the study.
        epochs: not used.
        seed: seed of the study.
        restored: number of trials restored from the store.
        n_startup_trials: number of random points at the start.
        n_ei_candidates: number of candidates, of which the most promising is proposed.
        multivariate: whether to sample parameters jointly.
        group: whether to do so in each branch of a conditional space; requires `multivariate`.
        constant_liar: whether running trials count as bad, so that no point is tried twice.

    Raises:
        BadInput: an option is too small, or `group` is set without `multivariate`.
    """
    if group and not multivariate:
        raise BadInput("backend.group needs backend.multivariate=true: set backend.group=false")
    check_value("backend.n_startup_trials", n_startup_trials, AtLeast(0))
    check_value("backend.n_ei_candidates", n_ei_candidates, AtLeast(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # `group` is experimental since 2.8
        sampler = TPESampler(
            n_startup_trials=n_startup_trials,
            n_ei_candidates=n_ei_candidates,
            multivariate=multivariate,
            group=group,
            constant_liar=constant_liar,
            seed=derived(seed, restored),
        )
    return OptunaBackend(space, sampler, comfortable=2000)


def random(space: Space, *, epochs: int, seed: int, restored: int) -> OptunaBackend:  # noqa: ARG001
    """Builds the random sampler."""
    return OptunaBackend(space, RandomSampler(seed=derived(seed, restored)))


def qmc(
    space: Space,
    *,
    epochs: int,  # noqa: ARG001
    seed: int,
    restored: int,  # noqa: ARG001
    qmc_type: str = "sobol",
    scramble: bool = True,
) -> OptunaBackend:
    """Builds the quasi-Monte Carlo sampler.

    Raises:
        BadInput: `qmc_type` is neither `sobol` nor `halton`.
    """
    check_value("backend.qmc_type", qmc_type, OneOf(("sobol", "halton")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # the class is experimental since 3.0
        sampler = QMCSampler(
            qmc_type=qmc_type, scramble=scramble, seed=seed, warn_independent_sampling=False
        )
    return OptunaBackend(space, sampler, flat=True)
