"""Every baseline can be stored as JSON and forecasts from any history as it did in a study.

The quick baselines are those of `baselines`, the textbook methods those of `conf/baselines`.
"""

import copy
import json
import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml

import conf
from models.baselines import Forecast, History, Problem, baselines, forecast_from
from search.config.signatures import call_builder

TEXTBOOK = {
    name: options
    for path in sorted((Path(conf.__file__).parent / "baselines").glob("*.yaml"))
    for name, options in (yaml.safe_load(path.read_text("utf-8")) or {}).items()
    if name != "defaults"
}
RNG = np.random.default_rng
# The methods warn of fits that do not converge and of constant series; their process ignores that.
pytestmark = [
    pytest.mark.filterwarnings("ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::RuntimeWarning"),
]


def posed(values: Any, start: str, train_stop: int, horizon: int, **fields: Any) -> Problem:
    """Returns the problem of forecasting from every step after the training part."""
    unit = fields.pop("unit")
    steps = np.datetime64(start, unit) + np.arange(len(values)) * np.timedelta64(1, unit)
    return Problem(
        values=np.asarray(values, float),
        observed=fields.pop("observed", np.ones(len(values), bool)),
        timestamps=steps.astype("datetime64[s]"),
        horizon=horizon,
        train_stop=train_stop,
        origins=np.arange(train_stop - 1, len(values) - horizon),
        **fields,
    )


def monthly(horizon: int) -> Problem:
    t = np.arange(150)
    values = 20 + 0.1 * t + 5 * np.sin(t * 2 * np.pi / 12) + RNG(0).normal(0, 0.5, 150)
    return posed(values, "2000-03", 110, horizon, unit="M", season=12, seasons=(12, 4))


def daily_with_gaps(horizon: int) -> Problem:
    t, rng = np.arange(220), RNG(1)
    observed = rng.random(220) > 0.1
    observed[0] = True
    values = 3 * np.sin(t * 2 * np.pi / 7) + rng.normal(0, 0.3, 220).cumsum()
    values = values[np.maximum.accumulate(np.where(observed, t, 0))]
    return posed(
        values, "2001-01-01", 180, horizon, unit="D", season=7, seasons=(7, 30), observed=observed
    )


def hourly_with_an_input(horizon: int) -> Problem:
    t, rng = np.arange(260), RNG(2)
    cause = rng.normal(size=(260, 1))
    values = 9 + 3 * np.sin(t * 2 * np.pi / 6) + np.cos(t * 2 * np.pi / 24)
    values[1:] += cause[:-1, 0]
    return posed(
        values, "2001-01-01", 200, horizon, unit="h", season=6, seasons=(6, 48), inputs=cause
    )


def yearly(horizon: int) -> Problem:
    return posed(50 + RNG(3).normal(size=90).cumsum(), "1900", 60, horizon, unit="Y", season=1)


def constant(horizon: int) -> Problem:
    return posed(np.full(90, 3.0), "2000-01", 60, horizon, unit="M", season=12, seasons=(12, 4))


SERIES: dict[str, Callable[[int], Problem]] = {
    one.__name__: one for one in (monthly, daily_with_gaps, hourly_with_an_input, yearly, constant)
}


def textbook(method: str, problem: Problem, **changes: Any) -> Any:
    """Returns the forecast of a textbook method; None if it does not apply."""
    options = {key: value for key, value in TEXTBOOK[method].items() if key != "time_limit"}
    return call_builder("baselines", options | changes, problem=problem)


@cache
def study(name: str, horizon: int) -> tuple[Problem, dict[str, Forecast]]:
    """Returns a problem and the forecasts of all baselines that apply to it, by name."""
    problem = SERIES[name](horizon)
    found = [*baselines(problem), *(textbook(method, problem) for method in TEXTBOOK)]
    return problem, {one.name: one for one in found if one is not None}


def cut(problem: Problem, origin: int, start: int = 0) -> History:
    """Returns the readings of a problem up to an origin."""
    part = slice(start, origin + 1)
    return History(
        problem.values[part],
        problem.observed[part],
        problem.timestamps[part],
        problem.inputs[part],
        problem.horizon,
    )


def stored(forecast: Forecast) -> dict[str, Any]:
    """Returns the parameters as a file of strict JSON gives them, in any order of the names."""
    return json.loads(json.dumps(forecast.parameters, allow_nan=False, sort_keys=True))


@pytest.mark.parametrize("horizon", [1, 12])
@pytest.mark.parametrize("name", SERIES)
def test_a_stored_baseline_forecasts_as_in_the_study(name: str, horizon: int) -> None:
    problem, forecasts = study(name, horizon)
    assert set(TEXTBOOK) - set(forecasts) <= ({"mstl"} if name == "yearly" else set())
    for method, forecast in forecasts.items():
        kept = stored(forecast)
        assert kept["method"] == method == forecast.name
        assert kept["least"] <= problem.train_stop, method
        for index in (0, 3, len(problem.origins) - 1):
            made = forecast_from(kept, cut(problem, int(problem.origins[index])))
            assert made.shape == (horizon,)
            np.testing.assert_allclose(
                made, forecast.predictions[index], rtol=1e-9, atol=1e-11, err_msg=method
            )


@pytest.mark.parametrize("name", SERIES)
def test_a_later_start_keeps_the_place_in_the_calendar_and_the_seasons(name: str) -> None:
    """A forecast from the last steps only is nearly that of the study."""
    problem, forecasts = study(name, 12)
    exact = {"persistence", "seasonal_naive", "drift", "climatology", "linear_ar", "ridge"}
    spread = float(problem.values.std()) or 1.0
    for method, forecast in forecasts.items():
        origin = int(problem.origins[5])
        for start in (origin - 70, origin - 59):
            if origin + 1 - start < forecast.parameters["least"]:
                continue
            made = forecast_from(stored(forecast), cut(problem, origin, max(start, 0)))
            off = np.abs(made - forecast.predictions[5]).max()
            near = 1e-9 if method in exact | {"linear_ar_calendar"} else 0.35
            assert off <= near * spread, f"{method} from {start}: {off / spread:.3f}"


@pytest.mark.parametrize("method", sorted(TEXTBOOK))
def test_steps_before_the_longest_history_do_not_change_a_forecast(method: str) -> None:
    problem = monthly(3)
    forecast = textbook(method, problem, longest_history=60)
    assert forecast.parameters["start"] == 50
    for index in (0, 7):
        origin = int(problem.origins[index])
        for start in (0, 50):
            made = forecast_from(stored(forecast), cut(problem, origin, start))
            np.testing.assert_allclose(made, forecast.predictions[index], rtol=1e-9)


@pytest.mark.parametrize("method", sorted(TEXTBOOK))
def test_a_history_that_continues_for_years_is_cut(method: str) -> None:
    t = np.arange(4000)
    values = 20 + 5 * np.sin(t * 2 * np.pi / 12) + RNG(0).normal(0, 0.5, 4000)
    problem = posed(values, "2001-01-01", 300, 6, unit="D", season=12, seasons=(12, 4))
    short = replace(problem, origins=np.array([299]))
    kept = stored(textbook(method, short, longest_history=200))
    made = forecast_from(kept, cut(problem, 3990))
    assert np.abs(made - values[3991:3997]).max() < 3
    assert np.array_equal(made, forecast_from(kept, cut(problem, 3990, 3790)))


def pokes(value: Any) -> Iterator[Any]:
    """Yields damaged versions of a parameter."""
    yield from (None, "x", math.nan, math.inf, -(10**400), 10**400, True, {}, [], [[1]], [None])
    if isinstance(value, list):
        yield from (value[:-1], [*value, 1], [*value, "x"], value[0], [*value[:-1], math.nan])
        if value and isinstance(value[0], list):
            yield [*value[:-1], value[-1][:-1]]
    if type(value) in (int, float):
        yield from (-value - 1, value + 10**6, str(value), [value])


@pytest.mark.parametrize("name", ["monthly", "hourly_with_an_input"])
def test_damaged_parameters_are_reported_in_a_sentence(name: str) -> None:
    problem, forecasts = study(name, 12)
    history = cut(problem, int(problem.origins[0]))
    unread = {"fitted_steps"}  # only by an ARIMA with drift
    for method, forecast in forecasts.items():
        kept = stored(forecast)
        for key, value in kept.items():
            damaged = [{k: v for k, v in kept.items() if k != key}]
            damaged += [kept | {key: poked} for poked in pokes(value)]
            for number, one in enumerate(damaged):
                try:
                    made = forecast_from(copy.deepcopy(one), history)
                except ValueError as error:
                    text = str(error)
                    assert text.endswith("."), f"{method}: {text}"
                    assert len(text) < 250, f"{method}: {text}"
                else:  # other numbers are possible
                    assert np.isfinite(made).all()
                    possible = type(one.get(key)) in (int, float) or key in unread
                    assert possible, f"{method} takes {key} = {one.get(key)!r} ({number})"


@pytest.mark.parametrize("given", [None, [], "theta", {}, {"method": "magic"}, {"method": [1]}])
def test_an_unknown_method_is_rejected(given: Any) -> None:
    with pytest.raises(ValueError, match=r"is not a baseline: possible|must be given by name"):
        forecast_from(given, cut(monthly(1), 50))


def test_a_history_that_does_not_fit_is_rejected() -> None:
    problem, forecasts = study("hourly_with_an_input", 12)
    history = cut(problem, 199)
    ridge, daily = stored(forecasts["ridge"]), history.timestamps[0] + 24 * np.arange(200) * 3600
    for method, forecast in forecasts.items():
        least = forecast.parameters["least"]
        if least > 1:
            with pytest.raises(ValueError, match=f"at least {least} steps; it has {least - 1}"):
                forecast_from(stored(forecast), cut(problem, least - 2))
        with pytest.raises(ValueError, match="must have every step of the frequency h"):
            forecast_from(stored(forecast), replace(history, timestamps=daily))
        assert forecast_from(stored(forecast), cut(problem, least - 1)).shape == (12,), method
    with pytest.raises(ValueError, match="has 1 inputs, not 0"):
        forecast_from(ridge, replace(history, inputs=np.empty((200, 0))))
    with pytest.raises(ValueError, match="12 steps ahead, not 13"):
        forecast_from(ridge, replace(history, horizon=13))


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"values": np.ones(9)}, "one shape"),
        ({"values": np.full(10, np.nan)}, "finite"),
        ({"inputs": np.ones(10)}, "inputs must be"),
        ({"horizon": 0}, "horizon is 0"),
    ],
)
def test_an_inconsistent_history_is_rejected(changes: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        replace(cut(monthly(1), 9), **changes)


def test_a_series_with_a_calendar_of_its_own_is_not_stored() -> None:
    problem = monthly(1)
    odd = problem.timestamps.copy()
    odd[1::2] += np.timedelta64(9, "D")
    assert not any(one.parameters for one in baselines(replace(problem, timestamps=odd)))
