"""Figure of a forecast of future values."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from search.plots import style

_SHOWN = 2  # length of the drawn history, in windows
_LEAST, _MOST = 24, 400  # minimum and maximum length of the drawn history, in steps
_MARKED = 12  # forecasts of up to this number of steps have a marker at each step


def future(
    history: pd.Series, forecast: pd.DataFrame, *, steps: int, unit: str, title: str
) -> Figure:
    """Draws the end of a history, the forecast that follows it, and the forecast intervals.

    Args:
        history: readings by timestamp; NaN if a reading is missing.
        forecast: table with the columns timestamp, forecast, and lower_<level> and upper_<level>
            of each interval, the narrowest first.
        steps: window size of the model.
        unit: unit of the series.
        title: title of the figure.
    """
    figure, axes = style.new_figure([["all"]], 4.2, title=title, gap=0.3, bottom=0.55)
    panel = axes["all"]
    recent = history.iloc[-int(np.clip(_SHOWN * steps, _LEAST, _MOST)) :]
    panel.plot(recent.index, recent.to_numpy(), color=style.ACTUAL, label="readings")
    last = recent.dropna()
    times = pd.DatetimeIndex([last.index[-1], *forecast["timestamp"]])

    def joined(column: str) -> list[float]:
        return [float(last.iloc[-1]), *forecast[column]]

    levels = [
        name.removeprefix("lower_") for name in map(str, forecast) if name.startswith("lower_")
    ]
    for level, alpha in zip(reversed(levels), np.linspace(0.15, 0.3, len(levels)), strict=True):
        panel.fill_between(
            times,
            joined(f"lower_{level}"),
            joined(f"upper_{level}"),
            color=style.MODEL,
            alpha=alpha,
            linewidth=0,
            label=f"{level} % interval",
        )
    panel.plot(times, joined("forecast"), color=style.MODEL, label="forecast")
    if len(forecast) <= _MARKED:
        panel.plot(times[1:], forecast["forecast"], "o", color=style.MODEL, markersize=4)
    style.label(panel, x="date", y=style.quantity("value", unit))
    style.legend(panel)
    style.date_axis(panel)
    return figure
