"""HTML page of a study: a single file that needs no network."""

from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from datasets.parsing.frequency import shown
from search.plots.formatting import short_names
from search.report.charts import Section, labels
from search.report.table import css_class, table, value_of
from search.results.findings import WHERE, Findings, commands
from search.results.verdict import optimism, verdict
from search.space.space import spelled


def page(found: Findings, sections: Sequence[Section]) -> bytes:
    """Returns the page with the charts of `sections`; plotly.js is included only if there are any.

    All user-defined names are escaped: in the text by the template, in the charts by
    `charts.style.words`, and in the embedded JSON, where `<` is written as \\u003c.
    """
    environment = Environment(
        loader=PackageLoader("search.report", "page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.policies["json.dumps_kwargs"] = {"allow_nan": False, "separators": (",", ":")}
    charts = [chart for section in sections for chart in section.charts]
    written = environment.get_template("report.html.j2").render(
        found=found,
        verdict=verdict(found.board, found.unit),
        summary=[*filter(None, [optimism(found.board, found.unit), found.state, found.saved])],
        outcome=_outcome(found),
        facts=_facts(found),
        commands=commands(found),
        where=WHERE,
        searched=_searched(found),
        table=table(found),
        sections=sections,
        plotly=_plotly() if charts else "",
        data={
            "labels": labels(found) if charts else {},
            "charts": [
                {"key": chart.key, "traces": chart.traces, "layout": chart.layout}
                for chart in charts
                if chart.traces
            ],
        },
    )
    return written.encode()


def _plotly() -> str:
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def _outcome(found: Findings) -> str:
    """Returns the CSS class of the verdict on the best trial."""
    return css_class(found.best.verdict) if found.best else "none"


def _facts(found: Findings) -> list[tuple[str, str]]:
    """Returns the facts about the study, as pairs of a label and a text."""
    prepared, config = found.prepared, found.prepared.config
    series, task = prepared.series, config.task
    unit = f" in {series.unit}" if series.unit else ""
    horizon = f", {task.horizon} steps ahead" if task.horizon > 1 else ""
    folds = f"{task.folds} folds of {task.validation}" if task.folds > 1 else f"{task.validation}"
    counts = found.trials["state"].value_counts()
    return [
        (
            "series",
            f"{series.name}: {series.channels[series.target]}{unit}, {len(series.values)} steps "
            f"from {shown(series.timestamps[0])} to {shown(series.timestamps[-1])}",
        ),
        (
            "scored on",
            f"{folds} steps{horizon}, before the test block of {task.test} steps, which no trial "
            "reads",
        ),
        ("trials", ", ".join(f"{count} {state}" for state, count in counts.items()) or "none"),
        ("search", f"backend {config.backend['name']}, pruner {config.pruner['name']}"),
        (
            "training",
            f"at most {found.space.longest(config.training.epochs)} epochs, executions per trial: "
            f"{task.folds * config.study.executions}, seed of the study: {config.study.seed}",
        ),
    ]


def _searched(found: Findings) -> list[dict[str, str]]:
    """Returns each searched parameter: name, values, condition, and value of the best trial."""
    best = found.best.values if found.best else {}
    names = found.space.names
    return [
        {
            "name": parameter.name,
            "short": short,
            "values": spelled(parameter),
            "when": " and ".join(map(str, parameter.when)),
            "best": value_of(best.get(parameter.name, "–")).text,
        }
        for parameter, short in zip(found.space.parameters, short_names(names), strict=True)
    ]
