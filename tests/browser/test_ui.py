"""Tests of the MLflow UI and of the report in a real browser."""

import json
import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from playwright.sync_api import expect

T = TypeVar("T")

SCORE, RATE, WINDOW = "validation/mae", "training.learning_rate", "task.window_size"


def eventually(page: Any, read: Callable[[], T], holds: Callable[[T], bool]) -> T:
    """Reads from a page until `holds` is true, for at most 60 s; returns the last result."""
    until = time.monotonic() + 60
    found = read()
    while not holds(found) and time.monotonic() < until:
        page.wait_for_timeout(100)
        found = read()
    return found


def cells(page: Any, column: str) -> list[str]:
    """Returns the texts of a column of the table of runs, from the top, for the rows drawn."""
    found = page.locator(f".ag-row [col-id='{column}']")
    rows = found.evaluate_all(
        "cells => cells.map(c => [+c.closest('.ag-row').getAttribute('row-index'), c.innerText])"
    )
    return [text.strip().rpartition("\n")[2].strip() for _, text in sorted(rows)]


def numbers(texts: list[str]) -> list[float]:
    """Returns the texts that are numbers, which MLflow may cut off with "…"."""
    return [float(text.rstrip("…")) for text in texts if re.fullmatch(r"[\d.]+…?", text)]


def axes(page: Any) -> dict[str, Any]:
    """Returns the charts on a page that Plotly has drawn, by kind and titles of the axes."""
    drawn = page.evaluate(
        """() => [...document.querySelectorAll('.js-plotly-plot')]
            .filter(({_fullLayout, data}) => _fullLayout && data?.length)
            .map(({_fullLayout, data}) => ({
                titles: [_fullLayout.xaxis, _fullLayout.yaxis].map(axis => axis?.title?.text),
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
    top = eventually(page, lambda: cells(page, names), lambda found: found == ["seen"])
    assert top == ["seen"]
    page.locator(".ag-row", has_text="seen").locator("button").first.click()

    def trials() -> list[str]:
        return [name for name in cells(page, names)[1:] if trial_name.fullmatch(name)]

    assert len(eventually(page, trials, lambda found: len(found) > 10)) > 10
    shot(page, "runs")


def test_the_saved_view_lists_the_runs_of_a_study_best_first(
    served: Any, page: Any, shot: Callable[..., None], trial_name: re.Pattern[str]
) -> None:
    page.goto(served.runs)
    page.get_by_text(trial_name).first.wait_for()
    page.get_by_role("button", name="seen").first.wait_for()  # the menu of views

    def scores() -> list[str]:
        return cells(page, f"metrics.`{SCORE}`")

    def is_ranked(texts: list[str]) -> bool:
        found = numbers(texts)
        return len(found) == len(texts) > 10 and found == sorted(found)

    found = eventually(page, scores, is_ranked)
    assert is_ranked(found), found
    for column in (f"params.`{RATE}`", f"params.`{WINDOW}`"):
        values = eventually(page, lambda c=column: numbers(cells(page, c)), any)
        assert any(value > 0 for value in values)
    states = eventually(
        page, lambda: cells(page, "tags.`sweepcast.state`"), lambda texts: "complete" in texts
    )
    assert "complete" in states
    shot(page, "leaderboard")


def test_charts_show_the_searched_values_as_numbers(
    served: Any, page: Any, shot: Callable[..., None]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 2400})  # charts are drawn when visible
    page.goto(f"{served.runs}&compareRunsMode=CHART")
    page.get_by_text("Parallel Coordinates").wait_for()
    for name in (RATE, WINDOW):
        page.get_by_role("heading", name=f"{name} vs. {SCORE}", exact=True).wait_for()
    scatters = [f"scatter {name} × {SCORE}" for name in (RATE, WINDOW)]

    def curves(charts: dict[str, Any]) -> list[int]:
        """Returns the numbers of points of the curves by epoch."""
        shown = (chart for chart in charts.values() if chart["titles"][0] == "Step")
        return next((chart["lines"] for chart in shown), [])

    def complete(charts: dict[str, Any]) -> bool:
        return (
            all(charts.get(name, {}).get("types") == ["linear", "linear"] for name in scatters)
            and any(kind.startswith("contour") for kind in charts)
            and curves(charts).count(3) > 10  # one point per epoch
        )

    found = eventually(page, lambda: axes(page), complete)
    assert complete(found), found
    parallel = page.locator(".parcoords").first
    for name in (RATE, WINDOW, "activation"):
        expect(parallel).to_contain_text(name.split(".")[-1][:5], timeout=60_000)
    shot(page, "charts")


def test_the_page_of_a_study_shows_a_report(
    served: Any, page: Any, shot: Callable[..., None], trial_name: re.Pattern[str]
) -> None:
    page.goto(served.page)
    page.get_by_text("Show more").click()
    table = page.locator("table", has_text="baseline · ").first
    expect(table).to_contain_text(trial_name, timeout=60_000)
    result = served.program.study("seen").data.tags["sweepcast.result"]
    page.locator("strong", has_text=result.split(":")[0]).first.wait_for()
    body = page.locator("body")
    expect(body).to_contain_text(RATE, use_inner_text=True, timeout=60_000)
    for markup in ("**", "|---"):
        expect(body).not_to_contain_text(markup, use_inner_text=True, timeout=60_000)
    shot(page, "study")


def test_figures_are_shown(served: Any, page: Any, shot: Callable[..., None]) -> None:
    study = served.program.study("seen")
    trial = served.program.trials("seen")[-1]
    for run, names in ((study, ("optimization_history", "slices")), (trial, ("forecast",))):
        page.goto(served.of(run))
        page.reload()  # the address differs in its fragment only: leave no page of another run
        page.get_by_role("tab", name="Artifacts").click()
        for name in names:
            before = page.evaluate("[...document.images].map(image => image.src)")
            page.get_by_text(f"{name}.png").first.click()
            page.wait_for_function(
                """before => [...document.images].some(
                    image => !before.includes(image.src) && image.complete
                        && image.naturalWidth > 600
                )""",
                arg=before,
            )
            shot(page, name)


def test_final_metrics_of_a_trial_are_bars(served: Any, page: Any) -> None:
    best = served.program.study("seen").data.tags["sweepcast.best"]
    page.goto(served.of(served.program.client.get_run(best)))
    page.get_by_role("tab", name="Model metrics").click()

    def kinds() -> set[str]:
        return {chart["kind"] for chart in axes(page).values()}

    expected = {"bar", "scatter"}  # the curves by epoch are scatter charts, and may come last
    assert eventually(page, kinds, lambda found: found == expected) == expected


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
    body = page.locator("body")
    for name in (RATE, WINDOW, SCORE):
        expect(body).to_contain_text(name, use_inner_text=True, timeout=60_000)

    def trials() -> set[str]:
        return set(trial_name.findall(body.inner_text()))

    assert len(eventually(page, trials, lambda found: len(found) == 5)) == 5
    shot(page, "compare")
    runs = json.loads(re.search(r"runs=(\[[^]]+\])", page.url.replace("%22", '"'))[1])  # type: ignore[index]
    assert len(runs) == 5


def test_the_report_is_a_single_page_that_needs_no_network(
    served: Any, page: Any, shot: Callable[..., None]
) -> None:
    printed: list[str] = []
    page.on("console", lambda message: printed.append(message.text))
    page.context.set_offline(True)
    page.goto(served.program.path(served.program.study("seen"), "report.html").as_uri())
    board = page.locator("table").first
    rows = board.locator("tbody tr:visible")
    board.wait_for()
    data = json.loads(page.locator("script#data").text_content())
    assert len(data["charts"]) > 0
    # The charts are drawn one by one.
    expect(page.locator("div.js-plotly-plot")).to_have_count(len(data["charts"]), timeout=60_000)
    shot(page, "report")
    every = rows.count()
    assert every > 30
    heading = board.locator("th", has_text="MAE").first
    column = heading.evaluate("cell => cell.cellIndex + 1")

    def scores() -> list[float]:
        return numbers(board.locator(f"tbody tr:visible td:nth-child({column})").all_inner_texts())

    for order in ("ascending", "descending"):
        heading.click()
        expect(heading).to_have_attribute("aria-sort", order, timeout=60_000)
        found = scores()
        assert len(found) > 30
        assert found == sorted(found, reverse=order == "descending")
    page.locator("input[type=search]").fill("baseline")
    texts = eventually(page, rows.all_inner_texts, lambda texts: 0 < len(texts) < every)
    assert 0 < len(texts) < every
    assert all("baseline" in text for text in texts)
    page.locator("input[type=search]").fill("")
    page.locator("select#state").select_option("complete")
    expect(rows).to_have_count(30, timeout=60_000)
    assert printed == []
