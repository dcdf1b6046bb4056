"""Textbook methods from statsforecast: fitted on the training part, then rolled forward.

T steps of a series, N forecast origins, H horizon. The parameters of a method are fitted
to the training part. A forecast from an origin applies them to all readings up to that origin,
without refitting.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.baselines.problem import Forecast, Problem

# Exponential smoothing estimates an initial state for every step of a season: with more than 24
# steps, this is unstable and slow (R's `forecast` has the same limit).
_LONGEST_SEASON = 24
# STL decomposes the history again at every origin: with a season of 365 days, it takes minutes.
_LONGEST_DECOMPOSED = 336


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
    forecasts, used = _rolled(problem, model, longest_history)
    selected = model.model_.get("method", "constant")  # a constant series has none
    return Forecast("auto_ets", forecasts, {"model": selected, "season": season, **used})


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
    forecasts, used = _rolled(problem, model, longest_history)
    order = str(arima_string(model.model_)).strip()
    return Forecast("auto_arima", forecasts, {"model": order, "season": season, **used})


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
    forecasts, used = _rolled(problem, model, longest_history)
    return Forecast("theta", forecasts, {"season": season, **used})


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

    longest = min(_LONGEST_DECOMPOSED, min(problem.train_stop, longest_history) // 2)
    seasons = [season for season in problem.seasons if 1 < season <= longest]
    if len(seasons) < 2:
        return None
    model = MSTL(season_length=seasons, trend_forecaster=AutoETS(model="ZZN"))
    forecasts, used = _rolled(problem, model, longest_history)
    return Forecast("mstl", forecasts, {"seasons": " ".join(map(str, seasons)), **used})


def _short_season(problem: Problem) -> int:
    """Returns the longest season that these methods can estimate; 1 if there is none."""
    length = problem.train_stop
    short = [s for s in problem.seasons if s <= min(_LONGEST_SEASON, length // 2)]
    return max(short, default=1)


def _rolled(
    problem: Problem, model: Any, longest_history: int
) -> tuple[NDArray[np.float64], dict[str, int | float | str]]:
    """Fits a model once; returns its forecasts [N, H] and the number of fitted steps."""
    start = max(0, problem.train_stop - longest_history)
    model.fit(y=problem.values[start : problem.train_stop])
    forecasts = np.stack(
        [
            model.forward(y=problem.values[start : origin + 1], h=problem.horizon)["mean"]
            for origin in problem.origins
        ]
    )
    if not np.isfinite(forecasts).all():
        raise ValueError("its forecasts are not finite")
    return forecasts, {"fitted_steps": problem.train_stop - start}
