"""Figure of the importance of the parameters."""

import math
from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from search.plots import formatting, style


def importance(values: Mapping[str, float], *, title: str, note: str) -> Figure:
    """Draws the importance of each parameter, highest first; NaN is written "–".

    Args:
        values: importance by dotted name of the parameter.
        title: title of the figure.
        note: how the importance was computed or, if `values` is empty, why there is none.
    """
    if not values:
        return style.message_figure(title, note or "No importances: too few complete trials.")
    ranked = sorted(values.items(), key=lambda item: (math.isnan(item[1]), -item[1], item[0]))
    names = [
        formatting.cut(name, 44) for name in formatting.short_names([name for name, _ in ranked])
    ]
    sizes = np.array([value for _, value in ranked], dtype=np.float64)
    figure, axes = style.new_figure(
        [["bars"]],
        1.4 + 0.3 * len(names),
        title=title,
        top=0.5,
        bottom=0.8,
        left=0.4 + 0.075 * max(len(name) for name in names),
    )
    panel = axes["bars"]
    drawn = np.nan_to_num(sizes)
    panel.barh(np.arange(len(names)), drawn, height=0.68, color=style.MODEL)
    panel.set_yticks(range(len(names)), [style.plain(name) for name in names])
    panel.set_ylim(len(names) - 0.4, -0.6)
    panel.set_xlim(min(0.0, drawn.min()), max(drawn.max(), 0.01) * 1.12)
    panel.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    panel.grid(visible=False, axis="y")
    panel.tick_params(axis="y", length=0)
    for place, value in enumerate(sizes.tolist()):
        panel.annotate(
            "–" if math.isnan(value) else "< 0.01" if 0 < value < 0.005 else f"{value:.2f}",
            (max(drawn[place], 0.0), place),
            xytext=(4, 0),
            textcoords="offset points",
            va="center",
            fontsize=style.TEXT_SIZE,
            color=style.INK,
        )
    style.label(panel, x="importance")
    figure.text(
        0.1 / style.WIDTH,
        0.1 / figure.get_figheight(),
        style.plain(formatting.cut(note, 140)),
        fontsize=style.TEXT_SIZE - 0.5,
        color=style.QUIET,
        va="bottom",
    )
    return figure
