"""The limits of a study and the messages about them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.config.schema import StudyOptions
from search.study.budget import StudyLimits
from search.study.history import FinishedTrial, Totals


def ended(
    number: int, score: float | None = 5.0, epochs: int = 3, state: str = "complete"
) -> FinishedTrial:
    scores = {} if score is None else {"validation/mae": score}
    return FinishedTrial(number, state, {**scores, "epochs": float(epochs)})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 2}, "Budget used up: 2 trials."),
        ({"target": 4.0}, "Target score of 4 reached after 2 of 30 trials."),
        ({"epochs": 8}, "Epoch limit of 8 reached after 2 of 30 trials."),
        ({"timeout": 60.0}, "Time limit reached after 2 of 30 trials."),
        ({"target": 3.9, "epochs": 9, "timeout": 61.0}, None),
    ],
)
def test_the_first_limit_reached_ends_the_study(
    options: dict[str, float], message: str | None
) -> None:
    limits = StudyLimits.of(StudyOptions(**options))  # type: ignore[arg-type]
    trials = Totals.of([ended(0), ended(1, score=4.0)])
    assert limits.reached(trials, running=2, seconds=60.0) == message
    assert limits.reached(Totals(), running=2, seconds=0.0) is None


def test_only_a_complete_trial_reaches_the_target() -> None:
    limits = StudyLimits.of(StudyOptions(target=4.0))
    others = [ended(0, 1.0, state="pruned"), ended(1, None, state="failed")]
    assert limits.reached(Totals.of(others)) is None
    assert limits.reached(Totals.of([*others, ended(2, 0.0)])) is not None


SCORES = st.none() | st.floats(0, 9)
ENDS = st.tuples(SCORES, st.integers(0, 5), st.sampled_from(["complete", "pruned", "failed"]))


@given(st.lists(ENDS, max_size=9))
def test_running_totals_equal_the_totals_of_all_trials(
    ends: list[tuple[float, int, str]],
) -> None:
    trials = [ended(number, *end) for number, end in enumerate(ends)]
    tally = Totals()
    for trial in trials:
        tally.add(trial)
    scored = [(t.score, t.number) for t in trials if t.state == "complete" and t.score is not None]
    assert tally == Totals(
        trials=len(trials),
        epochs=sum(epochs for _, epochs, _ in ends),
        best=min(scored, default=None),
    )
