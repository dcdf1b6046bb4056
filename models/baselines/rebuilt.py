"""The fitted models of statsforecast as JSON, and back.

A method has a function that takes the fitted parameters out of a model, and one that builds a model
from them whose `forward` forecasts as that of the fitted one does. A history may begin `away` steps
after the fitted part does; if `away` is 0, the forecasts are those of the fitted model exactly.

M steps of a season, P states of exponential smoothing.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.baselines.parameters import Parameters

Array = NDArray[np.float64]

# Exponential smoothing estimates an initial state for every step of a season: with more than 24
# steps, this is unstable and slow (R's `forecast` has the same limit).
LONGEST_SEASON = 24
# STL decomposes the history again at every origin: with a season of 365 days, it takes minutes.
LONGEST_DECOMPOSED = 336
# Smoothing states along the fitted part that are kept, besides the last one.
_KEPT_STATES = 8


def ets_parameters(model: Any) -> dict[str, Any]:
    """Returns the smoothing parameters of an AutoETS, and its states at some fitted steps."""
    fitted = model.model_
    states = fitted["states"]
    last = len(states) - 1
    steps = [*range(0, last, max(1, -(-last // _KEPT_STATES))), last]
    return {
        "components": str(fitted["components"]),
        "season": int(fitted["m"]),
        # alpha, beta, gamma and phi; those that the model does not have are not a number
        "smoothing": [float(one) if one == one else 0.0 for one in fitted["par"][:4]],  # noqa: PLR0124
        "steps": steps,
        "states": states[steps].tolist(),
    }


def ets(parameters: Parameters, away: int, _: Array) -> Any:
    """Returns the AutoETS of some parameters.

    Its state before the history is the last stored one, carried forward without readings.
    """
    from statsforecast.models import AutoETS

    components = parameters.text("components")
    letters = ("AM", "NA", "NAM", "ND")
    if len(components) != 4 or any(c not in of for c, of in zip(components, letters, strict=True)):
        raise parameters.damaged("components", "four letters, such as AANN")
    season = parameters.whole("season", 1, LONGEST_SEASON)
    trended, seasonal = components[1] == "A", components[2] != "N"
    steps = parameters.wholes("steps")
    if not steps or steps[0] != 0 or steps != sorted(steps):
        raise parameters.damaged("steps", "whole numbers in ascending order, the first one 0")
    states = parameters.array("states", len(steps), 1 + trended + season * seasonal)
    smoothing = parameters.array("smoothing", 4)
    index = int(np.searchsorted(steps, away, side="right")) - 1
    damping = smoothing[3] if components[3] == "D" else 1.0
    state = _carried(states[index], away - steps[index], trended=trended, damping=damping)
    # MSTL takes no method that may select a season.
    model = AutoETS(season_length=season, model="ZZZ" if seasonal else "ZZN")
    model.model_ = {
        "components": components,
        "m": season,
        "par": np.concatenate([smoothing, state]),
        "fit": None,
        "n_params": 0,  # only for measures of the fit
    }
    return model


def _carried(state: Array, steps: int, *, trended: bool, damping: float) -> Array:
    """Returns a state [P] (level, trend, seasons from the last one back) after `steps` steps."""
    if not steps:
        return state
    level, rest = state[:1], state[1:]
    if trended:
        power = damping**steps
        total = damping * (1 - power) / (1 - damping) if damping != 1 else steps
        level = np.concatenate([level + rest[:1] * total, rest[:1] * power])
        rest = rest[1:]
    return np.concatenate([level, np.roll(rest, steps)])


def arima_parameters(model: Any) -> dict[str, Any]:
    """Returns the orders and the coefficients of an AutoARIMA."""
    fitted = model.model_
    orders = [int(one) for one in fitted["arma"]]
    named = dict(fitted["coef"])
    constants = [name for name in named if name in ("intercept", "drift")]
    constant = constants[0] if constants else "none"
    if list(named) != _names(orders, constant):
        raise ValueError(f"its coefficients are {', '.join(named)}")
    return {
        "orders": orders,
        "coefficients": [float(value) for value in named.values()],
        "constant": constant,
    }


def arima(parameters: Parameters, _: int, __: Array) -> Any:
    """Returns the AutoARIMA of some parameters; it needs no state before the history."""
    from statsforecast.models import AutoARIMA

    orders = parameters.wholes("orders", 0, LONGEST_SEASON)
    if len(orders) != 7 or max(orders[:4] + orders[5:]) > 10 or not orders[4]:
        raise parameters.damaged("orders", "p, q, P, Q, the season, d and D")
    constant = parameters.text("constant", ("none", "intercept", "drift"))
    if (constant == "intercept" and orders[5] + orders[6] != 0) or (
        constant == "drift" and orders[5] + orders[6] != 1
    ):
        raise parameters.damaged("constant", "possible with the orders")
    names = _names(orders, constant)
    coefficients = parameters.array("coefficients", len(names))
    count = parameters.whole("fitted_steps", 1)
    drift = np.arange(1, count + 1, dtype=np.float64)[:, None] if constant == "drift" else None
    model = AutoARIMA(season_length=orders[4])
    model.model_ = {
        "arma": tuple(orders),
        "coef": dict(zip(names, coefficients, strict=True)),
        "xreg": drift,
        "x": range(count),  # only its length is used
        "sigma2": 1.0,  # only for intervals
        "lambda": None,
    }
    return model


def _names(orders: list[int], constant: str) -> list[str]:
    """Returns the names of the coefficients in the order of statsforecast."""
    counts = zip(("ar", "ma", "sar", "sma"), orders[:4], strict=True)
    names = [f"{name}{i + 1}" for name, count in counts for i in range(count)]
    return names if constant == "none" else [*names, constant]


def arima_least(fitted: Mapping[str, Any]) -> int:
    """Returns the number of steps that an ARIMA of some orders needs to forecast."""
    p, q, seasonal_p, seasonal_q, season, d, seasonal_d = fitted["orders"]
    reach = max(p + seasonal_p * season, q + seasonal_q * season)
    return int(d + seasonal_d * season + reach + 3)


def theta_parameters(model: Any) -> dict[str, Any]:
    """Returns the parameters of a Theta model."""
    fitted = model.model_
    return {
        "season": int(fitted["m"]),
        "level": float(fitted["par"]["initial_smoothed"]),
        "alpha": float(fitted["par"]["alpha"]),
        "theta": float(fitted["par"]["theta"]),
    }


def theta(parameters: Parameters, away: int, values: Array) -> Any:
    """Returns the DynamicOptimizedTheta of some parameters.

    If the history begins elsewhere than the fitted part, the level before it follows from its first
    season, such that the first forecast is the mean of that season.
    """
    from statsforecast.models import DynamicOptimizedTheta

    season = parameters.whole("season", 1, LONGEST_SEASON)
    line = parameters.number("theta")
    if line <= 0:
        raise parameters.damaged("theta", "greater than 0")
    level = parameters.number("level") if away == 0 else float(values[:season].mean()) / line
    model = DynamicOptimizedTheta(season_length=season)
    model.model_ = {
        "m": season,
        "modeltype": "DOTM",
        "par": {"initial_smoothed": level, "alpha": parameters.number("alpha"), "theta": line},
    }
    return model


def mstl_parameters(model: Any) -> dict[str, Any]:
    """Returns the seasons of an MSTL and the parameters of the method that forecasts its trend."""
    seasons = [int(season) for season in model.season_length]
    return {"seasons": seasons, **ets_parameters(model.trend_forecaster)}


def mstl(parameters: Parameters, away: int, values: Array) -> Any:
    """Returns the MSTL of some parameters, which decomposes the history again."""
    from statsforecast.models import MSTL

    seasons = parameters.wholes("seasons", 2, LONGEST_DECOMPOSED)
    if len(seasons) < 2 or parameters.whole("season") != 1:
        raise parameters.damaged("seasons", "at least two, and those of the trend 1")
    return MSTL(season_length=seasons, trend_forecaster=ets(parameters, away, values))
