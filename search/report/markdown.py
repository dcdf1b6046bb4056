"""Description of a study for MLflow, in Markdown."""

from collections.abc import Iterable, Mapping, Sequence

from search.plots.formatting import cut
from search.results.findings import WHERE, Findings, commands
from search.results.judgement import interval
from search.results.leaderboard import Row
from search.results.verdict import optimism, verdict
from search.space.space import spelled

# MLflow cuts the description at 8,000 characters.
_TABLE_ROWS = 12
_GAP = "&nbsp;&nbsp;"
_SEARCHED_ROWS, _SEARCHED_LENGTH = 24, 80


def description(found: Findings) -> str:
    """Returns the description of a study, starting with the result."""
    board, unit = found.board, found.unit
    parts = [
        f"**{verdict(board, unit)}**",
        optimism(board, unit),
        found.state,
        found.saved,
        "`report.html`, under Artifacts, shows every trial and interactive charts.",
        _table(found),
        _front(found),
        _next_steps(found),
        f"### Parameter importance\n{_importance(found)}",
        _searched(found),
    ]
    return "\n\n".join(filter(None, parts))


def _next_steps(found: Findings) -> str:
    lines = [f"- `{command}` {what}" for command, what in commands(found)]
    return "\n".join(["### Next steps", *lines, "", WHERE])


def _front(found: Findings) -> str:
    front = sorted((row for row in found.board if row.pareto), key=lambda row: row.parameters or 0)
    if not front:
        return ""
    lines = [
        (_plain(row.name), _figure(row.figures, "mae"), str(row.parameters), f"`{row.run_id}`")
        for row in front[:_TABLE_ROWS]
    ]
    table = _aligned(("", f"MAE {found.unit}", "weights", "run"), lines)
    return f"### Pareto front ({len(front)} trials)\n{table}"


def _searched(found: Findings) -> str:
    parameters = found.space.parameters
    if not parameters:
        return ""
    lines = [
        f"- `{parameter.name}`: {cut(spelled(parameter), _SEARCHED_LENGTH)}"
        for parameter in parameters[:_SEARCHED_ROWS]
    ]
    left = len(parameters) - len(lines)
    more = [f"- and {left} more: `report.html` lists all of them"] if left else []
    return "\n".join(["### Search space", *lines, *more])


def _importance(found: Findings) -> str:
    if not found.importance:
        return found.mattered
    ranked = sorted(found.importance.items(), key=lambda item: -item[1])[:5]
    return (
        ", ".join(f"`{name}` {share:.0%}" for name, share in ranked)
        + f" ({found.importance_note})."
    )


def _table(found: Findings) -> str:
    trials = [row for row in found.board if row.kind == "trial"][:_TABLE_ROWS]
    shown = [row for row in found.board if row.kind != "trial" or row in trials]
    unit = found.unit
    head = (
        *("", "run", f"MAE {unit}", "with fresh seeds", "skill", "95 % interval", "verdict"),
        *(f"RMSE {unit}", "state"),
    )
    lines = [
        (
            *(str(row.rank or "–"), _named(row), _figure(row.figures, "mae")),
            *(_figure(row.fresh, "mae"), _figure(row.counted, "skill")),
            *(interval(row.counted) or "–", row.verdict or "–"),
            *(_figure(row.counted, "rmse"), row.state),
        )
        for row in shown
    ]
    return _aligned(head, lines)


def _aligned(head: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    """Returns a table, with padded cells because MLflow shows columns without space between."""
    first, *others = (f"| {f'{_GAP} | '.join(row)}{_GAP} |" for row in (head, *lines))
    return "\n".join([first, "|" + "---|" * len(head), *others])


def _named(row: Row) -> str:
    return f"*{_plain(row.name)}*" if row.kind == "baseline" else _plain(row.name)


def _plain(name: str) -> str:
    """Returns a name, shortened and escaped for a table cell."""
    return cut(name, 100).replace("|", "\\|")


def _figure(figures: Mapping[str, float], name: str) -> str:
    if name not in figures:
        return "–"
    return f"{figures[name]:+.1%}" if name == "skill" else f"{figures[name]:.3f}"
