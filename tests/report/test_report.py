"""Report page of a study: one offline file with every trial, in which no user-defined text runs."""

import html
import json
import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import plotly.graph_objects as go
import pytest

from search.report import study_files
from search.report.charts import sections
from search.report.html import page
from search.report.markdown import description
from search.results.findings import Findings, findings
from search.results.trial_outputs import trial_outputs
from search.study.preparation import prepare
from search.tracking import studies
from search.tracking.ledger import Ledger
from search.tracking.tags import StudyTags

if TYPE_CHECKING:
    from search.config.schema import Config

EVIL = "</script><script>alert('x')</script><img src=http://evil.test/x onerror=alert(1)>"
MODELS = f"""
import keras


def build(input_shape, horizon, *, kind: str = "level", level: float = 0.0):
    if kind == "raises":
        raise RuntimeError({EVIL!r})
    layers = [keras.Input(input_shape), keras.layers.Flatten(), keras.layers.Dense(horizon)]
    return keras.Sequential(layers)
"""


class ParsedPage(HTMLParser):
    """A page as a browser parses it: its tags, its scripts and the rows of its tables."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.rows: list[list[tuple[str, str | None]]] = []
        self.headings: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))
        self._open = tag
        if tag == "tr":
            self.rows.append([])
        elif tag == "td":
            self.rows[-1].append(("", dict(attributes).get("data-value")))
        elif tag == "script":
            self.scripts.append("")

    def handle_endtag(self, _tag: str) -> None:
        self._open = ""

    def handle_data(self, text: str) -> None:
        if self._open == "script":
            self.scripts[-1] += text
        elif self._open == "td":
            before, value = self.rows[-1].pop()
            self.rows[-1].append((before + text, value))
        elif self._open == "button":
            self.headings.append(text)

    @property
    def data(self) -> dict[str, Any]:
        """Data of the charts."""
        return json.loads(self.scripts[0], parse_constant=pytest.fail)

    @property
    def charts(self) -> dict[str, go.Figure]:
        """Charts by key, validated by Plotly."""
        return {
            chart["key"]: go.Figure(chart["traces"], chart["layout"])
            for chart in self.data["charts"]
        }

    @property
    def trials(self) -> list[dict[str, tuple[str, str | None]]]:
        """Rows of the leaderboard, by heading."""
        whole = [row for row in self.rows if len(row) == len(self.headings)]
        return [dict(zip(self.headings, row, strict=True)) for row in whole]


class Report:
    """The report of a stored study, written with figures."""

    def __init__(self, program: Any, config: "Config") -> None:
        prepared = prepare(config)
        study = studies.find_same(program.uri, prepared.name, prepared.parts)
        assert study is not None
        experiment = study.client.get_run(study.record.run_id).info.experiment_id
        tags = StudyTags(prepared.name, "", prepared.series.digest, None)
        self.ledger = Ledger(study.client, experiment, study.record.run_id, tags)
        runs = self.ledger.runs()
        self.found: Findings = findings(prepared.name, runs, prepared, "The study ended.")
        self.files = study_files(self.ledger, self.found)
        self.text = self.files["report.html"].decode()
        self.page = ParsedPage(self.text)

    def notes(self) -> list[str]:
        """Returns the notes below the headings of the charts."""
        return [html.unescape(note) for note in re.findall(r'<p class="note">(.*?)</p>', self.text)]


@pytest.fixture(scope="module")
def swept(
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    eagerly: Callable[[], Any],
    composed: Callable[..., "Config"],
) -> Callable[..., Report]:
    """Returns a function that runs a study and writes its report.

    Only the report has figures: figures of each trial would take half a second per trial.
    """
    program = program_in(tmp_path_factory.mktemp("shown") / "here")

    def run(*arguments: str, status: int = 0) -> Report:
        with eagerly():
            done = program("sweep", *arguments, "tracking.figures=none")
        assert done.status == status, done.err
        return Report(program, composed(*arguments, "tracking.figures=all"))

    return run


@pytest.fixture(scope="module")
def several(swept: Callable[..., Report], station: Path) -> Report:
    """A study with three steps ahead, two objectives, conditions, booleans, null and a gap."""
    return swept(
        *("dataset=giss", f"dataset.source={station}", "task.horizon=3", "task.window_size=4"),
        *("task.validation=62", "task.test=6", "training.epochs=1", "training.batch_size=128"),
        *("engine=inline", "study.name=several", "study.trials=12", "study.finalists=0"),
        *("study.objective=[validation/mae,parameters]", "pruner=none", "backend=optuna_random"),
        *("model=dense", "space=[]", "space.model.dense.layers={low: 0, high: 1}"),
        *("space.model.dense.units=[2,3]", "space.training.clipnorm=[null,1.0]"),
        "space.transform.relative=[true,false]",
        "space.training.learning_rate={low: 1e-4, high: 1e-2, log: true}",
    )


@pytest.fixture(scope="module")
def pruned(swept: Callable[..., Report], short: tuple[str, ...], odd: tuple[str, ...]) -> Report:
    """A study with one parameter and a pruned trial."""
    return swept(
        *(*odd, *short, "study.name=pruned", "training.epochs=4", "study.trials=9"),
        *("pruner=median", "pruner.warmup=1", "pruner.n_startup_trials=2"),
        "space.model.level=[0.0,1.0,50.0]",
    )


def fetched(page: ParsedPage) -> list[str]:
    """Returns every address that the page would load when opened."""
    addresses = [
        value or ""
        for _, attributes in page.tags
        for key, value in attributes.items()
        if key in ("src", "href", "srcset", "data", "action", "poster", "background")
        and key != "data-value"
    ]
    return [address for address in addresses if not address.startswith(("#", "data:"))]


def test_the_page_is_one_file_that_loads_nothing(several: Report) -> None:
    page = several.page
    assert not fetched(page)
    style = re.findall(r"<style>(.*?)</style>", several.text, re.DOTALL)
    assert len(style) == 1
    assert not re.search(r"url\(|@import", style[0])
    own = [script for script in page.scripts if "plotly.js v" not in script]
    assert len(page.scripts) == len(own) + 1 == 3, "plotly.js is included once"
    assert not any("://" in script for script in own)
    assert 'plotlyServerURL: ""' in own[-1], "plotly.js has a button that uploads a chart"
    policy = next(a["content"] for tag, a in page.tags if tag == "meta" and "http-equiv" in a)
    assert str(policy).startswith("default-src 'none'")
    assert len(several.files["report.html"]) < 6_000_000


def test_the_page_shows_the_result_and_the_next_commands(several: Report) -> None:
    best, text = several.found.best, html.unescape(several.text)
    assert best is not None
    parts = [f"sweepcast {word} {best.run_id}" for word in ("reproduce", "evaluate", "promote")]
    parts += ["sweepcast leaderboard several", "sweepcast ui", "The study ended.", best.name]
    for part in parts:
        assert part in text
        assert part in description(several.found)
    assert "report.html" in description(several.found)


def test_every_trial_and_baseline_is_in_the_table(several: Report) -> None:
    rows = several.page.trials
    board = several.found.board
    assert [row["run"][0] for row in rows] == [row.run_id for row in board]
    assert [row["state"][0] for row in rows].count("baseline") == 7
    for row, line in zip(board, rows, strict=True):
        text, value = line["MAE °C"]
        assert value == str(row.figures["mae"])
        assert float(text) == pytest.approx(row.figures["mae"], rel=1e-3)
        drawn = row.values if row.kind == "trial" else {}
        shown = {key: line[key][0] for key in ("training.clipnorm", "transform.relative")}
        assert shown == {f"{key}": drawn.get(key, "") for key in shown}
        # Without a layer they are not sampled; the cell is empty and sorted last.
        units = drawn.get("model.dense.units", "")
        assert line["dense.units"] == (units, f"{units}.0" if units else None)


def test_the_page_states_the_verdicts_in_words_and_by_class(several: Report) -> None:
    classes = {"better": "better", "no clear difference": "unclear", "worse": "worse"}
    best = several.found.best
    assert best is not None
    assert best.verdict is not None
    assert f'<p class="verdict {classes[best.verdict]}">' in several.text
    for row, line in zip(several.found.board, several.page.trials, strict=True):
        assert line["verdict"][0] == (row.verdict or "")
        low, high = (row.counted.get(name) for name in ("skill_low", "skill_high"))
        shown = "" if low is None else f"{low:+.1%} to {high:+.1%}".replace("-", "−")
        assert line["95 % interval"][0] == shown
        assert (row.verdict is not None) == (row.kind == "trial")
        if row.verdict:
            assert f'<td class="{classes[row.verdict]}">{row.verdict}</td>' in several.text
    assert f": {best.verdict}." in description(several.found)


def test_charts_are_valid_plotly_and_contain_every_trial(several: Report) -> None:
    charts, trials = several.page.charts, several.found.trials
    expected = {"history", "pareto", "curves", "parallel", "importance", "contour", "forecasts"}
    expected |= {"errors", "season", "spread", "steps", *(f"slice-{i}" for i in range(5))}
    assert set(charts) == expected
    numbers = set(trials["number"])
    for key in ("history", "pareto", "parallel", "curves"):
        drawn = {
            item[0] if isinstance(item, (list, tuple)) else item
            for trace in charts[key].data
            for item in (trace.customdata if trace.customdata is not None else ())
        }
        assert drawn == numbers, key
    assert set(several.page.data["labels"]) == {str(number) for number in numbers}
    names = [trace.name for trace in charts["forecasts"].data]
    assert names[0] == "actual"
    assert [name.partition(":")[0] for name in names[2:]] == [
        f"trial {number}" for number in reversed(trials.sort_values("score")["number"].tolist()[:5])
    ]
    missing = [value for value in charts["forecasts"].data[0].y if value is None]
    assert len(missing) == 1  # June 2003 is a gap
    assert len(charts["steps"].data[-1].x) == 3
    best = several.found.runs[
        [run.run_id for run in several.found.runs].index(several.found.best.run_id)
    ]
    assert list(charts["steps"].data[-1].y) == pytest.approx(
        [best.metrics[f"validation/step_{h}/mae"] for h in (1, 2, 3)], rel=1e-4
    )
    ticks = charts[f"slice-{several.found.ranked.index('training.clipnorm')}"].layout.xaxis
    assert list(ticks.ticktext) == ["1", "null"]


def test_a_page_of_500_trials_with_100_epochs_stays_small(several: Report) -> None:
    found = several.found
    many = pd.concat([found.trials] * 42, ignore_index=True)[:500]
    many["number"] = range(500)
    curves = {number: {epoch: 1.0 / (epoch + 1) for epoch in range(100)} for number in range(500)}
    outputs = replace(trial_outputs(several.ledger, found), curves=curves)
    large = replace(found, trials=many, board=(*found.board, *found.board[-6:] * 82))
    text = page(large, sections(large, outputs)).decode()
    assert len(text) < 8_000_000
    parsed = ParsedPage(text)
    assert len(parsed.trials) == len(large.board) > 500
    drawn = [trace for trace in parsed.charts["curves"].data if trace.customdata is not None]
    assert {number for trace in drawn for number in trace.customdata} == set(range(500))
    assert sum(len(trace.x) for trace in drawn) < 25_000


def test_the_figures_are_written_next_to_the_page(several: Report) -> None:
    assert set(several.files) == {
        *("report.html", "leaderboard.csv", "optimization_history.png", "importance.png"),
        *("parallel_coordinates.png", "slices.png", "contour.png", "pareto.png", "forecasts.png"),
    }
    for name, file in several.files.items():
        assert not name.endswith(".png") or file.startswith(b"\x89PNG")


def test_a_pruned_trial_and_a_space_with_one_parameter(pruned: Report) -> None:
    charts = pruned.page.charts
    assert "The pruner stopped 1 trials and saved 2 of 12 epochs" in pruned.text
    assert {"history", "curves", "parallel", "slice-0"} <= set(charts)
    assert not {"contour", "importance", "pareto", "steps"} & set(charts)
    curves = {trace.name: trace for trace in charts["curves"].data}
    assert set(curves) >= {"complete (1)", "pruned (1)"}
    assert list(curves["pruned (1)"].x) == [0, 1, None]
    (row,) = [row for row in pruned.page.trials if row["state"][0] == "pruned"]
    assert row["reason"][0] == "after epoch 2"
    assert "Importance needs at least 10 complete trials; there are 2." in pruned.notes()


def test_no_user_defined_text_runs_as_code(
    swept: Callable[..., Report],
    short: tuple[str, ...],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "evil_models.py").write_text(MODELS)
    (tmp_path / "conf/model").mkdir(parents=True)
    (tmp_path / "conf/model/evil.yaml").write_text(
        "_target_: evil_models.build\nname: evil\nkind: level\nlevel: 0.0\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    report = swept(
        *("--config-dir", str(tmp_path / "conf"), *short, "model=evil", "space=[]"),
        *("backend=optuna_grid", "study.trials=9", f'study.name="{EVIL}"'),
        f'space.model.kind=["{EVIL}",raises]',
    )
    page = report.page
    tags = {tag for tag, _ in page.tags}
    assert not tags & {"img", "iframe", "object", "embed", "form"}
    assert not fetched(page)
    assert not any(key.startswith("on") for _, attributes in page.tags for key in attributes)
    assert len(page.scripts) == 3
    assert not any(EVIL in script or "<img" in script for script in page.scripts)
    states = {row["state"][0]: row for row in page.trials}
    assert states["failed"]["reason"][0] == f"RuntimeError: {EVIL}"  # shown literally
    assert states["complete"]["model.kind"][0] == EVIL
    # Plotly renders some HTML tags in its texts, so they are escaped a second time.
    assert "&lt;/script&gt;" in page.data["labels"]["1"]
    ticks = [
        mark["text"]
        for chart in page.data["charts"]
        if chart["key"] == "parallel"
        for mark in chart["layout"]["annotations"]
    ]
    assert not any("<" in text for text in ticks)


def test_a_study_without_a_complete_trial(
    swept: Callable[..., Report], short: tuple[str, ...], odd: tuple[str, ...]
) -> None:
    report = swept(
        *(*odd, *short, "study.name=failed", "study.trials=9", "training.epochs=2"),
        *("space.model.kind=[raises,explodes,undefined]",),
        status=1,
    )
    assert "No trial completed." in report.text
    assert "No trial is complete: 3 failed." in report.notes()
    assert "sweepcast reproduce" not in report.text
    charts = report.page.charts
    assert "history" not in charts
    # One trial finished an epoch, and the baseline has a forecast in any case.
    assert charts["curves"].data[0].name == "failed (1)"
    assert charts["forecasts"].data[0].name == "actual"
    assert len(charts["forecasts"].data) == 2
    assert report.files["forecasts.png"].startswith(b"\x89PNG")
    assert len(description(report.found)) < 4000


def test_a_study_without_parameters(swept: Callable[..., Report], short: tuple[str, ...]) -> None:
    report = swept(*short, "study.name=single", "study.trials=1", "space=[]", "model=dense")
    assert "The space has no parameters." in report.notes()
    assert {"history", "curves", "forecasts"} <= set(report.page.charts)
    assert "The space has no parameters: the study has a single point." in report.text


def test_without_figures_the_page_has_only_the_table(
    sweepcast: Any, short: tuple[str, ...], eager: None
) -> None:
    done = sweepcast("sweep", *short, "study.trials=1", "space=[]", "model=dense")
    assert done.status == 0, done.err
    study = sweepcast.study("short")
    files = {name for name in sweepcast.files(study) if not name.endswith(".diff")}
    assert files == {"config.yaml", "leaderboard.csv", "report.html"}
    page = ParsedPage(sweepcast.path(study, "report.html").read_text("utf-8"))
    assert page.data["charts"] == []
    assert len(page.scripts) == 2
    assert len(page.trials) == 8


def test_a_resumed_study_rewrites_its_page_without_damaged_files(
    sweepcast: Any, short: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", *short, "space=[]", "model=dense", "tracking.figures=best")
    space = "space.model.dense.units=[2,3,4]"
    assert sweepcast(*command, space, "study.trials=2").status == 0
    first, second = sweepcast.trials("short")
    sweepcast.path(first, "predictions.csv").write_text("timestamp,actual\nnever,1\n")
    sweepcast.path(second, "predictions.csv").unlink()
    done = sweepcast(*command, space, "study.trials=3")  # resumes without these forecasts
    assert done.status == 0, done.err
    study = sweepcast.study("short")
    page = ParsedPage(sweepcast.path(study, "report.html").read_text("utf-8"))
    assert {"history", "curves"} <= set(page.charts)
    names = [trace.name.partition(":")[0] for trace in page.charts["forecasts"].data]
    assert names == ["actual", names[1], "trial 2"]
    assert {"forecasts.png", "slices.png"} <= sweepcast.files(study)
    assert len(study.data.tags["mlflow.note.content"]) < 4000
