"""Figures: their axes, their data and their layout."""

import struct
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib import rcParams
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from search.plots import formatting, style
from search.plots.axis import fanned, missing
from search.plots.lines import _thinned, breaks
from search.plots.study import optimization_history as study
from search.plots.study import parallel_coordinates as parallel
from search.plots.study import pareto, slices
from search.plots.study.importance import importance
from search.plots.trial import forecast as trial
from search.plots.trial import residuals
from search.plots.trial.learning_curve import learning_curve


def predictions(n=120, *, horizon=1, fold=0, start="2015-01-01", frequency="D", seed=0):
    rng = np.random.default_rng(seed)
    time = pd.date_range(start, periods=n + horizon, freq=frequency).to_numpy()
    value = 15 + 8 * np.sin(np.arange(n + horizon) / 20) + rng.normal(0, 1, n + horizon)
    target = np.arange(1, n + 1)[:, None] + np.arange(horizon)
    return pd.DataFrame(
        {
            "timestamp": time[target].ravel(),
            "actual": value[target].ravel(),
            "forecast": (value[target] + rng.normal(0, 1, target.shape)).ravel(),
            "step": np.tile(np.arange(1, horizon + 1), n),
            "origin": np.repeat(time[:n], horizon),
            "fold": fold,
        }
    )


def curves(folds=1, executions=1, epochs=12, scale=1.0):
    index = pd.MultiIndex.from_product(
        [range(folds), range(executions), range(1, epochs + 1)],
        names=["fold", "execution", "epoch"],
    )
    frame = index.to_frame(index=False)
    falling = scale * np.exp(-frame["epoch"] / 3) + 0.1 * (1 + frame["execution"])
    for column in ("loss", "val_loss", "mae", "val_mae"):
        frame[column] = falling
    frame["validation_mae"] = 2 + falling / scale
    return frame


def trials(n=40, seed=0):
    rng = np.random.default_rng(seed)
    layers = rng.integers(0, 3, n)
    frame = pd.DataFrame({"number": np.arange(n), "state": "complete"})
    frame["score"] = 2 + rng.random(n)
    frame["model.conv.filters"] = rng.choice([128, 192, 256], n)
    frame["model.recurrent.layers"] = layers
    cells = rng.choice(["gru", "lstm"], n)
    frame["model.recurrent.cell"] = np.where(layers > 0, cells.astype(object), np.nan)
    frame["training.learning_rate"] = 10 ** rng.uniform(-5, -1, n)
    mixed = np.array([None, True, 1, "auto"], dtype=object)
    frame["training.clipnorm"] = pd.Series(mixed[np.arange(n) % 4], dtype=object)
    return frame


PARAMETERS = [name for name in trials(1) if "." in name]


def draw_forecast(frame, baseline=None, *, season=30, unit="°C", title="trial 3"):
    return trial.forecast(
        frame,
        baselines={} if baseline is None else {"persistence": baseline},
        unit=unit,
        title=title,
        season=season,
    )


def draw_residuals(frame, season=365, frequency="D"):
    return residuals.residuals(
        frame, unit="°C", title="trial 3", season=season, frequency=frequency
    )


def draw_history(frame, baseline=2.1, unit="°C"):
    return study.optimization_history(
        frame, baseline=baseline, baseline_name="linear_ar", unit=unit, title="a study"
    )


def draw_parallel(frame, parameters=PARAMETERS):
    return parallel.parallel_coordinates(frame, parameters, unit="°C", title="a study")


def draw_slices(frame, parameters=PARAMETERS):
    return slices.slices(frame, parameters, unit="°C", title="a study")


def draw_contour(frame, parameters):
    return slices.contour(frame, parameters, unit="°C", title="a study")


def draw_pareto(frame):
    sizes = 10 ** (2 + frame["number"] % 7 / 2)
    frame = frame.assign(parameters=sizes, front=frame["number"] % 5 == 0)
    return pareto.pareto(frame, unit="°C", title="a study")


def panel(figure: Figure, name: str) -> Axes:
    return next(axes for axes in figure.axes if axes.get_label() == name)


def lines(axes: Axes):
    return {line.get_label(): line for line in axes.lines if not line.get_label().startswith("_")}


def legend_texts(axes: Axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def words(figure: Figure):
    return " ".join(text.get_text() for axes in figure.axes for text in axes.texts)


def column(line):
    return np.asarray(line.get_ydata(), dtype=float)


def check_layout(figure: Figure):
    """Checks that all texts are inside the figure and that no legend covers data or a title."""
    png = style.to_png(figure)
    assert png.startswith(b"\x89PNG")
    width, height = struct.unpack(">II", png[16:24])
    assert width == 902
    assert height == pytest.approx(figure.get_figheight() * style.DPI, abs=1)
    boxes = {}
    for axes in figure.axes:
        for text in (axes.title, axes._left_title, axes.xaxis.label, axes.yaxis.label):
            if text.get_text():
                boxes[text] = text.get_window_extent()
    legends = [found for axes in figure.axes if (found := axes.get_legend())] + figure.legends
    boxes |= {found: found.get_window_extent() for found in legends}
    for artist, box in boxes.items():
        assert box.x0 >= 0, artist
        assert box.y0 >= 0, artist
        assert box.x1 <= width + 1, artist
        assert box.y1 <= height + 1, artist
    for found in legends:
        for axes in figure.axes:
            inside = axes.get_window_extent()
            assert boxes[found].y0 >= inside.y1 - 1 or boxes[found].y1 <= inside.y0 + 1
        others = [box for artist, box in boxes.items() if artist is not found]
        assert not any(boxes[found].overlaps(box) for box in others)


HORIZON = predictions(100, horizon=7)
LONG = "a study with a name that goes on and on, " * 6
FIGURES = {
    "forecast": lambda: draw_forecast(predictions(), predictions(seed=1)),
    "forecast, steps": lambda: draw_forecast(HORIZON, HORIZON, season=7),
    "forecast, long title": lambda: draw_forecast(predictions(), None, title=LONG),
    "forecast, large": lambda: draw_forecast(
        predictions().assign(forecast=3e8), None, unit="people"
    ),
    "forecast, long unit": lambda: draw_forecast(
        predictions(), predictions(), unit="$ per MWh, $ of 2015"
    ),
    "forecast, one point": lambda: draw_forecast(predictions(1), predictions(1)),
    "forecast, empty": lambda: draw_forecast(predictions().iloc[:0]),
    "forecast, NaN": lambda: draw_forecast(predictions().assign(forecast=np.nan)),
    "curve": lambda: learning_curve(curves(), unit="°C", title="t", best_epoch=7),
    "curve, many": lambda: learning_curve(
        curves(3, 4, scale=900), unit="°C", title="t", best_epoch=7
    ),
    "residuals": lambda: draw_residuals(predictions()),
    "residuals, steps": lambda: draw_residuals(HORIZON),
    "residuals, one point": lambda: draw_residuals(predictions(1)),
    "residuals, no actual": lambda: draw_residuals(predictions().assign(actual=np.nan)),
    "history": lambda: draw_history(trials()),
    "history, one trial": lambda: draw_history(trials(1)),
    "history, many": lambda: draw_history(trials(500)),
    "parallel": lambda: draw_parallel(trials()),
    "parallel, one trial": lambda: draw_parallel(trials(1)),
    "parallel, many parameters": lambda: draw_parallel(
        trials(), [*PARAMETERS, *(f"model.dense.unheard_{i}" for i in range(9))]
    ),
    "importance": lambda: importance(
        {"model.conv.filters": 0.7, "training.learning_rate": float("nan")}, title="t", note="n"
    ),
    "slices": lambda: draw_slices(trials()),
    "slices, one trial": lambda: draw_slices(trials(1)),
    "slices, many": lambda: draw_slices(trials(500), PARAMETERS[:1]),
    "contour": lambda: draw_contour(trials(), PARAMETERS[:2]),
    "contour, texts": lambda: draw_contour(trials(), PARAMETERS[-2:]),
    "contour, one trial": lambda: draw_contour(trials(1), PARAMETERS[:2]),
    "pareto": lambda: draw_pareto(trials()),
    "pareto, one trial": lambda: draw_pareto(trials(1)),
    "importance, none": lambda: importance({}, title="t", note="two trials are too few"),
}


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_902_pixels_wide_and_no_text_overlaps(name):
    check_layout(FIGURES[name]())


def test_drawing_does_not_change_the_state_of_matplotlib():
    before = dict(rcParams)
    assert style.to_png(draw_history(trials())) == style.to_png(draw_history(trials()))
    assert dict(rcParams) == before
    code = (
        "import sys, search.plots.trial.forecast, search.plots.study.optimization_history\n"
        "print('matplotlib.pyplot' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@given(
    st.lists(st.floats(-1e6, 1e6) | st.just(float("nan")), min_size=1, max_size=60),
    st.integers(1, 90),
)
def test_thinning_a_line_keeps_its_ends_extremes_and_gaps(values, times):
    y = np.tile(np.array(values), times)
    drawn = y[_thinned(y, np.isnan(y))]
    assert len(drawn) <= len(y)
    np.testing.assert_equal(drawn[[0, -1]], y[[0, -1]])
    if not np.isnan(y).all():
        assert np.nanmin(drawn) == np.nanmin(y)
        assert np.nanmax(drawn) == np.nanmax(y)
    assert np.isnan(drawn).sum() == np.isnan(y).sum()


@given(st.lists(st.integers(1, 9), min_size=1, max_size=30))
def test_breaks_keep_all_values(steps):
    time = np.datetime64("2020-01-01") + np.cumsum(steps).astype("timedelta64[D]")
    y = np.arange(len(time), dtype=float)
    _, drawn = breaks(time, y)
    np.testing.assert_array_equal(drawn[~np.isnan(drawn)], y)


def test_a_missing_month_is_a_jump_but_months_of_different_lengths_are_not():
    months = pd.date_range("2015-01-01", periods=24, freq="MS").to_numpy()
    assert len(breaks(months, np.ones(24))[0]) == 24
    assert len(breaks(np.delete(months, 10), np.ones(23))[0]) == 24


def test_forecast_shows_the_actual_the_model_and_the_baseline():
    model, baseline = predictions(seed=0), predictions(seed=1)
    figure = draw_forecast(model, baseline)
    whole, error, zoom = (panel(figure, name) for name in ("whole", "error", "zoom"))
    drawn = lines(whole)
    assert list(drawn) == ["actual", "model", "baseline: persistence"]
    np.testing.assert_array_equal(column(drawn["actual"]), model["actual"])
    np.testing.assert_array_equal(column(drawn["model"]), model["forecast"])
    np.testing.assert_array_equal(column(drawn["baseline: persistence"]), baseline["forecast"])
    np.testing.assert_array_equal(drawn["model"].get_xdata(), model["timestamp"].to_numpy())
    assert whole.get_ylabel() == "value (°C)"
    assert error.get_ylabel() == "error (°C)"
    size = (model["forecast"] - model["actual"]).abs().mean()
    assert legend_texts(error)[0] == f"model, MAE {formatting.number(size)}"
    np.testing.assert_allclose(column(error.lines[0]), model["forecast"] - model["actual"])
    np.testing.assert_array_equal(column(lines(zoom)["model"]), model["forecast"].iloc[-30:])
    assert len(column(lines(zoom)["baseline: persistence"])) == 30


@pytest.mark.parametrize(
    ("n", "season", "points"),
    [(120, 30, 30), (120, 7, 24), (1000, 500, 400), (120, 365, 40), (10, 365, 10), (1, 12, 1)],
)
def test_the_zoom_shows_one_season_or_a_third_of_a_short_block(n, season, points):
    zoom = panel(draw_forecast(predictions(n), season=season), "zoom")
    assert len(column(lines(zoom)["model"])) == points


def test_forecast_of_several_steps_shows_the_first_step():
    figure = draw_forecast(HORIZON)
    first = HORIZON[HORIZON["step"] == 1]
    np.testing.assert_array_equal(column(lines(panel(figure, "whole"))["model"]), first["forecast"])
    assert "Step 1 of 7" in panel(figure, "whole").get_title(loc="left")


def test_missing_readings_and_distant_folds_are_gaps():
    frame = pd.concat([predictions(40), predictions(40, fold=1, start="2016-01-01")])
    frame.iloc[10:13, frame.columns.get_loc("actual")] = np.nan
    frame.iloc[20, frame.columns.get_loc("forecast")] = np.inf
    drawn = lines(panel(draw_forecast(frame), "whole"))
    assert list(np.flatnonzero(np.isnan(column(drawn["actual"])))) == [10, 11, 12, 40]
    assert list(np.flatnonzero(np.isnan(column(drawn["model"])))) == [20, 40]


def test_adjacent_folds_are_one_line():
    whole = predictions(80)
    parts = whole.assign(fold=np.repeat([0, 1], 40)).sample(frac=1, random_state=0)
    drawn = lines(panel(draw_forecast(parts), "whole"))
    np.testing.assert_array_equal(column(drawn["model"]), whole["forecast"])


def test_ten_thousand_points_are_thinned_without_losing_the_extremes():
    frame = predictions(10_000)
    drawn = column(lines(panel(draw_forecast(frame), "whole"))["model"])
    assert len(drawn) < 2_000
    assert (drawn.min(), drawn.max()) == (frame["forecast"].min(), frame["forecast"].max())


def test_learning_curve_labels_the_kept_execution_and_counts_the_others():
    frame = curves(folds=2, executions=3)
    figure = learning_curve(frame, unit="°C", title="t", best_epoch=7)
    loss, score = panel(figure, "loss"), panel(figure, "score")
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["loss", "val_loss", "validation MAE", "5 other executions", "best epoch 7"]
    assert score.get_ylabel() == "validation MAE (°C)"
    kept = frame[(frame["fold"] == 1) & (frame["execution"] == 0)]
    np.testing.assert_array_equal(column(lines(loss)["loss"]), kept["loss"])
    np.testing.assert_array_equal(column(lines(score)["validation MAE"]), kept["validation_mae"])
    assert len(loss.lines) == 2 * 6 + 1


@pytest.mark.parametrize(("scale", "axis"), [(1.0, "linear"), (1000.0, "log")])
def test_a_loss_with_a_wide_range_is_drawn_on_a_log_axis(scale, axis):
    figure = learning_curve(curves(epochs=20, scale=scale), unit="°C", title="t", best_epoch=None)
    assert panel(figure, "loss").get_yscale() == axis


@pytest.mark.parametrize("epochs", [1, 12])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_an_epoch_whose_loss_is_not_finite_is_marked_and_not_drawn(epochs, bad):
    frame = curves(epochs=epochs)
    measured = ["loss", "val_loss", "mae", "val_mae", "validation_mae"]
    frame.loc[frame["epoch"] == epochs, measured] = bad
    figure = learning_curve(frame, unit="°C", title="t", best_epoch=None)
    check_layout(figure)
    marks = lines(panel(figure, "score"))["not finite"]
    assert list(marks.get_xdata()) == [epochs]
    assert np.isnan(column(lines(panel(figure, "loss"))["loss"])[-1])


def test_a_learning_curve_without_epochs_shows_a_message():
    figure = learning_curve(curves().iloc[:0], unit="°C", title="t", best_epoch=None)
    assert "no epoch was finished" in words(figure)


def test_residuals_are_forecast_minus_actual():
    frame = predictions(200)
    frame.loc[3, "actual"] = np.nan
    errors = (frame["forecast"] - frame["actual"]).dropna()
    figure = draw_residuals(frame)
    dots = column(panel(figure, "time").lines[0])
    np.testing.assert_allclose(dots[~np.isnan(dots)], errors)
    spread = panel(figure, "spread")
    assert formatting.number(errors.std(ddof=0)) in spread.get_title(loc="left")
    assert spread.patches[0].get_data().values.sum() == len(errors)
    assert spread.get_xlabel() == "error (°C)"


def test_residuals_by_step_are_the_mae_of_each_step():
    steps = panel(draw_residuals(HORIZON), "steps")
    sizes = (HORIZON["forecast"] - HORIZON["actual"]).abs().groupby(HORIZON["step"]).mean()
    np.testing.assert_allclose(column(steps.lines[0]), sizes)
    assert steps.get_ylabel() == "MAE (°C)"


@pytest.mark.parametrize(
    ("frequency", "season", "name", "position"),
    [
        ("MS", 12, "month", lambda t: t.dt.month),
        ("D", 365, "day of the year", lambda t: t.dt.day_of_year),
        ("D", 7, "day of the week", lambda t: t.dt.day_of_week),
        ("W", 52, "day of the year", lambda t: t.dt.day_of_year),
        ("h", 24, "hour of the day", lambda t: t.dt.hour),
        ("15min", 96, "hour of the day", lambda t: t.dt.hour + t.dt.minute / 60),
        ("h", 168, "day of the week", lambda t: t.dt.day_of_week + t.dt.hour / 24),
        ("h", 8766, "day of the year", lambda t: t.dt.day_of_year),
    ],
)
def test_positions_in_the_season_are_taken_from_the_calendar(frequency, season, name, position):
    frame = predictions(60, frequency=frequency)
    axes = panel(draw_residuals(frame, season, frequency), "season")
    assert axes.get_xlabel() == name
    np.testing.assert_allclose(axes.lines[0].get_xdata(), position(frame["timestamp"]))


def test_an_unknown_frequency_raises_value_error():
    with pytest.raises(ValueError, match="fortnight"):
        draw_residuals(predictions(), frequency="fortnight")


def test_history_shows_each_trial_once_and_only_real_scores():
    frame = trials(12)
    frame.loc[[2, 5], "state"] = "pruned"
    frame.loc[[3, 7], "state"] = "failed"
    frame.loc[[3, 5, 7], "score"] = np.nan
    figure = draw_history(frame.sample(frac=1, random_state=0))
    check_layout(figure)
    axes = panel(figure, "history")
    drawn = lines(axes)
    done = frame[frame["state"] == "complete"]
    np.testing.assert_array_equal(drawn["complete (8)"].get_xdata(), done["number"])
    np.testing.assert_array_equal(column(drawn["complete (8)"]), done["score"])
    assert list(drawn["pruned (2)"].get_xdata()) == [2]
    assert drawn["pruned (2)"].get_markerfacecolor() == "none"
    failed = drawn["failed, no score (2)"]
    assert list(failed.get_xdata()) == [3, 7]
    assert failed.get_transform() == axes.get_xaxis_transform()
    best = next(line for label, line in drawn.items() if label.startswith("best so far"))
    so_far = frame["score"].where(frame["state"] == "complete").cummin()
    np.testing.assert_array_equal(column(best)[:-1], so_far.ffill())
    assert f"(trial {done['score'].idxmin()})" in best.get_label()
    assert list(drawn["baseline linear_ar: 2.100 °C"].get_ydata()) == [2.1, 2.1]
    assert axes.get_ylabel() == "score (°C)"


def test_an_outlier_does_not_flatten_the_history():
    frame = trials(30)
    frame.loc[4, "score"] = 1e6
    figure = draw_history(frame, baseline=66.0)
    axes = panel(figure, "history")
    assert axes.get_ylim()[1] < 4
    assert any(text.startswith("above") for text in legend_texts(axes))
    assert "baseline linear_ar: 66.00 °C, above" in legend_texts(axes)


def test_a_baseline_better_than_all_trials_is_in_the_figure():
    axes = panel(draw_history(trials(5), baseline=1.0), "history")
    assert axes.get_ylim()[0] < 1.0


def test_history_without_a_baseline_or_a_unit():
    axes = panel(draw_history(trials(5), baseline=float("nan"), unit=""), "history")
    assert axes.get_ylabel() == "score"
    assert not any("baseline" in text for text in legend_texts(axes))


@pytest.mark.parametrize("draw", [draw_history, draw_parallel])
@pytest.mark.parametrize("rows", [0, 3])
def test_a_study_without_a_complete_trial_shows_a_message(draw, rows):
    frame = trials(3).assign(state=["failed", "failed", "pruned"], score=np.nan).iloc[:rows]
    figure = draw(frame)
    check_layout(figure)
    assert "No trial is complete" in words(figure)
    assert rows == 0 or "2 failed, 1 pruned" in words(figure)


def ticks_at(axes: Axes, place: int):
    """Returns the tick labels of one parameter's axis by height."""
    return {t.xy[1]: t.get_text() for t in axes.texts if t.xy[0] == place}


def test_parallel_coordinates_draws_a_line_for_each_complete_trial():
    frame = trials(40)
    frame.loc[0, "state"] = "pruned"
    figure = draw_parallel(frame)
    axes = panel(figure, "row 0")
    (drawn,) = (
        c for c in axes.collections if isinstance(c, LineCollection) and len(c.get_segments()) == 39
    )
    done = frame.iloc[1:].sort_values("score", ascending=False)
    np.testing.assert_array_equal(drawn.get_array(), done["score"])
    rate = np.log(done["training.learning_rate"].to_numpy())
    place = PARAMETERS.index("training.learning_rate")
    heights = [segment[place, 1] for segment in drawn.get_segments()]
    np.testing.assert_allclose(heights, (rate - rate.min()) / np.ptp(rate), atol=1e-9)
    assert legend_texts(axes)[0].startswith(f"best: {formatting.number(done['score'].min(), '°C')}")
    assert axes.get_xticklabels()[0].get_text() == "conv\nfilters"
    assert axes.child_axes[0].get_ylabel().startswith("score (°C)")


def test_parallel_coordinates_labels_each_kind_of_value():
    axes = panel(draw_parallel(trials(40)), "row 0")
    assert list(ticks_at(axes, 0).values()) == ["128", "192", "256"]
    cells = ticks_at(axes, 2)
    assert sorted(cells.values()) == ["gru", "lstm", "–"]
    assert min(cells) < 0
    assert cells[min(cells)] == "–"
    assert set(ticks_at(axes, 3).values()) <= {"0.0001", "0.001", "0.01", "0.1", "1e-05"}
    assert list(ticks_at(axes, 4).values()) == ["true", "1", "auto", "null"]


def test_equal_values_are_spread_by_score_within_half_a_step():
    heights = fanned(np.array([0.0, 0.5, 0.0, 1.0, 0.0]))
    assert list(heights[[1, 3]]) == [0.5, 1.0]
    assert heights[0] > heights[2] > heights[4]
    assert heights[0] - heights[4] <= 0.1


def test_a_parameter_that_no_trial_has_and_a_space_without_parameters():
    figure = draw_parallel(trials(4), ["model.dense.units"])
    assert list(ticks_at(panel(figure, "row 0"), 0).values()) == ["–"]
    assert "no parameters" in words(draw_parallel(trials(4), []))


def test_importance_is_sorted_and_labelled():
    values = {"model.a.x": 0.1, "model.b.y": 0.7, "model.c.z": float("nan"), "model.d.w": 0.001}
    figure = importance(values, title="t", note="fANOVA over $5 and $6")
    axes = panel(figure, "bars")
    assert [text.get_text() for text in axes.get_yticklabels()] == ["b.y", "a.x", "d.w", "c.z"]
    assert [bar.get_width() for bar in axes.patches] == [0.7, 0.1, 0.001, 0.0]
    assert [text.get_text() for text in axes.texts] == ["0.70", "0.10", "< 0.01", "–"]
    assert r"fANOVA over \$5 and \$6" in [text.get_text() for text in figure.texts]
    assert "too few" in words(FIGURES["importance, none"]())


def test_slices_have_one_panel_per_parameter_with_its_complete_trials():
    table = trials()
    figure = draw_slices(table)
    kept = table[(table["state"] == "complete") & table["score"].notna()]
    for name in PARAMETERS[:9]:
        (points,) = panel(figure, name).collections
        present = sum(not missing(value) for value in kept[name])  # null is a value
        assert present - 3 <= len(points.get_offsets()) <= present  # outliers are left out
    assert "no parameters" in words(draw_slices(table, []))


def test_a_contour_has_its_minimum_at_the_best_scores():
    at = [(x, y) for x in range(5) for y in range(5)]
    table = pd.DataFrame(
        {
            "number": range(25),
            "state": "complete",
            "score": [float((x - 1) ** 2 + (y - 3) ** 2) for x, y in at],
            "a.x": pd.Series([x for x, _ in at], dtype=object),
            "a.y": pd.Series([y for _, y in at], dtype=object),
        }
    )
    x, y = (np.array([pair[side] for pair in at], float) for side in (0, 1))
    grid = np.linspace(0, 1, 41)
    surface = slices.interpolated((x / 4, grid), (y / 4, grid), table["score"].to_numpy())
    row, column = np.unravel_index(surface.argmin(), surface.shape)
    assert (column, row) == (10, 30)
    assert panel(draw_contour(table, ["a.x", "a.y"]), "all").get_xlabel() == "x"
    assert "needs two parameters" in words(draw_contour(table, ["a.x"]))


def test_a_forecast_shows_every_baseline_with_its_mae():
    frame = predictions(60)
    worse, worst = (frame.assign(forecast=frame["actual"] + shift) for shift in (1.0, 2.0))
    figure = trial.forecast(
        frame, baselines={"linear_ar": worse, "drift": worst}, unit="", title="t", season=30
    )
    check_layout(figure)
    zoom = panel(figure, "zoom")
    text = zoom.get_xlabel()
    assert "linear ar 1.000 · drift 2.000. Thin grey lines: the other baselines." in text
    drawn = {
        round(float(np.nanmean(np.asarray(line.get_ydata(), float))), 6) for line in zoom.lines
    }
    last = worst[worst["timestamp"] >= worst["timestamp"].iloc[-30]]
    assert round(float(last["forecast"].mean()), 6) in drawn
