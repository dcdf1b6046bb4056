"""What people see in the MLflow UI, in a real browser."""

import json
import re
from collections.abc import Callable
from typing import Any

SCORE, RATE, WINDOW = "validation/mae", "training.learning_rate", "task.window_size"


def cells(page: Any, column: str) -> list[str]:
    """The texts of a column of the table of runs, from the top, as far as rows are drawn."""
    found = page.locator(f".ag-row [col-id='{column}']")
    rows = found.evaluate_all(
        "cells => cells.map(c => [+c.closest('.ag-row').getAttribute('row-index'), c.innerText])"
    )
    return [text.splitlines()[-1].strip() for _, text in sorted(rows)]


def axes(page: Any) -> dict[str, Any]:
    """The charts on a page that Plotly has drawn, by the titles of their axes."""
    drawn = page.evaluate(
        """() => [...document.querySelectorAll('.js-plotly-plot')].map(({_fullLayout, data}) => ({
            titles: [_fullLayout.xaxis, _fullLayout.yaxis].map(axis => axis?.title.text),
            types: [_fullLayout.xaxis, _fullLayout.yaxis].map(axis => axis?.type),
            kind: data[0].type,
            lines: data.filter(trace => trace.x?.length).map(trace => trace.x.length),
        }))"""
    )
    return {f"{chart['kind']} {' × '.join(map(str, chart['titles']))}": chart for chart in drawn}


def test_trials_are_nested_below_their_study(
    served: Any, page: Any, shot: Callable[..., None], trial_name: re.Pattern[str]
) -> None:
    page.goto(served.runs.partition("&")[0])
    page.get_by_role("link", name="seen", exact=True).wait_for()
    names = "attributes.`Run Name`"
    assert cells(page, names) == ["seen"]
    page.locator(".ag-row", has_text="seen").locator("button").first.click()
    page.get_by_text(trial_name).first.wait_for()
    shot(page, "runs")
    below = cells(page, names)[1:]
    assert sum(trial_name.fullmatch(name) is not None for name in below) > 10


def test_the_view_of_a_study_lists_its_runs_best_first(
    served: Any, page: Any, shot: Callable[..., None], trial_name: re.Pattern[str]
) -> None:
    page.goto(served.runs)
    page.get_by_text(trial_name).first.wait_for()
    page.get_by_role("button", name="seen").first.wait_for()  # the menu of views
    shot(page, "leaderboard")
    scores = [float(text.rstrip("…")) for text in cells(page, f"metrics.`{SCORE}`")]
    assert len(scores) > 10
    assert scores == sorted(scores)
    for column in (f"params.`{RATE}`", f"params.`{WINDOW}`"):
        assert any(float(text) > 0 for text in cells(page, column) if text != "-")
    assert "complete" in cells(page, "tags.`sweepcast.state`")


def test_charts_show_the_searched_values_as_numbers(
    served: Any, page: Any, shot: Callable[..., None]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 2400})  # charts are drawn when in sight
    page.goto(f"{served.runs}")
    page.get_by_text("matching runs").wait_for()
    page.goto(f"{page.url}&compareRunsMode=CHART")
    page.get_by_text("Parallel Coordinates").wait_for()
    for name in (RATE, WINDOW):
        page.get_by_role("heading", name=f"{name} vs. {SCORE}", exact=True).wait_for()
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length >= 4")
    page.wait_for_function("document.querySelectorAll('.parcoords').length >= 1")
    shot(page, "charts")
    found = axes(page)
    for name in (RATE, WINDOW):
        assert found[f"scatter {name} × {SCORE}"]["types"] == ["linear", "linear"]
    assert any(kind.startswith("contour") for kind in found)
    curves = next(chart for chart in found.values() if chart["titles"][0] == "Step")
    assert sum(length == 3 for length in curves["lines"]) > 10  # an epoch a point
    parallel = page.locator(".parcoords").first.inner_text()
    assert all(name.split(".")[-1][:5] in parallel for name in (RATE, WINDOW, "activation"))


def test_the_page_of_a_study_reads_as_a_report(
    served: Any, page: Any, shot: Callable[..., None], trial_name: re.Pattern[str]
) -> None:
    page.goto(served.page)
    page.get_by_text("Show more").click()
    table = page.locator("table", has_text="baseline · ").first
    table.wait_for()
    shot(page, "study")
    result = served.program.study("seen").data.tags["sweepcast.result"]
    assert page.locator("strong", has_text=result.split(":")[0]).first.is_visible()
    assert trial_name.search(table.inner_text())
    text = page.inner_text("body")
    assert "**" not in text
    assert "|---" not in text
    assert RATE in text


def test_pictures_are_shown(served: Any, page: Any, shot: Callable[..., None]) -> None:
    study = served.program.study("seen")
    trial = served.program.trials("seen")[-1]
    for run, names in ((study, ("optimization_history", "slices")), (trial, ("forecast",))):
        page.goto(served.of(run))
        page.get_by_role("tab", name="Artifacts").click()
        for name in names:
            page.get_by_text(f"{name}.png").first.click()
            page.wait_for_function(
                "[...document.images].some(image => image.naturalWidth > 600 && image.complete)"
            )
            shot(page, name)


def test_final_figures_of_a_trial_are_bars(served: Any, page: Any) -> None:
    best = served.program.study("seen").data.tags["sweepcast.best"]
    page.goto(served.of(served.program.client.get_run(best)))
    page.get_by_role("tab", name="Model metrics").click()
    page.wait_for_function("document.querySelectorAll('.js-plotly-plot').length >= 3")
    kinds = page.evaluate(
        "[...document.querySelectorAll('.js-plotly-plot')].map(chart => chart.data[0].type)"
    )
    assert {"bar", "scatter"} == set(kinds)


def test_five_trials_are_compared(
    served: Any, page: Any, shot: Callable[..., None], trial_name: re.Pattern[str]
) -> None:
    page.goto(served.runs)
    page.get_by_text(trial_name).first.wait_for()
    boxes = page.locator(".ag-row", has_text=trial_name).locator(".ag-selection-checkbox input")
    for row in range(5):
        boxes.nth(row).click()
    page.get_by_role("button", name="Compare", exact=True).click()
    page.get_by_text("Comparing 5 Runs from 1 Experiment").wait_for()
    page.get_by_text(WINDOW).last.wait_for()
    shot(page, "compare")
    text = page.inner_text("body")
    assert len(set(trial_name.findall(text))) == 5
    assert all(name in text for name in (RATE, WINDOW, SCORE))
    runs = json.loads(re.search(r"runs=(\[[^]]+\])", page.url.replace("%22", '"'))[1])  # type: ignore[index]
    assert len(runs) == 5


def test_the_report_is_one_page_that_needs_no_network(
    served: Any, page: Any, shot: Callable[..., None]
) -> None:
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.context.set_offline(True)
    page.goto(served.program.path(served.program.study("seen"), "report.html").as_uri())
    board = page.locator("table").first
    rows = board.locator("tbody tr:visible")
    board.wait_for()
    shot(page, "report")
    assert page.locator("div.js-plotly-plot").count() > 0
    every = rows.count()
    assert every > 30
    heading = board.locator("th", has_text="MAE").first
    column = heading.evaluate("cell => cell.cellIndex + 1")
    for _ in range(2):
        heading.click()
        texts = board.locator(f"tbody tr:visible td:nth-child({column})").all_inner_texts()
        scores = [float(text) for text in texts if re.fullmatch(r"[\d.]+", text)]
        assert len(scores) > 30
        assert scores in (sorted(scores), sorted(scores, reverse=True))
    page.locator("input[type=search]").fill("baseline")
    assert 0 < rows.count() < every
    assert all("baseline" in text for text in rows.all_inner_texts())
    page.locator("input[type=search]").fill("")
    page.locator("select#state").select_option("complete")
    assert rows.count() == 30
    assert said == []
