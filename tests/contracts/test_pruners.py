"""Every pruner in conf/pruner keeps the contract, whatever it decides."""

from pathlib import Path
from typing import Any

import pytest
import yaml

import conf
from search.signatures import call_builder

PRESETS = sorted((Path(conf.__file__).parent / "pruner").glob("*.yaml"))
EPOCHS = 30


@pytest.fixture(params=PRESETS, ids=lambda path: path.stem)
def preset(request: pytest.FixtureRequest) -> dict[str, Any]:
    return yaml.safe_load(request.param.read_text("utf-8"))


def curve(number: int) -> list[float]:
    """The later a trial, the worse; all of them learn."""
    return [1.0 + number + 1 / (epoch + 1) for epoch in range(EPOCHS)]


def run(pruner: Any, numbers: range) -> dict[int, int | None]:
    """Trials one after the other: the epoch at which each was stopped, if it was."""
    stopped: dict[int, int | None] = {}
    for number in numbers:
        pruner.start(number)
        told = ((e, pruner.should_stop(number, e, s)) for e, s in enumerate(curve(number)))
        stopped[number] = next((epoch for epoch, stop in told if stop), None)
        last = stopped[number]
        score = curve(number)[-1 if last is None else last]
        pruner.end(number, "complete" if last is None else "pruned", score)
    return stopped


def test_it_says_what_it_is(preset: dict[str, Any]) -> None:
    assert preset["name"] in preset["_target_"]
    assert call_builder("pruner", preset).active is (preset["name"] != "none")


def test_the_first_trial_is_never_stopped_and_an_inactive_pruner_stops_nothing(
    preset: dict[str, Any],
) -> None:
    pruner = call_builder("pruner", preset)
    stopped = run(pruner, range(8))
    assert stopped[0] is None
    assert any(epoch is not None for epoch in stopped.values()) is pruner.active


def test_a_failed_trial_is_no_yardstick(preset: dict[str, Any]) -> None:
    pruner = call_builder("pruner", preset)
    for number in range(8):
        pruner.start(number)
        pruner.should_stop(number, 0, -1e9)
        pruner.end(number, "failed", None)
    assert run(pruner, range(8, 9)) == {8: None}


def test_a_restored_pruner_decides_as_the_one_that_saw_it_all(preset: dict[str, Any]) -> None:
    whole, restored = (call_builder("pruner", preset) for _ in range(2))
    stopped = run(whole, range(6))
    for number, last in stopped.items():
        reached = curve(number)[: None if last is None else last + 1]
        state = "complete" if last is None else "pruned"
        restored.restore(state, reached[-1], dict(enumerate(reached)))
    assert run(restored, range(6, 9)) == run(whole, range(6, 9))
