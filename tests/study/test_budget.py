"""The budget of a study: what ends it, and that it says so."""

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
    ("options", "said"),
    [
        ({"trials": 2}, "Budget met: 2 trials."),
        ({"target": 4.0}, "The target of 4 is reached after 2 of 30 trials."),
        ({"epochs": 8}, "The 8 epochs are spent after 2 of 30 trials."),
        ({"timeout": 60.0}, "Time is up after 2 of 30 trials."),
        ({"target": 3.9, "epochs": 9, "timeout": 61.0}, None),
    ],
)
def test_what_is_reached_first_ends_it(options: dict[str, float], said: str | None) -> None:
    limits = StudyLimits.of(StudyOptions(**options))  # type: ignore[arg-type]
    trials = Totals.of([ended(0), ended(1, score=4.0)])
    assert limits.reached(trials, running=2, seconds=60.0) == said
    assert limits.reached(Totals(), running=2, seconds=0.0) is None


def test_only_a_complete_trial_reaches_the_target() -> None:
    limits = StudyLimits.of(StudyOptions(target=4.0))
    others = [ended(0, 1.0, state="pruned"), ended(1, None, state="failed")]
    assert limits.reached(Totals.of(others)) is None
    assert limits.reached(Totals.of([*others, ended(2, 0.0)])) is not None


SCORES = st.none() | st.floats(0, 9)
ENDS = st.tuples(SCORES, st.integers(0, 5), st.sampled_from(["complete", "pruned", "failed"]))


@given(st.lists(ENDS, max_size=9))
def test_what_is_kept_as_trials_end_is_what_they_come_to(
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
