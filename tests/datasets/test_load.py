import sys

import numpy as np
import pytest

import datasets
from datasets import DatasetError, Series, load


def series(*, readings: tuple[float, ...] = (1, 2), other: tuple[float, ...] = ()) -> Series:
    """Stands for a builder that a user wrote."""
    channels = [readings, *([other] if other else [])]
    return Series(
        name="own",
        values=np.array(channels, dtype=float).T,
        timestamps=np.datetime64("2020-01-30") + np.arange(len(readings)),
        channels=("a", "b")[: len(channels)],
    )


def needy(*, source: str) -> str:
    return source


def anything(**options: object) -> Series:
    return series()


@pytest.fixture(autouse=True)
def own_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "own_builders", sys.modules[__name__])


def options(function="series", **others):
    return {"_target_": f"own_builders.{function}", "name": None, "max_gap": 2} | others


def test_this_datasets_package_is_imported_and_lists_its_public_names():
    assert datasets.__all__ == ["DatasetError", "Series", "load", "local_file", "regular_series"]
    assert "site-packages" not in str(datasets.__file__)


def test_the_builder_gets_its_options_and_a_given_name_replaces_its_own():
    given = options(readings=(4, 5, 6))
    assert load(given).values[:, 0].tolist() == [4, 5, 6]
    assert load(given).name == "own"
    assert load(given | {"name": "mine"}).name == "mine"
    assert load(given | {"name": "mine"}).digest == load(given).digest
    assert given == options(readings=(4, 5, 6))
    assert load(options("anything", x=1)).name == "own"


NAN = np.nan


def test_gaps_up_to_the_limit_are_accepted():
    gaps = load(options(readings=(1, NAN, NAN, 4, NAN, 6)))
    assert gaps.missing == 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (
            {"readings": (1, NAN, NAN, NAN, 5)},
            r"a has no reading from 2020-01-31 to 2020-02-02 \(3 ",
        ),
        ({"readings": (1, NAN, 3), "max_gap": 0}, "from 2020-01-31 to 2020-01-31"),
        (
            {"readings": (1,) * 5, "other": (1, 2, NAN, NAN, NAN)},
            "b has no reading from 2020-02-01",
        ),
        ({"readings": (1, *(NAN,) * 3, 2, *(NAN,) * 4, 3)}, r"4 steps\), the longest of 2"),
    ],
)
def test_longer_gaps_are_rejected_with_their_dates(given, message):
    with pytest.raises(DatasetError, match=message) as caught:
        load(options(**given))
    assert "dataset.max_gap" in str(caught.value)
    assert str(caught.value).count("\n") < 3


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"_target_": None}, r"dataset\._target_ is None"),
        ({"_target_": "seattle"}, "must be the package.function"),
        ({"_target_": "no_such_package.builder"}, "cannot be imported: No module named"),
        ({"_target_": "datasets.seattle.seatle"}, "datasets.seattle has no function 'seatle'"),
        ({"reading": (1, 2)}, "dataset.reading is not an option of .* did you mean 'readings'"),
        ({"_target_": "own_builders.needy"}, "needs dataset.source"),
        ({"_target_": "own_builders.needy", "source": "x"}, "returned str"),
        ({"max_gap": -1}, r"dataset\.max_gap is -1"),
        ({"max_gap": True}, r"dataset\.max_gap is True"),
        ({"max_gap": 1.5}, r"dataset\.max_gap is 1.5"),
    ],
)
def test_bad_options_are_rejected(given, message):
    with pytest.raises(DatasetError, match=message) as caught:
        load(options() | given)
    assert str(caught.value).count("\n") < 3
