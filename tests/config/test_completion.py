"""Tab completion: Sweepcast completes commands, Hydra the words after `sweep` and `train`."""

from collections.abc import Callable
from pathlib import Path

import pytest

from search import cli


@pytest.fixture
def completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], list[str]]:
    """Returns a function that lists the completions of a line and checks that it writes no file."""
    monkeypatch.chdir(tmp_path)

    def offered(line: str) -> list[str]:
        monkeypatch.setenv("COMP_LINE", line)
        monkeypatch.setenv("COMP_POINT", str(len(line)))
        assert cli.run(["-sc", "query=bash"]) == 0
        assert not any(tmp_path.iterdir())
        return capsys.readouterr().out.split()

    return offered


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("sweepcast sw", ["sweep"]),
        ("sweepcast ", list(cli.COMMANDS)),
        ("sweepcast", list(cli.COMMANDS)),
        ("sweepcast xyz", []),
        ("sweepcast leaderboard dat", []),
        ("sweepcast sweep dataset=se", ["dataset=seattle"]),
        ("sweepcast train model=conv", ["model=conv", "model=conv_recurrent"]),
        ("sweepcast sweep training.ep", ["training.epochs="]),
        ("sweepcast sweep model=dense study.see", ["study.seed="]),
        ("sweepcast sweep backend=keras_tuner backend=optuna_q", ["backend=optuna_qmc"]),
        ("sweepcast sweep --quiet dataset=se", ["dataset=seattle"]),
        ("sweepcast train --json --quiet training.ep", ["training.epochs="]),
        ("sweepcast sweep --j", ["--json"]),
    ],
)
def test_completions_of_a_line(
    completed: Callable[[str], list[str]], line: str, expected: list[str]
) -> None:
    assert completed(line) == expected


def test_install_prints_the_completion_script_of_this_program(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert cli.run(["-sc", "install=bash"]) == 0
    last = capsys.readouterr().out.strip().splitlines()[-1]
    assert last.split()[-1] == "sweepcast"
    assert "complete " in last
