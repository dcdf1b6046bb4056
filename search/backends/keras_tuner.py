"""Keras Tuner's oracles with an ask-and-tell interface; its tuners, which train, are not used.

Choices are passed to Keras Tuner as indices, so that null, booleans and mixed types are possible.
"""

import shutil
import tempfile
import warnings
import weakref
from collections.abc import Sequence
from typing import Any

import keras_tuner
from keras_tuner.engine import hyperparameters as hp
from keras_tuner.engine.base_tuner import BaseTuner
from keras_tuner.engine.hyperparameters import HyperParameter
from keras_tuner.engine.oracle import Oracle
from keras_tuner.engine.trial import Trial

# Private API: the public `conditional_scope` does not allow two parents. A contract test covers it.
from keras_tuner.src.engine.conditions import Parent

from search.backends.base import Answer, Backend, Proposal, Recorded, Score
from search.config.validation import AtLeast, check_value
from search.seeds import derived
from search.space.conditions import Clause
from search.space.space import Choice, Parameter, Point, Space

OBJECTIVE = keras_tuner.Objective("score", "min")
_STATES = {"complete": "COMPLETED", "pruned": "COMPLETED", "failed": "FAILED"}
# Disables Keras Tuner's limit on consecutive failures, which `study.max_failed` replaces.
_NEVER = 10**9
# A condition is passed to Keras Tuner if the parameter it names has exact values, fewer than this.
# Otherwise Keras Tuner samples the conditional value too, and the value is dropped if inactive.
_LISTED = 1000
_NO_CODE = -1  # stands for "no value satisfies the condition"; never sampled


class KerasTunerBackend(Backend):
    """A Keras Tuner oracle as a backend."""

    def __init__(self, space: Space, oracle: Oracle, *, replayed: bool = False) -> None:
        self._space = space
        self._replayed = self.multi_fidelity = replayed
        folder = tempfile.mkdtemp(prefix="sweepcast-oracle-")
        weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
        oracle.verbose = 0
        # The public way to set the directory that an oracle requires.
        self._oracle = BaseTuner(
            oracle, hypermodel=_no_model, directory=folder, project_name="oracle"
        ).oracle
        self._open: dict[int, Trial] = {}
        self._numbers: dict[str, int] = {}  # trial numbers by the oracle's trial ids

    def ask(self, number: int) -> Proposal | Answer:
        """Returns the oracle's next proposal; Hyperband may wait for a round to end."""
        with warnings.catch_warnings():
            # Fits of the Bayesian oracle may stop at a bound; the user cannot act on such warnings.
            warnings.filterwarnings("ignore", module=r"sklearn\.gaussian_process")
            trial = self._oracle.create_trial(f"trial-{number}")
        if trial.status == "RUNNING":
            self._open[number] = trial
            self._numbers[trial.trial_id] = number
            return self._proposal(trial)
        self._oracle.ongoing_trials.pop(f"trial-{number}", None)
        return Answer.WAIT if trial.status == "IDLE" else Answer.EXHAUSTED

    def enqueue(self, number: int, point: Point) -> Proposal:
        """Opens trial `number` at `point`, replacing the oracle's open proposal, if any."""
        if number not in self._open:
            return self._proposal(self._insert(number, point))
        trial = self._open[number]
        own = {k: v for k, v in trial.hyperparameters.values.items() if k.startswith("tuner/")}
        trial.hyperparameters.values = {**self._encoded(point), **own}
        return self._proposal(trial)

    def tell(self, number: int, state: str, score: Score | None) -> None:
        """Ends trial `number`; a pruned trial counts with its last score."""
        trial = self._open.pop(number)
        if score is None:
            state = "failed"
        else:
            self._oracle.update_trial(trial.trial_id, {OBJECTIVE.name: score})
        trial.status = _STATES[state]
        self._oracle.end_trial(trial)

    def restore(self, trials: Sequence[Recorded]) -> None:
        """Inserts the trials, or for Hyperband repeats all asks and tells in their order."""
        if not self._replayed:
            for trial in trials:
                self._insert(trial.number, trial.proposal.point)
                if trial.state is not None:
                    self.tell(trial.number, trial.state, trial.score)
            return
        asks = [(trial.asked_at, trial, True) for trial in trials]
        tells = [(trial.told_at, trial, False) for trial in trials if trial.told_at is not None]
        for _, trial, is_ask in sorted(asks + tells, key=lambda event: event[0]):
            if not is_ask:
                self.tell(trial.number, str(trial.state), trial.score)
            else:
                proposal = self.ask(trial.number)
                if isinstance(proposal, Answer) or proposal.point != trial.proposal.point:
                    self.enqueue(trial.number, trial.proposal.point)

    def _insert(self, number: int, point: Point) -> Trial:
        values = self._oracle.get_space()
        values.values = self._encoded(point)
        trial = Trial(values, trial_id=str(number), status="RUNNING")
        self._oracle.trials[trial.trial_id] = trial
        self._oracle.start_order.append(trial.trial_id)
        self._oracle.ongoing_trials[f"trial-{number}"] = trial
        self._open[number] = trial
        return trial

    def _proposal(self, trial: Trial) -> Proposal:
        values = trial.hyperparameters.values
        notes = {key: value for key, value in values.items() if key.startswith("tuner/")}

        def decoded(parameter: Parameter) -> Any:
            value = values[parameter.name]
            return (
                parameter.choices[value] if isinstance(parameter, Choice) else parameter.snap(value)
            )

        parent = notes.get("tuner/trial_id")
        return Proposal(
            self._space.build(decoded),
            epochs=notes.get("tuner/epochs"),
            parent=None if parent is None else self._numbers[parent],
            initial_epoch=0 if parent is None else notes["tuner/initial_epoch"],
            notes=notes,
        )

    def _encoded(self, point: Point) -> dict[str, Any]:
        choices = {p.name: p.choices for p in self._space.parameters if isinstance(p, Choice)}
        return {
            name: _index(choices[name], value) if name in choices else value
            for name, value in point.items()
        }


def _index(choices: Sequence[Any], value: Any) -> int:
    # Not `choices.index`, which treats True and 1 as equal.
    return next(i for i, c in enumerate(choices) if c == value and type(c) is type(value))


def _no_model(_: keras_tuner.HyperParameters) -> None:
    """Builds nothing: an oracle needs no model."""


def hyperparameters(space: Space) -> keras_tuner.HyperParameters:
    """Returns the space as Keras Tuner's hyperparameters, including the conditions."""
    parameters = {parameter.name: parameter for parameter in space.parameters}
    declared = [
        _declared(parameter, [_parent(parameters[clause.name], clause) for clause in clauses])
        for parameter in space.parameters
        if (clauses := _varying(parameter, space)) is not None
    ]
    container = keras_tuner.HyperParameters()
    container.merge(declared)
    return container


def _varying(parameter: Parameter, space: Space) -> list[Clause] | None:
    """Returns the clauses on searched parameters that Keras Tuner can check.

    Returns None if a clause on a constant fails, so that the parameter is never active.
    """
    searched = {p.name: p for p in space.parameters}
    constant = [clause for clause in parameter.when if clause.name not in searched]
    if not all(clause.holds(space.constants.get(clause.name)) for clause in constant):
        return None
    return [c for c in parameter.when if c.name in searched and _listed(searched[c.name])]


def _listed(parameter: Parameter) -> bool:
    """Returns whether the values are few and exact; Keras Tuner's float steps are inexact."""
    exact = isinstance(parameter, Choice) or parameter.integer
    return exact and len(parameter.values() or ()) < _LISTED


def _parent(parameter: Parameter, clause: Clause) -> Parent:
    values = parameter.values() or ()
    codes = range(len(values)) if isinstance(parameter, Choice) else values
    passing = [code for code, value in zip(codes, values, strict=True) if clause.holds(value)]
    return Parent(parameter.name, passing or [_NO_CODE])


def _declared(parameter: Parameter, conditions: list[Parent]) -> HyperParameter:
    if isinstance(parameter, Choice):
        numeric = all(
            isinstance(c, int | float) and not isinstance(c, bool) for c in parameter.choices
        )
        codes = list(range(len(parameter.choices)))
        return hp.Choice(parameter.name, codes, ordered=numeric, conditions=conditions)
    kind = hp.Int if parameter.integer else hp.Float
    return kind(
        parameter.name,
        parameter.low,
        parameter.high,
        step=parameter.step,
        sampling="log" if parameter.log else "linear",
        conditions=conditions,
    )


def _common(space: Space, seed: int) -> dict[str, Any]:
    return {
        "objective": OBJECTIVE,
        "hyperparameters": hyperparameters(space),
        "seed": seed + 1,  # 0 means a random seed in Keras Tuner
        "allow_new_entries": False,
        "tune_new_entries": False,
        "max_consecutive_failed_trials": _NEVER,
    }


def random(space: Space, *, epochs: int, seed: int, restored: int) -> KerasTunerBackend:  # noqa: ARG001
    """Builds the random search oracle."""
    oracle = keras_tuner.oracles.RandomSearchOracle(
        max_trials=None, **_common(space, derived(seed, restored))
    )
    return KerasTunerBackend(space, oracle)


def bayesian(
    space: Space,
    *,
    epochs: int,  # noqa: ARG001
    seed: int,
    restored: int,
    num_initial_points: int | None = None,
    alpha: float = 1e-4,
    beta: float = 2.6,
) -> KerasTunerBackend:
    """Builds the Bayesian optimisation oracle.

    Raises:
        BadInput: an option is too small.
    """
    check_value("backend.num_initial_points", num_initial_points, AtLeast(1))
    check_value("backend.alpha", alpha, AtLeast(0, open=True))
    check_value("backend.beta", beta, AtLeast(0))
    oracle = keras_tuner.oracles.BayesianOptimizationOracle(
        max_trials=None,
        num_initial_points=num_initial_points,
        alpha=alpha,
        beta=beta,
        **_common(space, derived(seed, restored)),
    )
    return KerasTunerBackend(space, oracle)


def hyperband(
    space: Space,
    *,
    epochs: int,
    seed: int,
    restored: int,  # noqa: ARG001
    factor: int = 3,
    hyperband_iterations: int = 100,
) -> KerasTunerBackend:
    """Builds the Hyperband oracle; `epochs` is the number of epochs of the last rung.

    Raises:
        BadInput: an option is too small.
    """
    check_value("backend.factor", factor, AtLeast(2))
    check_value("backend.hyperband_iterations", hyperband_iterations, AtLeast(1))
    oracle = keras_tuner.oracles.HyperbandOracle(
        max_epochs=epochs,
        factor=factor,
        hyperband_iterations=hyperband_iterations,
        **_common(space, derived(seed)),
    )
    return KerasTunerBackend(space, oracle, replayed=True)
