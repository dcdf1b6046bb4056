"""The lengths that `auto` stands for fit the series; a series that is too short is refused."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets import DatasetError
from search.config.schema import Task
from search.study.defaults.lengths import with_lengths
from search.study.defaults.windows import window_choices, window_size

OPEN = Task(window_size="auto", validation="auto", test="auto", folds="auto")


def parts(length: int, *seasons: int) -> tuple[int, int, int]:
    task = with_lengths(OPEN, length, seasons)
    return task.validation, task.test, task.folds


@pytest.mark.parametrize(
    ("length", "seasons", "expected"),
    [
        (4368, (24, 168), (336, 336, 1)),  # hours: whole weeks
        (156, (52,), (26, 31, 2)),  # three years of weeks: two folds cover the year
        (80, (4,), (16, 16, 1)),
        (60, (1,), (12, 12, 1)),
        (31, (12,), (6, 6, 1)),  # no number of folds covers the season
        (1461, (365, 7), (183, 287, 2)),
        (100_000, (24, 168), (1848, 1848, 1)),
    ],
)
def test_the_lengths_of_usual_series(
    length: int, seasons: tuple[int, ...], expected: object
) -> None:
    assert parts(length, *seasons) == expected


@given(st.integers(20, 5000), st.integers(1, 400))
def test_each_part_is_at_most_a_fifth_and_the_most_is_left_to_train_on(
    length: int, season: int
) -> None:
    validation, test, folds = parts(length, season)
    assert max(validation, test) <= length // 5
    assert 1 <= folds <= 3
    assert length - test - folds * validation >= 0.4 * length
    if 4 <= season <= length // 5:
        assert (folds, validation % season, test % season) == (1, 0, 0)


def test_a_block_has_the_steps_of_the_horizon_even_if_whole_seasons_have_not() -> None:
    task = with_lengths(Task(horizon=13, validation="auto", test="auto"), 70, (12,))
    assert (task.validation, task.test) == (14, 14)


def test_given_lengths_are_kept() -> None:
    task = Task(validation=20, test="auto", folds="auto")
    found = with_lengths(task, 156, (52,))
    assert (found.validation, found.test, found.folds) == (20, 31, 3)
    assert with_lengths(Task(folds=3, validation="auto", test=0), 156, (52,)).validation == 18
    given = Task(validation=5, test=5)
    assert with_lengths(given, 3, (1,)) is given


@pytest.mark.parametrize("length", [4, 10, 19])
def test_a_series_that_is_too_short_is_told_what_works(length: int) -> None:
    with pytest.raises(DatasetError, match="a study needs at least 20") as caught:
        parts(length, 12)
    lines = str(caught.value).splitlines()
    assert len(lines) <= 3
    values = {name: int(n) for name, n in re.findall(r"task\.(\w+)=(\d+)", lines[1])}
    left = length - values["test"] - values["folds"] * values["validation"]
    assert left >= values["window_size"] + 1
    assert parts(20, 12)


def test_a_horizon_that_is_too_long_is_reported() -> None:
    with pytest.raises(DatasetError, match="or a shorter horizon"):
        with_lengths(Task(horizon=40, validation="auto", test="auto"), 31, (12,))


@pytest.mark.parametrize(
    ("frequency", "seasons", "choices", "size"),
    [
        ("h", (24, 168), [24, 48, 168, 336], 48),
        ("D", (365, 7), [7, 14, 28, 56], 28),
        ("D", (365,), [7, 14, 28, 56], 28),
        ("B", (261,), [5, 10, 20, 40], 20),
        ("W-SUN", (52,), [13, 26, 52, 104], 52),
        ("MS", (12,), [12, 24, 36], 24),
        ("QS-JAN", (4,), [4, 8, 16, 32], 16),
        ("YS-JAN", (1,), [3, 5, 10], 10),
        ("min", (1440, 10_080), [10, 20, 40, 80], 40),
    ],
)
def test_windows_reach_over_seasons(
    frequency: str, seasons: tuple[int, ...], choices: list[int], size: int
) -> None:
    assert window_choices(frequency, seasons, 1000) == choices
    assert window_size(frequency, seasons, 1000) == size


@given(st.integers(1, 400), st.lists(st.integers(1, 400), min_size=1, max_size=3, unique=True))
def test_windows_leave_room(room: int, seasons: list[int]) -> None:
    choices = window_choices("MS", tuple(seasons), room)
    assert choices == sorted(set(choices))
    assert 1 <= choices[0] <= choices[-1] <= room
    assert window_size("MS", tuple(seasons), room) in choices
