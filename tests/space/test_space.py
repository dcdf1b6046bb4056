"""Spaces: the points they contain, and that backends propose no other points."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from search.backends import optuna
from search.backends.base import Answer, Backend, Proposal
from search.backends.grid import grid
from search.space.conditions import Clause, same
from search.space.space import Choice, Parameter, Point, Range, Space

KINDS = (
    st.booleans(),
    st.integers(-3, 3),
    st.sampled_from(["sgd", "adam", "relu"]),
    st.one_of(st.none(), st.integers(0, 2)),
)


@st.composite
def choices(draw: st.DrawFn, name: str, when: tuple[Clause, ...]) -> Choice:
    kind = draw(st.sampled_from(KINDS))
    values = draw(st.lists(kind, min_size=1, max_size=3, unique_by=repr))
    return Choice(name, tuple(values), when)


@st.composite
def integers(draw: st.DrawFn, name: str, when: tuple[Clause, ...]) -> Range:
    low, step = draw(st.integers(-4, 4)), draw(st.integers(1, 3))
    high = low + step * draw(st.integers(0, 3))
    return Range(name, low, high, None if step == 1 else step, when=when)


@st.composite
def stepped(draw: st.DrawFn, name: str, when: tuple[Clause, ...]) -> Range:
    low, step = draw(st.integers(0, 4)) / 10, draw(st.sampled_from([0.1, 0.25, 0.3]))
    high = round(low + step * draw(st.integers(0, 3)), 12)
    return Range(name, low, high, step, when=when)


@st.composite
def continuous(draw: st.DrawFn, name: str, when: tuple[Clause, ...]) -> Range:
    low = draw(st.sampled_from([1e-4, 0.5, 1.0]))
    return Range(name, low, low * draw(st.integers(2, 100)), log=draw(st.booleans()), when=when)


@st.composite
def clauses(draw: st.DrawFn, earlier: list[Parameter]) -> Clause:
    """Draws a condition on an earlier parameter, true about as often as false."""
    on = draw(st.sampled_from(earlier))
    values = on.values() or (on.low, on.high)
    operand = draw(st.sampled_from(list(values)))
    ordered = isinstance(on, Range)
    symbol = draw(st.sampled_from(["==", "!=", "in", *(["<", ">=", ">"] if ordered else [])]))
    return Clause(on.name, symbol, (operand,) if symbol == "in" else operand)


@st.composite
def spaces(draw: st.DrawFn, *kinds: Callable[..., Any]) -> Space:
    """Draws a space of one to four parameters, with up to two conditions each."""
    parameters: list[Parameter] = []
    for index in range(draw(st.integers(1, 4))):
        conditions = st.lists(clauses(parameters), max_size=2) if parameters else st.just([])
        kind = draw(st.sampled_from(kinds))
        parameters.append(draw(kind(f"model.p{index}", tuple(draw(conditions)))))
    return Space(tuple(parameters))


FINITE = (choices, integers, stepped)


def key(point: Point) -> str:
    return json.dumps(sorted(point.items()))


def active(parameter: Parameter, point: Point) -> bool:
    return all(c.name in point and c.holds(point[c.name]) for c in parameter.when)


def spanned(space: Space) -> set[str]:
    """Returns all points by brute force: every combination, without inactive parameters."""
    found = set()
    for combination in itertools.product(*(p.values() or () for p in space.parameters)):
        point: Point = {}
        for parameter, value in zip(space.parameters, combination, strict=True):
            if active(parameter, point):
                point[parameter.name] = value
        found.add(key(point))
    return found


def assert_lies_in(point: Point, space: Space) -> None:
    for parameter in space.parameters:
        assert (parameter.name in point) is active(parameter, point)
        if parameter.name not in point:
            continue
        value = point[parameter.name]
        values = parameter.values()
        if values is None:
            assert isinstance(parameter, Range)
            assert isinstance(value, float)
            assert parameter.low <= value <= parameter.high
        else:
            assert any(same(value, known) and type(value) is type(known) for known in values)
    assert point.keys() <= {parameter.name for parameter in space.parameters}


@given(spaces(*FINITE))
def test_points_are_all_combinations_of_active_parameters_once(space: Space) -> None:
    points = [key(point) for point in space.points()]
    assert len(points) == len(set(points))
    assert set(points) == spanned(space)


@given(spaces(*FINITE), st.integers(1, 20))
def test_has_at_most_agrees_with_the_number_of_points(space: Space, trials: int) -> None:
    assert space.has_at_most(trials) is (len(list(space.points())) <= trials)


@given(st.data())
def test_build_asks_for_active_parameters_only(data: st.DataObject) -> None:
    space = data.draw(spaces(*FINITE))
    asked: list[str] = []

    def suggest(parameter: Parameter) -> Any:
        asked.append(parameter.name)
        return data.draw(st.sampled_from(list(parameter.values() or ())))

    point = space.build(suggest)
    assert asked == list(point)
    assert_lies_in(point, space)


@given(st.one_of(integers("n", ()), stepped("x", ())))
def test_a_range_includes_both_ends_and_snap_keeps_its_values(found: Range) -> None:
    values = found.values()
    assert values is not None
    assert values[0] == found.low
    assert values[-1] == found.high
    assert list(values) == sorted(set(values))
    assert [found.snap(value + 1e-7) for value in values] == list(values)


def test_float_steps_have_no_rounding_noise() -> None:
    assert list(Range("x", 0.0, 0.3, 0.1).values() or ()) == [0.0, 0.1, 0.2, 0.3]


def test_a_long_integer_range_is_counted_without_listing_its_values() -> None:
    space = Space((Range("n", 1, 10**15),))
    assert space.finite
    assert not space.has_at_most(100)
    assert next(space.points()) == {"n": 1}


def test_a_continuous_space_has_no_list_of_points() -> None:
    space = Space((Range("x", 0.0, 1.0),))
    assert not space.finite
    assert not space.has_at_most(10**6)
    with pytest.raises(ValueError, match="x is continuous"):
        next(space.points())


def test_a_space_without_parameters_has_one_empty_point() -> None:
    assert list(Space(()).points()) == [{}]


def test_conditions_also_apply_to_fixed_configuration_values() -> None:
    on_sgd = Choice("training.momentum", (0.0, 0.9), (Clause("training.optimizer", "==", "sgd"),))
    for optimizer, points in (("sgd", 2), ("adam", 1)):
        space = Space((on_sgd,), constants={"training.optimizer": optimizer})
        assert len(list(space.points())) == points
        assert space.never(on_sgd) is (optimizer == "adam")


def test_a_condition_on_an_inactive_parameter_does_not_hold() -> None:
    first = Choice("a", (False, True))
    second = Choice("b", (1, 2), (Clause("a", "==", True),))
    third = Choice("c", (3,), (Clause("b", "!=", 1),))
    points = list(Space((first, second, third)).points())
    assert points == [{"a": False}, {"a": True, "b": 1}, {"a": True, "b": 2, "c": 3}]


# ---------------------------------------------------------------- points that backends propose


def draw_from(backend: Backend, space: Space, count: int) -> None:
    for number in range(count):
        proposal = backend.ask(number)
        if not isinstance(proposal, Proposal):
            return  # a small space is exhausted
        assert_lies_in(proposal.point, space)
        backend.tell(number, "complete" if number % 3 else "failed", 1.0 / (number + 1))


few = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
OPTIONS: dict[str, Any] = {"epochs": 4, "restored": 0}


@pytest.mark.parametrize("build", [optuna.random, optuna.tpe, optuna.qmc])
@few
@given(space=spaces(*FINITE, continuous), seed=st.integers(0, 2**31 - 1))
def test_optuna_proposes_points_of_the_space(
    build: Callable[..., Backend], space: Space, seed: int
) -> None:
    options = {"n_startup_trials": 3} if build is optuna.tpe else {}
    draw_from(build(space, seed=seed, **OPTIONS, **options), space, 6)


# A condition on a stepped float: Keras Tuner's 0.9 is 0.8999….
ON_A_STEP = Space(
    (
        Range("model.p0", 0.0, 0.9, 0.3),
        Choice("model.p1", (1, 2, 3), (Clause("model.p0", "==", 0.9),)),
    )
)


@pytest.mark.parametrize("name", ["random", "hyperband"])
@few
@example(space=ON_A_STEP, seed=0)
@given(space=spaces(*FINITE, continuous), seed=st.integers(0, 2**31 - 1))
def test_keras_tuner_proposes_points_of_the_space(name: str, space: Space, seed: int) -> None:
    from search.backends import keras_tuner

    draw_from(getattr(keras_tuner, name)(space, seed=seed, **OPTIONS), space, 6)


@pytest.mark.long
@settings(few, max_examples=500)
@example(space=ON_A_STEP, seed=0)
@given(space=spaces(*FINITE, continuous), seed=st.integers(0, 2**31 - 1))
def test_both_libraries_propose_points_of_the_space_for_many_spaces(
    space: Space, seed: int
) -> None:
    from search.backends import keras_tuner

    for build in (optuna.random, optuna.tpe, keras_tuner.random):
        draw_from(build(space, seed=seed, **OPTIONS), space, 12)
    if space.finite and space.has_at_most(60):
        points = {key(point) for point in space.points()}
        backend = grid(space, seed=seed, **OPTIONS)
        drawn = [backend.ask(number) for number in range(len(points) + 1)]
        assert {key(p.point) for p in drawn if isinstance(p, Proposal)} == points
        assert drawn[-1] is Answer.EXHAUSTED
