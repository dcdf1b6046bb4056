"""The limits of a study and the messages about them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.config.schema import StudyOptions
from search.study.budget import StudyLimits, TimeLimit
from search.study.history import FinishedTrial, Totals


def ended(
    number: int, score: float | None = 5.0, epochs: int = 3, state: str = "complete"
) -> FinishedTrial:
    scores = {} if score is None else {"validation/mae": score}
    return FinishedTrial(number, state, {**scores, "epochs": float(epochs)})


class Clock:
    """A clock that tests set."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def timed(timeout: float | None, slots: int = 1, **options: int) -> tuple[TimeLimit, Clock]:
    clock = Clock()
    return TimeLimit(StudyOptions(timeout=timeout, **options), slots, clock), clock  # type: ignore[arg-type]


def lasted(seconds: float, score: float = 5.0) -> FinishedTrial:
    return FinishedTrial(0, "complete", {"validation/mae": score, "duration_s": seconds})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"trials": 2}, "Budget used up: 2 trials."),
        ({"target": 4.0}, "Target score of 4 reached after 2 of 30 trials."),
        ({"epochs": 8}, "Epoch limit of 8 reached after 2 of 30 trials."),
        ({"target": 3.9, "epochs": 9}, None),
    ],
)
def test_the_first_limit_reached_ends_the_study(
    options: dict[str, float], message: str | None
) -> None:
    limits = StudyLimits.of(StudyOptions(**options))  # type: ignore[arg-type]
    trials = Totals.of([ended(0), ended(1, score=4.0)])
    assert limits.reached(trials, running=2) == message
    assert limits.reached(Totals(), running=2) is None
    late = message or "Time limit reached after 2 of 30 trials."
    assert limits.reached(trials, running=2, late=True) == late


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


# ---------------------------------------------------------------- the time of a command


def test_without_a_limit_there_is_always_time() -> None:
    time, clock = timed(None)
    time.add(lasted(1e6))
    clock.now += 1e9
    pace = time.started()
    time.epoch_ended(pace)
    clock.now += 1e9
    time.epoch_ended(pace)
    assert (time.fits(), time.is_last_epoch(pace), time.over) == (True, False, False)
    assert time.fitting_seeds([1e6, 1e6]) == [3, 3]


def test_a_quarter_is_kept_for_finalists_until_a_trial_is_complete() -> None:
    time, clock = timed(100.0)
    clock.now += 65.0
    assert time.fits()
    clock.now += 10.0
    assert not time.fits()
    # There are no finalists without a complete trial, so running trials may go on.
    assert time.search_left > 10.0
    time.add(lasted(1.0))
    assert time.search_left > 10.0
    for number in range(3):
        time.add(lasted(9.0, score=4.0 - number))  # better trials, each of which takes longer
    assert time.search_left < 0.0


def test_a_trial_starts_only_if_it_can_finish_before_the_finalists() -> None:
    time, clock = timed(100.0, finalists=1, finalist_executions=2)
    for seconds in (8.0, 9.0, 10.0, 10.0):
        time.add(lasted(seconds))
    assert time.fits()
    clock.now += 55.0  # finalists take more than 20 s
    assert time.fits()
    clock.now += 10.0
    assert not time.fits()
    alone, clock = timed(100.0, finalists=0)
    alone.add(lasted(10.0))
    clock.now += 80.0
    assert alone.fits()
    clock.now += 10.0
    assert not alone.fits()


def test_a_failed_pruned_or_repeated_trial_says_nothing_about_durations() -> None:
    time, clock = timed(100.0)
    for state, seconds in (("failed", 90.0), ("pruned", 90.0), ("complete", 0.0)):
        time.add(FinishedTrial(0, state, {"validation/mae": 1.0, "duration_s": seconds}))
    assert time.fits()
    clock.now += 60.0
    assert time.fits()


def test_a_trial_ends_with_the_epoch_after_which_another_would_be_late() -> None:
    time, clock = timed(100.0, finalists=0)
    pace = time.started()
    assert not time.is_last_epoch(pace)
    clock.now += 40.0
    time.epoch_ended(pace)  # the first epoch, with the compilation, is no measure for the next
    assert not time.is_last_epoch(pace)
    clock.now += 20.0
    time.epoch_ended(pace)
    assert time.is_last_epoch(pace)  # this epoch ends at 80 s, the next one would at 100 s
    short = time.started()
    time.epoch_ended(short)
    clock.now += 1.0
    time.epoch_ended(short)
    assert not time.is_last_epoch(short)
    clock.now += 37.0  # an epoch that takes longer than the one before
    assert time.is_last_epoch(short)
    assert not time.over
    clock.now += 12.0
    assert time.over


def test_time_is_kept_for_the_files_of_a_trial_as_measured() -> None:
    found = []
    for files in (0.0, 20.0):
        time, clock = timed(100.0, finalists=0)
        pace = time.started()
        clock.now += 10.0 + files
        time.ended(pace, 10.0)
        time.add(lasted(10.0))
        clock.now = 1070.0
        found.append(time.fits())
    assert found == [True, False]


def test_finalists_get_seeds_in_the_order_of_rank() -> None:
    time, clock = timed(100.0, slots=2)
    assert time.fitting_seeds([5.0, 5.0, 5.0]) == [3, 3, 3]
    assert time.fitting_seeds([18.0, 18.0, 18.0]) == [3, 3, 2]  # 4 rounds of 21 s on 2 slots
    assert time.fitting_seeds([50.0, 1.0]) == [2, 0]  # none is retrained instead of a better one
    assert time.fitting_seeds([90.0, 1.0]) == [0, 0]
    clock.now += 200.0
    assert time.fitting_seeds([1.0]) == [0]
    assert time.fitting_seeds([]) == []


def test_no_time_is_kept_for_finalists_that_would_never_fit() -> None:
    time, _ = timed(100.0)
    before = time.search_left
    time.add(lasted(80.0))
    assert time.search_left == before
    time.add(lasted(40.0, score=1.0))
    assert time.search_left < before - 40.0  # one seed of the best trial
