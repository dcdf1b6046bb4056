"""What mattered in a study, also in one of thousands of trials."""

import pytest

from search.results import importance as insight
from search.space.space import Range, Space


def test_importance_looks_at_so_many_trials_of_a_large_study() -> None:
    space = Space((Range("training.epochs", 0, 9),))
    scored = [({"training.epochs": number % 10}, float(number % 10)) for number in range(12)]
    assert "over 12 complete trials" in insight.importances(space, scored)[1]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(insight, "MOST", 11)
        shares, note = insight.importances(space, scored)
    assert "over 11 of 12 complete trials, evenly spaced" in note
    assert shares == {"training.epochs": pytest.approx(1.0)}
