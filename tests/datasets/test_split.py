from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from datasets import DatasetError
from datasets.split import Fold, split


def test_the_split_of_the_chapter():
    assert split(1461, validation=461, test=0) == (Fold(0, 1000, 1461),)


def test_folds_move_towards_the_test_block():
    assert split(100, validation=10, test=20, folds=3) == (
        Fold(0, 50, 60),
        Fold(1, 60, 70),
        Fold(2, 70, 80),
    )


@given(
    length=st.integers(1, 300),
    validation=st.integers(1, 50),
    test=st.integers(0, 50),
    folds=st.integers(1, 5),
)
def test_folds_expand_and_exclude_the_test_block(length, validation, test, folds):
    assume(length - test - folds * validation >= 1)
    cuts = split(length, validation=validation, test=test, folds=folds)
    assert [fold.number for fold in cuts] == list(range(folds))
    assert cuts[0].train_stop >= 1
    assert cuts[-1].validation_stop == length - test
    assert all(fold.validation_stop - fold.train_stop == validation for fold in cuts)
    assert all(before.validation_stop == after.train_stop for before, after in pairwise(cuts))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": 0, "test": 0}, r"task\.validation is 0"),
        ({"validation": 5, "test": -1}, r"task\.test is -1"),
        ({"validation": 5, "test": 0, "folds": 0}, r"task\.folds is 0"),
        ({"validation": 5, "test": 5}, "leave 0 to train on"),
        ({"validation": 3, "test": 2, "folds": 3}, "leave -1 to train on"),
    ],
)
def test_splits_that_do_not_fit_are_rejected(options, message):
    with pytest.raises(DatasetError, match=message) as caught:
        split(10, **options)
    assert str(caught.value).count("\n") < 3
