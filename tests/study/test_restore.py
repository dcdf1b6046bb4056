"""Restoring a study from the runs of its trials: finished trials, retries and what follows."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.backends.base import Answer, Backend, Proposal, Recorded
from search.backends.grid import Grid
from search.errors import BadInput
from search.pruners import median, none
from search.space.space import Choice, Point, Range, Space, point_key
from search.study.history import StudyHistory, Totals
from search.study.restore import point_of, proposal_of, restore, running_scores
from search.tracking import names
from search.tracking.reading import Record

SPACE = Space((Range("training.epochs", 1, 6), Choice("training.loss", ("mse", "mae"))))


@dataclass
class RecordingBackend(Backend):
    """Stores the trials that it is restored from."""

    restored: list[Recorded] = field(default_factory=list)

    def ask(self, number: int) -> Proposal | Answer:  # noqa: ARG002
        return Answer.EXHAUSTED

    def enqueue(self, number: int, point: Point) -> Proposal:  # noqa: ARG002
        return Proposal(point)

    def tell(self, number: int, state: str, score: float | None) -> None:  # noqa: ARG002
        pytest.fail("finished trials must be passed to restore, not to tell")

    def restore(self, trials: Sequence[Recorded]) -> None:
        self.restored = list(trials)


def run(
    number: int, epochs: int, state: str | None, started: int, ended: int | None = None, **more: Any
) -> Record:
    """The run of a trial, as read from the ledger."""
    score = {"complete": 1.0 + number, "pruned": 50.0, "failed": 99.0}.get(state or "")
    tags = {names.TRIAL: str(number)} | more.get("tags", {})
    return Record(
        run_id=f"run-{started}",
        name=f"trial {number}",
        kind="trial",
        study="mine",
        state=state,
        started=started,
        ended=ended,
        tags=tags,
        params={"training.epochs": str(epochs), "training.loss": "mae", "seed": "7"},
        metrics={} if score is None else {"validation/mae": score},
    )


def point(epochs: int) -> Point:
    return {"training.epochs": epochs, "training.loss": "mae"}


def restored(*runs: Record, backend: Backend | None = None) -> StudyHistory:
    return restore(runs, {}, SPACE, backend or RecordingBackend(), none(), longest=9)


def test_a_study_without_trials_starts_at_zero() -> None:
    past = restored()
    assert (past.finished, past.keys, past.retries, past.next_number) == ([], {}, [], 0)


def test_finished_trials_count_lost_runs_do_not_and_open_ones_are_retried() -> None:
    past = restored(
        run(0, 1, "complete", 10, 20),
        run(1, 2, "lost", 11, 21),
        run(2, 3, "failed", 12, 22, tags={names.REASON: "NaN"}),
        run(1, 2, "pruned", 23, 31),
        run(3, 4, None, 24),
        run(4, 5, "lost", 25, 32),
    )
    assert [(t.number, t.state, t.reason) for t in past.finished] == [
        (0, "complete", ""),
        (1, "pruned", ""),
        (2, "failed", "NaN"),
    ]
    assert past.retries == [(3, Proposal(point(4))), (4, Proposal(point(5)))]
    assert past.next_number == 5
    assert past.keys == {point_key(point(epochs), None): epochs - 1 for epochs in (1, 2, 3)}
    assert Totals.of(past.finished).best == (1.0, 0)


def test_a_repeated_point_has_the_number_of_its_first_trial() -> None:
    past = restored(run(0, 1, "complete", 10, 20), run(1, 1, "complete", 11, 21))
    assert past.keys == {point_key(point(1), None): 0}


def test_the_backend_receives_asks_and_tells_in_their_order() -> None:
    backend = RecordingBackend()
    restored(
        run(0, 1, "complete", 10, 40),
        run(1, 2, "lost", 20, 25),
        run(1, 2, "complete", 26, 30),
        run(2, 3, None, 35),
        backend=backend,
    )
    assert [(t.number, t.state, t.score, t.asked_at, t.told_at) for t in backend.restored] == [
        (0, "complete", 1.0, 0, 4),
        (1, "complete", 2.0, 1, 2),
        (2, None, None, 3, None),
    ]


def test_the_proposal_of_a_trial_is_restored() -> None:
    proposal = {"epochs": 3, "notes": {"tuner/bracket": 1}}
    backend = RecordingBackend()
    past = restored(
        run(0, 1, "complete", 10, 20, tags={names.PROPOSAL: json.dumps(proposal)}), backend=backend
    )
    assert backend.restored[0].proposal == Proposal(point(1), 3, notes={"tuner/bracket": 1})
    assert past.keys == {point_key(point(1), 3): 0}


def test_a_failed_trial_has_no_score() -> None:
    backend = RecordingBackend()
    restored(run(0, 1, "failed", 10, 20), backend=backend)
    assert backend.restored[0].score is None


def test_a_grid_continues_after_the_points_it_has_proposed() -> None:
    backend = Grid(SPACE)
    restored(run(0, 1, "complete", 10, 20), run(1, 2, None, 11), backend=backend)
    left = [backend.ask(number) for number in range(2, 12)]
    assert Proposal(point(1)) not in left
    assert Proposal(point(2)) not in left
    assert len({repr(proposal) for proposal in left}) == 10


def test_the_pruner_is_restored_from_earlier_curves() -> None:
    pruner = median(n_startup_trials=1, warmup=0)
    curves = {0: [[2.0, 2.0, 2.0]]}
    restore([run(0, 1, "complete", 10, 20)], curves, SPACE, RecordingBackend(), pruner, longest=9)
    pruner.start(1)
    assert not pruner.should_stop(1, 0, 1.0)
    pruner.start(2)
    assert pruner.should_stop(2, 0, 3.0)


def test_steps_count_over_all_executions_and_scores_are_running_means() -> None:
    assert running_scores([[3.0, 2.0], [5.0, 1.0], [6.0]], 2) == {
        0: 3.0,
        1: 2.0,
        2: pytest.approx((2 + 5) / 2),
        3: pytest.approx((2 + 1) / 2),
        4: pytest.approx((2 + 1 + 6) / 3),
    }
    assert running_scores([], 2) == {}


choices = st.one_of(st.none(), st.booleans(), st.text(max_size=3), st.just("null"))
numbers = st.one_of(st.integers(-(10**12), 10**12), st.floats(-1e9, 1e9, allow_nan=False))


@given(choices, numbers)
def test_a_point_is_read_from_params_exactly(choice: Any, number: float) -> None:
    space = Space(
        (
            Choice("a", (choice,)),
            Range("b", number, number),
            Choice("c", (number,)),
            Choice("inactive", (1,)),
        )
    )
    written = {"a": names.text(choice), "b": names.text(number), "c": names.text(number)}
    found = point_of({**written, "seed": "7"}, space)
    assert found == {"a": choice, "b": number, "c": number}
    assert [type(value) for value in found.values()] == [type(choice), type(number), type(number)]


def test_invalid_params_are_named_in_the_error() -> None:
    space = Space((Choice("a", ("x", "y")), Range("b", 0.0, 1.0)))
    for params, message in (({"a": "z"}, "a is z"), ({"b": "much"}, "'much'")):
        with pytest.raises(BadInput, match=message):
            proposal_of(replace(run(0, 1, "complete", 10, 20), params=params), space)
