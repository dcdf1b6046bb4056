"""Optuna's samplers behind ask and tell, on an in-memory study that the ledger refills."""

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

from search.backends.base import (
    Answer,
    Backend,
    Proposal,
    Recorded,
    Score,
)
from search.config.validation import (
    AtLeast,
    OneOf,
    check_value,
)
from search.errors import BadInput
from search.seeds import derived
from search.space.space import (
    Choice,
    Parameter,
    Point,
    Space,
    Value,
    point_key,
)

STATES = {
    "complete": TrialState.COMPLETE,
    "pruned": TrialState.PRUNED,
    "failed": TrialState.FAIL,
}
_AGAIN = 10  # suggestions of tried points that are passed over for one proposal
_LAST_STEP = 0  # a pruned trial carries one value: the last that it reached


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
    """A sampler over the space.

    Conditions are drawn define-by-run. With `flat`, every parameter is drawn and the inactive ones
    are dropped: for a sampler whose sequence allows no conditions.
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
        """Returns what the sampler suggests; it never waits and never ends.

        A sampler may suggest a point again that has been tried, above all a good one. It is asked
        for another then, as long as it seems to have one; a sequence is taken as it is.
        """
        proposal = self._open_trial(number)
        for _ in range(0 if self._flat else _AGAIN):
            if point_key(proposal.point, None) not in self._tried:
                break
            self._study.tell(self._open.pop(number), state=TrialState.FAIL)
            proposal = self._open_trial(number)
        self._tried.add(point_key(proposal.point, None))
        return proposal

    def enqueue(self, number: int, point: Point) -> Proposal:
        """Gives up the trial that was asked for, if any, and asks for one at `point`."""
        if number in self._open:
            self._study.tell(self._open.pop(number), state=TrialState.FAIL)
        self._tried.add(point_key(point, None))
        return self._open_at(number, point)

    def aim(self, objectives: int) -> None:
        """Minimises so many objectives."""
        directions = [StudyDirection.MINIMIZE] * objectives
        self._study = optuna.create_study(sampler=self._study.sampler, directions=directions)

    def tell(self, number: int, state: str, score: Score | None) -> None:
        """Ends trial `number`; a pruned one keeps its last score."""
        trial = self._open.pop(number)
        if state == "pruned" and isinstance(score, float):
            trial.report(score, _LAST_STEP)
        self._study.tell(trial, score if state == "complete" else None, state=STATES[state])

    def restore(self, trials: Sequence[Recorded]) -> None:
        """Adds the finished trials, and opens those that will run again.

        A flat sampler is asked again instead, so that its sequence goes on where it stood.
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
        space: of the study.
        epochs: not used.
        seed: of the study.
        restored: trials that are behind it.
        n_startup_trials: random points first.
        n_ei_candidates: points of which the most promising is proposed.
        multivariate: whether parameters are sampled jointly.
        group: whether those of one branch of the space are, too; only with `multivariate`.
        constant_liar: whether running trials count as bad ones, so that nothing is tried twice.

    Raises:
        BadInput: an option is too small, or `group` is set without `multivariate`.
    """
    if group and not multivariate:
        raise BadInput("backend.group needs backend.multivariate=true: set backend.group=false")
    check_value("backend.n_startup_trials", n_startup_trials, AtLeast(0))
    check_value("backend.n_ei_candidates", n_ei_candidates, AtLeast(1))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # `group`, experimental since 2.8
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
        BadInput: `qmc_type` is not one of Optuna's.
    """
    check_value("backend.qmc_type", qmc_type, OneOf(("sobol", "halton")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ExperimentalWarning)  # the class, experimental since 3.0
        sampler = QMCSampler(
            qmc_type=qmc_type, scramble=scramble, seed=seed, warn_independent_sampling=False
        )
    return OptunaBackend(space, sampler, flat=True)
