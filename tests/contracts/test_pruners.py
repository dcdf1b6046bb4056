"""Every pruner in conf/pruner meets the contract of a pruner."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

import conf
from search.backends.base import Proposal
from search.config.signatures import call_builder
from search.errors import BadInput
from search.space.conditions import Clause
from search.space.space import Choice, Range, Space
from search.study.preparation import build_backend, build_pruner

FOLDER = Path(conf.__file__).parent
PRUNERS, BACKENDS = (
    sorted(path.stem for path in (FOLDER / group).glob("*.yaml")) for group in ("pruner", "backend")
)
EPOCHS = 30
# Options that a user has to set.
SET = {"threshold": {"upper": 4.0}}
SGD = Clause("training.optimizer", "==", "sgd")
SPACE = Space(
    (
        Choice("training.optimizer", ("sgd", "adam")),
        Range(
            "training.momentum", 0.0, 0.9, 0.1, when=(Clause("training.optimizer", "==", "sgd"),)
        ),
        Range("model.dense.units", 2, 9),
    )
)


def options_of(group: str, name: str) -> dict[str, Any]:
    options = yaml.safe_load((FOLDER / group / f"{name}.yaml").read_text("utf-8"))
    options.pop("defaults", None)  # only Hydra uses it
    return {**options, **SET.get(name, {})}


@pytest.fixture(params=PRUNERS)
def preset(request: pytest.FixtureRequest) -> dict[str, Any]:
    return options_of("pruner", request.param)


def curve(number: int) -> list[float]:
    """Returns a learning curve that overfits; later trials are worse."""
    return [1.0 + number + 1 / (epoch + 1) + 0.02 * max(0, epoch - 5) for epoch in range(EPOCHS)]


def run(pruner: Any, numbers: range) -> dict[int, int | None]:
    """Runs trials one after the other; returns the epoch at which each was stopped, or None."""
    stopped: dict[int, int | None] = {}
    for number in numbers:
        pruner.start(number)
        decisions = ((e, pruner.should_stop(number, e, s)) for e, s in enumerate(curve(number)))
        stopped[number] = next((epoch for epoch, stop in decisions if stop), None)
        last = stopped[number]
        score = curve(number)[-1 if last is None else last]
        pruner.end(number, "complete" if last is None else "pruned", score)
    return stopped


def test_its_name_matches_its_builder(preset: dict[str, Any]) -> None:
    assert preset["name"] in preset["_target_"]
    assert call_builder("pruner", preset).active is (preset["name"] != "none")


def test_the_first_trial_is_never_stopped_and_an_inactive_pruner_stops_none(
    preset: dict[str, Any],
) -> None:
    pruner = call_builder("pruner", preset)
    stopped = run(pruner, range(8))
    assert stopped[0] is None
    assert any(epoch is not None for epoch in stopped.values()) is pruner.active


def test_failed_trials_are_ignored(preset: dict[str, Any]) -> None:
    pruner, fresh = (call_builder("pruner", preset) for _ in range(2))
    for number in range(8):
        pruner.start(number)
        pruner.should_stop(number, 0, -1e9)
        pruner.end(number, "failed", None)
    assert run(pruner, range(8, 9)) == run(fresh, range(8, 9))


def test_a_restored_pruner_makes_the_same_decisions(preset: dict[str, Any]) -> None:
    whole, restored = (call_builder("pruner", preset) for _ in range(2))
    stopped = run(whole, range(6))
    for number, last in stopped.items():
        reached = curve(number)[: None if last is None else last + 1]
        state = "complete" if last is None else "pruned"
        restored.restore(number, state, reached[-1], dict(enumerate(reached)))
    assert run(restored, range(6, 9)) == run(whole, range(6, 9))


def test_a_retried_trial_does_not_change_the_decisions(preset: dict[str, Any]) -> None:
    """A trial whose worker died reports the same scores again when it is retried."""
    whole, disturbed = (call_builder("pruner", preset) for _ in range(2))
    for pruner in (whole, disturbed):
        run(pruner, range(2))
    disturbed.start(2)
    for epoch in range(3):
        disturbed.should_stop(2, epoch, curve(2)[epoch])
    assert run(disturbed, range(2, 9)) == run(whole, range(2, 9))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("pruner", PRUNERS)
def test_it_works_with_a_backend_or_is_rejected(
    composed: Callable[..., Any], backend: str, pruner: str
) -> None:
    supplied = {"space": SPACE, "epochs": EPOCHS, "seed": 1, "restored": 0}
    config = replace(composed("space=[]"), backend=options_of("backend", backend))
    config = replace(config, pruner=options_of("pruner", pruner))
    prepared: Any = SimpleNamespace(config=config, space=SPACE)
    chosen = build_pruner(prepared)
    if "hyperband" in backend and chosen.active:
        with pytest.raises(BadInput, match="set pruner=none"):
            build_backend(prepared, restored=0, beside=chosen)
        return
    asked = call_builder("backend", config.backend, **supplied)
    states = []
    for number in range(10):
        assert isinstance(asked.ask(number), Proposal)
        stopped = run(chosen, range(number, number + 1))[number]
        states.append("complete" if stopped is None else "pruned")
        score = curve(number)[-1 if stopped is None else stopped]
        asked.tell(number, states[-1], score)
    assert states[0] == "complete"
    assert ("pruned" in states) is chosen.active
