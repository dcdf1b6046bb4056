"""The look of every table on the terminal, and what it leaves out where that is narrow."""

from collections.abc import Sequence
from dataclasses import dataclass

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.table import Table

_GAP = 2


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes:
        right: whether it is set to the right, as figures are.
        least: width that it may shrink to; None keeps its widest cell whole.
        goes: place in the order in which columns are left out where there is no room; None stays.
    """

    heading: str
    cells: Sequence[str]
    right: bool = False
    least: int | None = None
    goes: int | None = None

    @property
    def widest(self) -> int:
        """Width of its widest cell."""
        lines = (line for text in (self.heading, *self.cells) for line in text.splitlines())
        return max(map(cell_len, lines), default=0)

    @property
    def needs(self) -> int:
        """The width below which it cannot go."""
        return self.widest if self.least is None else min(self.widest, self.least)


def new_table() -> Table:
    """Returns an empty table in the house's look."""
    return Table(
        box=SIMPLE_HEAD,
        header_style="bold",
        border_style="dim",
        padding=(0, _GAP - 1, 0, 0),
        show_edge=False,
        pad_edge=False,
    )


def fitted_table(
    columns: Sequence[Column], width: int, *, styles: Sequence[str] = (), wrap: bool = True
) -> Table:
    """Returns a table of those columns that fit into `width` characters, a row a cell of them.

    Args:
        columns: of as many cells each.
        width: of the terminal.
        styles: of the rows.
        wrap: whether a text that is too long goes on in a further line; otherwise it is cut.
    """
    shown = list(columns)
    while (room := width + _GAP - sum(column.needs + _GAP for column in shown)) < 0:
        spare = [column for column in shown if column.goes is not None]
        if not spare:
            break
        shown.remove(min(spare, key=lambda column: column.goes or 0))
    made = new_table()
    for column in shown:
        more = min(column.widest - column.needs, max(room, 0))
        room -= more
        made.add_column(
            column.heading,
            justify="right" if column.right else "left",
            width=column.needs + more,
            no_wrap=not wrap,
            overflow="fold" if wrap else "ellipsis",
        )
    for place, cells in enumerate(zip(*(column.cells for column in shown), strict=True)):
        made.add_row(*cells, style=styles[place] if styles else None)
    return made
