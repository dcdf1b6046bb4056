"""Common style of all figures, applied to each artist so that no global state is changed."""

import io
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib import colormaps
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from search.plots import formatting

# Okabe and Ito, "Color Universal Design" (2008): distinguishable with all types of colour vision.
BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
BLUE, VERMILLION, PURPLE = "#0072B2", "#D55E00", "#CC79A7"
# Each colour has the same meaning in all figures.
ACTUAL, MODEL, BASELINE, BEST, FAILED = "#A8A8A8", BLUE, ORANGE, GREEN, VERMILLION
# Colours of several trials in one plot, the best first; none is the baseline's or the actual's.
RANKED = (GREEN, BLUE, SKY, PURPLE, BLACK)
INK, QUIET, GRID = "#262626", "#6B6B6B", "#E4E4E4"

DPI = 110
WIDTH = 8.2  # inches: 902 pixels
TITLE_SIZE, PANEL_SIZE, TEXT_SIZE = 11.0, 9.5, 8.5
_LINE_HEIGHT = 0.2  # height of one line of the title, in inches

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.float64]


def new_figure(
    rows: Sequence[Sequence[str]],
    height: float,
    *,
    title: str,
    left: float = 0.75,
    right: float = 0.25,
    top: float = 0.7,
    bottom: float = 0.5,
    gap: float = 0.75,
) -> tuple[Figure, dict[str, Axes]]:
    """Returns an empty figure and its panels by name.

    Lengths are in inches. The margins are fixed, because measuring all texts (constrained layout)
    would take as long as drawing the figure. A title longer than two lines is cut.

    Args:
        rows: names of the panels in each row; a name repeated in a row spans these columns.
        height: height of the figure with a title of one line.
        title: title of the figure.
        left: left margin.
        right: right margin.
        top: top margin.
        bottom: bottom margin.
        gap: distance between panels.
    """
    lines = textwrap.wrap(title, 88, max_lines=2, placeholder=" …")
    extra = _LINE_HEIGHT * max(len(lines) - 1, 0)
    height, top = height + extra, top + extra
    panel_height = (height - top - bottom - gap * (len(rows) - 1)) / len(rows)
    columns = len(rows[0])
    panel_width = (WIDTH - left - right - gap * (columns - 1)) / columns
    figure = Figure(figsize=(WIDTH, height), dpi=DPI, facecolor="white")
    axes: dict[str, Axes] = figure.subplot_mosaic(
        [list(row) for row in rows],
        gridspec_kw={
            "left": left / WIDTH,
            "right": 1 - right / WIDTH,
            "top": 1 - top / height,
            "bottom": bottom / height,
            "hspace": gap / panel_height,
            "wspace": gap / panel_width,
        },
    )
    for panel in axes.values():
        _apply_style(panel)
    figure.suptitle(
        plain("\n".join(lines)),
        x=0.1 / WIDTH,
        y=1 - 0.1 / height,
        ha="left",
        va="top",
        fontsize=TITLE_SIZE,
        fontweight="bold",
        color=INK,
    )
    return figure, axes


def _apply_style(axes: Axes) -> None:
    axes.set_facecolor("white")
    axes.set_axisbelow(True)
    axes.grid(visible=True, color=GRID, linewidth=0.7)
    axes.tick_params(colors=QUIET, labelcolor=INK, labelsize=TEXT_SIZE, length=3)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(QUIET)
    # The power of ten of the tick labels goes to the left of the panel's title, not below it.
    beside = -0.55 / (WIDTH * axes.get_position().width)
    axes.yaxis.get_offset_text().set(x=beside, fontsize=TEXT_SIZE - 0.5, color=QUIET)


def message_figure(title: str, text: str) -> Figure:
    """Returns a figure with a text that explains why there is nothing to draw."""
    figure, axes = new_figure([["message"]], 2.2, title=title)
    panel = axes["message"]
    panel.set_axis_off()
    panel.text(
        0.5,
        0.5,
        plain(textwrap.fill(text, 90)),
        ha="center",
        va="center",
        fontsize=PANEL_SIZE + 1,
        color=QUIET,
        transform=panel.transAxes,
    )
    return figure


def to_png(figure: Figure) -> bytes:
    """Returns the figure as a PNG, 902 pixels wide, on white; equal figures give equal bytes."""
    buffer = io.BytesIO()
    # Level 1 takes half the time of zlib's default of 6 and makes the file 10 % larger.
    figure.savefig(
        buffer,
        format="png",
        dpi=DPI,
        facecolor="white",
        transparent=False,
        metadata={"Software": None},
        pil_kwargs={"compress_level": 1},
    )
    return buffer.getvalue()


def plain(text: str) -> str:
    """Returns `text` with dollar signs escaped, which would otherwise start a formula."""
    return text.replace("$", r"\$")


def quantity(name: str, unit: str) -> str:
    """Returns an axis label with its unit."""
    return plain(formatting.quantity(name, unit))


def label(axes: Axes, *, title: str = "", x: str = "", y: str = "") -> None:
    """Sets the panel's title (left, above the data) and the names of its axes."""
    axes.set_title(plain(title), loc="left", y=1.0, pad=6, fontsize=PANEL_SIZE, color=INK)
    axes.set_xlabel(x, fontsize=TEXT_SIZE, color=INK)
    axes.set_ylabel(y, fontsize=TEXT_SIZE, color=INK)


def legend(axes: Axes, *, columns: int = 0) -> None:
    """Adds a legend above the panel on the right; one row if `columns` is 0."""
    handles, names = axes.get_legend_handles_labels()
    if handles:
        look = legend_look(columns or len(handles))
        shown = [plain(name) for name in names]
        axes.legend(handles, shown, loc="lower right", bbox_to_anchor=(1.0, 1.0), **look)


def shared_legend(figure: Figure, *panels: Axes) -> None:
    """Adds one legend for all `panels` in a row below the title, with each name once."""
    found: dict[str, Artist] = {}
    for panel in panels:
        for handle, name in zip(*panel.get_legend_handles_labels(), strict=True):
            found.setdefault(plain(name), handle)
    place = (1 - 0.2 / WIDTH, 1 - 0.32 / figure.get_figheight())
    look = legend_look(len(found))
    figure.legend([*found.values()], [*found], loc="upper right", bbox_to_anchor=place, **look)


def legend_look(columns: int) -> dict[str, Any]:
    """Returns the style of a legend as keyword arguments of matplotlib's `legend`."""
    return {
        "ncols": columns,
        "borderaxespad": 0.15,
        "frameon": False,
        "fontsize": TEXT_SIZE,
        "labelcolor": INK,
        "handlelength": 1.4,
        "handletextpad": 0.5,
        "columnspacing": 1.2,
    }


def date_axis(axes: Axes) -> None:
    """Formats the x axis as dates without repeating their common parts."""
    locator = AutoDateLocator(minticks=4, maxticks=9)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)  # type: ignore[no-untyped-call]
    axes.xaxis.set_major_formatter(formatter)
    axes.margins(x=0.012)
    axes.xaxis.get_offset_text().set(fontsize=TEXT_SIZE, color=QUIET)


def whole_numbers(most: int) -> MaxNLocator:
    """Returns a locator with at most `most` ticks at integers (epochs, trials, steps)."""
    return MaxNLocator(most, integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])


def log_axis(axes: Axes) -> None:
    """Makes the y axis logarithmic, with ticks at 1, 2 and 5 written as plain numbers."""
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=8))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.yaxis.set_minor_locator(NullLocator())


def shades(count: int) -> list[str]:
    """Returns `count` colours from the best score to the worst, as `#rrggbb`."""
    return [to_hex(color) for color in colormaps["viridis"](np.linspace(0, 1, count))]
