"""Textbook methods from statsforecast: fitted on the training part, then rolled forward.

T steps of a series, N forecast origins, H horizon. The parameters of a method are fitted
to the training part. A forecast from an origin applies them to all readings up to that origin,
without refitting.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.baselines import rebuilt
from models.baselines.history import Readings
from models.baselines.parameters import Parameters
from models.baselines.problem import Apply, Forecast, Problem, forecast_of

Array = NDArray[np.float64]
Settings = Mapping[str, int | float | str]

# A stored method uses all steps since the fitted part began, up to so many times `longest_history`.
_LONGEST_ROLLED = 1.25


def auto_ets(problem: Problem, *, longest_history: int = 5000) -> Forecast:
    """Exponential smoothing whose error, trend and season are selected by AICc.

    Args:
        problem: the series and its origins.
        longest_history: maximum number of training steps to fit; earlier ones are ignored.

    Source: Hyndman et al., "Forecasting with exponential smoothing", 2008.
    """
    from statsforecast.models import AutoETS

    season = _short_season(problem)
    model = AutoETS(season_length=season)
    fitted = _fitted(problem, model, longest_history) | rebuilt.ets_parameters(model)
    selected = str(model.model_.get("method", "constant"))  # a constant series has none
    settings: Settings = {"model": selected, "season": season}
    least = max(4, fitted["season"])
    return _forecast("auto_ets", problem, fitted, apply_ets, least, settings)


def auto_arima(problem: Problem, *, longest_history: int = 2000) -> Forecast:
    """A seasonal ARIMA whose orders are selected stepwise by AICc.

    Args:
        problem: the series and its origins.
        longest_history: maximum number of training steps to fit; earlier ones are ignored.

    Source: Hyndman and Khandakar, "Automatic time series forecasting", 2008.
    """
    from statsforecast.arima import arima_string
    from statsforecast.models import AutoARIMA

    season = _short_season(problem)
    model = AutoARIMA(season_length=season)
    fitted = _fitted(problem, model, longest_history) | rebuilt.arima_parameters(model)
    settings: Settings = {"model": str(arima_string(model.model_)).strip(), "season": season}
    least = rebuilt.arima_least(fitted)
    return _forecast("auto_arima", problem, fitted, apply_arima, least, settings)


def theta(problem: Problem, *, longest_history: int = 5000) -> Forecast:
    """The dynamic optimised Theta method.

    Args:
        problem: the series and its origins.
        longest_history: maximum number of training steps to fit; earlier ones are ignored.

    Source: Fiorucci et al., "Models for optimising the theta method", 2016.
    """
    from statsforecast.models import DynamicOptimizedTheta

    season = _short_season(problem)
    model = DynamicOptimizedTheta(season_length=season)
    fitted = _fitted(problem, model, longest_history) | rebuilt.theta_parameters(model)
    # In a shorter history, the method may find no season.
    least = max(4, 3 * season)
    return _forecast("theta", problem, fitted, apply_theta, least, {"season": season})


def mstl(problem: Problem, *, longest_history: int = 2000) -> Forecast | None:
    """Several seasons removed by STL; the rest is forecast by exponential smoothing.

    Args:
        problem: the series and its origins.
        longest_history: maximum number of training steps to fit; earlier ones are ignored.

    Returns:
        The forecast; None if the series has fewer than two seasons that its training part
        covers twice.

    Source: Bandara, Hyndman and Bergmeir, "MSTL: a seasonal-trend decomposition algorithm for time
    series with multiple seasonal patterns", 2021.
    """
    from statsforecast.models import MSTL, AutoETS

    longest = min(rebuilt.LONGEST_DECOMPOSED, min(problem.train_stop, longest_history) // 2)
    seasons = [season for season in problem.seasons if 1 < season <= longest]
    if len(seasons) < 2:
        return None
    model = MSTL(season_length=seasons, trend_forecaster=AutoETS(model="ZZN"))
    fitted = _fitted(problem, model, longest_history) | rebuilt.mstl_parameters(model)
    settings = {"seasons": " ".join(map(str, seasons))}
    return _forecast("mstl", problem, fitted, apply_mstl, 2 * max(seasons), settings)


def _short_season(problem: Problem) -> int:
    """Returns the longest season that these methods can estimate; 1 if there is none."""
    length = problem.train_stop
    short = [s for s in problem.seasons if s <= min(rebuilt.LONGEST_SEASON, length // 2)]
    return max(short, default=1)


def _fitted(problem: Problem, model: Any, longest_history: int) -> dict[str, Any]:
    """Fits a model once; returns the place of the steps that it was fitted to."""
    start = max(0, problem.train_stop - longest_history)
    model.fit(y=problem.values[start : problem.train_stop])
    return {
        "start": int(start),
        "fitted_steps": int(problem.train_stop - start),
        "longest_history": int(longest_history),
    }


def _forecast(
    name: str,
    problem: Problem,
    fitted: dict[str, Any],
    apply: Apply,
    least: int,
    settings: Settings,
) -> Forecast:
    """Returns the forecast by fitted parameters, with the number of fitted steps as a setting."""
    steps = fitted["fitted_steps"]
    made = forecast_of(
        name,
        problem,
        fitted,
        apply,
        least=min(least, steps),
        settings={**settings, "fitted_steps": steps},
    )
    if not np.isfinite(made.predictions).all():
        raise ValueError("its forecasts are not finite")
    return made


def apply_ets(parameters: Parameters, readings: Readings) -> Array:
    """Returns the forecasts [N, H] of exponential smoothing."""
    return _rolled(parameters, readings, rebuilt.ets)


def apply_arima(parameters: Parameters, readings: Readings) -> Array:
    """Returns the forecasts [N, H] of a seasonal ARIMA."""
    return _rolled(parameters, readings, rebuilt.arima)


def apply_theta(parameters: Parameters, readings: Readings) -> Array:
    """Returns the forecasts [N, H] of the dynamic optimised Theta method."""
    return _rolled(parameters, readings, rebuilt.theta)


def apply_mstl(parameters: Parameters, readings: Readings) -> Array:
    """Returns the forecasts [N, H] of STL and exponential smoothing."""
    return _rolled(parameters, readings, rebuilt.mstl)


def _rolled(
    parameters: Parameters, readings: Readings, build: Callable[[Parameters, int, Array], Any]
) -> Array:
    """Returns the forecasts [N, H] of a fitted model, rolled forward to each origin.

    A study rolls from the first fitted step. So does a history that contains that step, unless it
    continues for much longer than the longest history to fit; its forecasts are those of a study.
    Otherwise, the last `longest_history` steps are used, from a state that suits the first of them.
    """
    longest = parameters.whole("longest_history", 1)
    begin = parameters.whole("start") - readings.first
    forecasts = []
    for origin in readings.origins:
        start, stop = begin, int(origin) + 1
        if start < 0 or (readings.limited and stop - start > _LONGEST_ROLLED * longest):
            start = max(0, stop - longest)
        values = readings.values[start:stop]
        model = build(parameters, start - begin, values)
        forecasts.append(model.forward(y=values, h=readings.horizon)["mean"])
    return np.stack(forecasts)
