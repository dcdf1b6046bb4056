"""The benchmarks compare equal work, and their commands and tables work; nothing is timed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks import chapter, growth, instant, limit, recipes, table
from benchmarks.process import Measured
from search.space.notation import parse_space


@pytest.mark.parametrize("module", [chapter, growth, limit])
def test_a_command_states_its_duration_and_has_defaults(module: Any) -> None:
    options = module.arguments().parse_args(["--write"])
    assert options.write
    assert any(word in module.__doc__ for word in ("minutes", "hour"))


def test_the_given_points_are_those_of_the_chapter(composed: Callable[..., Any]) -> None:
    space = parse_space(composed(f"experiment={chapter.CONV}"))
    given = [{f"model.conv.{k}": v for k, v in point.items()} for point in chapter.POINTS]
    assert sorted(map(str, given)) == sorted(map(str, space.points()))


@pytest.mark.parametrize("strides", [1, 2, 3])
def test_the_other_approaches_train_the_model_of_the_recipe(
    composed: Callable[..., Any], strides: int
) -> None:
    from benchmarks.ways import conv
    from search.trial.data import fold_data, folds_of, load_series, visible
    from search.trial.model import build_model

    config = composed(f"experiment={chapter.CONV}", f"model.conv.strides={strides}")
    series = load_series(config.dataset)
    (fold,) = folds_of(series, config.task)
    data = fold_data(visible(series, config.task), fold, config)
    ours, theirs = build_model(config, data), conv.conv_net(128, 3, strides)
    theirs.set_weights(ours.get_weights())
    x, y = conv.windows(series.values[:, 0], conv.SPLIT, len(series.values))
    assert data.validation is not None
    assert (x == data.validation.x).all()
    assert (y == data.validation.y).all()
    assert theirs.predict_on_batch(x) == pytest.approx(ours.predict_on_batch(x), rel=1e-4)


def test_the_operations_of_a_step_match_the_formulas(composed: Callable[..., Any]) -> None:
    def operations(*words: str) -> int:
        return sum(product.operations for product in limit.products(composed(*words)))

    conv = 2 * 32 * (3 * 128 + 128 * 28 + 28 * 28 + 28)  # only its last output
    assert operations(f"experiment={chapter.CONV}") == conv
    for cell, gates in limit.GATES.items():
        words = (f"experiment=seatac_{cell}", "dataset.source=station.csv")
        layers = gates * 24 * ((1 + 100) * 100 + (100 + 100) * 100)
        assert operations(*words) == 2 * 12 * (layers + 100)


def test_trials_are_compared_if_the_chapter_trains_only_a_part() -> None:
    def way(seconds: float, trials: float) -> chapter.Way:
        done = chapter.Done(Measured(seconds, cpu=1.0, peak=1.0, out=""), trials, mae=1.0)
        return lambda *_: done

    ways = {chapter.CHAPTER: way(100, 0.1), "Sweepcast": way(2000, 8)}
    by_trial = [*chapter.rounds_of("gru", ways, 1, by_trial=True)]
    assert [row[-2] for row in by_trial] == ["", "4.0"]
    assert [row[3] for row in by_trial] == ["4", "14"]  # trials per hour
    assert [row[-2] for row in chapter.rounds_of("gru", ways, 1)] == ["", "0.1"]


def test_a_synthetic_series_is_used_if_no_file_is_given(composed: Callable[..., Any]) -> None:
    from search.trial.data import load_series

    with recipes.station(None) as source:
        config = composed("experiment=seatac_gru", f"dataset.source={source}")
        assert load_series(config.dataset).values.shape == (912, 1)
    given = Path("station.csv")
    with recipes.station(given) as source:
        assert source == given.resolve()


def test_a_study_of_trivial_trials_is_measured_and_resumed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert len(instant.coordination(4, "backend=optuna_random").trials) == 3
    more = instant.coordination(6, "backend=optuna_random")
    assert len(more.trials) == 1
    assert more.begin > 0 < more.end


def test_a_new_table_replaces_the_old_one() -> None:
    section = table.Section("limit", ("what", "ratio"), [("a step", "2.0")], ["A note."])
    text = table.markdown(section)
    assert text.startswith("| what | ratio |\n| --- | --- |\n| a step | 2.0 |\n\nA note.\n\n")
    document = table.README.read_text("utf-8")
    for name in (
        "chapter_conv",
        "chapter_recurrent",
        "limit",
        "growth_trials",
        "growth_sizes",
        "engine",
    ):
        once = table.replaced(document, name, text)
        assert text in once
        assert table.replaced(once, name, text) == once
    with pytest.raises(ValueError, match="no section"):
        table.replaced(document, "nothing", text)
