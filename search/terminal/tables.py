"""Style of the tables on the terminal, and how they are fitted to its width."""

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
        heading: text of the heading.
        cells: text of each cell.
        right: whether the column is right-aligned, as numbers are.
        least: minimum width it can shrink to; None never shortens a cell.
        dropped_at: the column with the lowest number is dropped first if the table is too wide;
            None never drops it.
    """

    heading: str
    cells: Sequence[str]
    right: bool = False
    least: int | None = None
    dropped_at: int | None = None

    @property
    def widest(self) -> int:
        """Width of the widest cell or of the heading."""
        lines = (line for text in (self.heading, *self.cells) for line in text.splitlines())
        return max(map(cell_len, lines), default=0)

    @property
    def needs(self) -> int:
        """Minimum width of the column."""
        return self.widest if self.least is None else min(self.widest, self.least)


def new_table() -> Table:
    """Returns an empty table in the common style."""
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
    """Returns a table of the columns that fit into `width` characters.

    Args:
        columns: columns, all with the same number of cells.
        width: width of the terminal.
        styles: style of each row; empty for none.
        wrap: whether text that is too long wraps to the next line instead of being cut.
    """
    shown = list(columns)
    while (room := width + _GAP - sum(column.needs + _GAP for column in shown)) < 0:
        spare = [column for column in shown if column.dropped_at is not None]
        if not spare:
            break
        shown.remove(min(spare, key=lambda column: column.dropped_at or 0))
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
