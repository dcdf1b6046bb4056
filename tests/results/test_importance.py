"""Tests the importance of the searched values, also for a study with many trials."""

import pytest

from search.results import importance
from search.space.space import Range, Space


def test_importance_uses_a_limited_number_of_trials_of_a_large_study() -> None:
    space = Space((Range("training.epochs", 0, 9),))
    scored = [({"training.epochs": number % 10}, float(number % 10)) for number in range(12)]
    assert "over 12 complete trials" in importance.importances(space, scored)[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(importance, "MOST", 11)
        shares, note = importance.importances(space, scored)
    assert "over 11 of 12 complete trials, evenly spaced" in note
    assert shares == {"training.epochs": pytest.approx(1.0)}
