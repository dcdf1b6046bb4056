"""Picture of a forecast of what is not known yet."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from search.plots import style

_SHOWN = 2  # windows of the history
_LEAST, _MOST = 24, 400  # steps of it
_MARKED = 12  # a forecast of at most so many steps has its steps marked


def future(
    history: pd.Series, forecast: pd.DataFrame, *, steps: int, unit: str, title: str
) -> Figure:
    """The end of a history, the forecast after it, and its intervals.

    `history` holds readings by timestamp, NaN where one is missing; `forecast` the columns
    timestamp, forecast, and lower_<level>, upper_<level>, the narrowest first; `steps` is the
    window size of the model.
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
