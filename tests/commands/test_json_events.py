"""`--json`: what a study tells a program, and that nothing else gets between it."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import search.terminal.display.json_events

LEVELS = "space.model.level=[5.0,0.0,1.0,2.0]"


def told(text: str) -> list[dict[str, Any]]:
    """Every line of the output, each a JSON object with a name."""
    events = [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]
    assert all(isinstance(event, dict) and event["event"] for event in events)
    return events


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


def test_the_readme_lists_every_event_and_what_it_holds() -> None:
    source = Path(search.terminal.display.json_events.__file__).read_text("utf-8")
    readme = (
        Path(search.terminal.display.json_events.__file__).parents[3] / "README.md"
    ).read_text("utf-8")
    listed = readme.partition("| `event` |")[2].partition("\n\n")[0]
    emitted = set(re.findall(r'"((?:study|trial|finalists?)_\w+|epoch|note)"', source))
    assert len(emitted) == 9
    assert emitted <= set(re.findall(r"`(\w+)`", listed))


def test_a_study_and_its_resumption_are_told_line_by_line(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", "--json", *odd, *short, LEVELS, "space.model.kind=[level,raises]")
    first = sweepcast(*command, "study.trials=3")
    assert first.status == 0
    events = told(first.out)
    assert names(events) == [
        "study_started",
        *("trial_started", "epoch", "trial_ended"),
        *("trial_started", "trial_ended"),  # it raises before its first epoch
        *("trial_started", "epoch", "trial_ended"),
        "study_ended",
    ]
    assert {event["study"] for event in events} == {"short"}
    start, end = events[0], events[-1]
    assert start["uri"] == end["uri"] == sweepcast.uri
    assert start["budget"] == {"trials": 3, "timeout": None, "epochs": None, "target": None}
    assert (start["done"], start["best"]) == (0, None)
    baselines = {
        run.data.tags["sweepcast.baseline"].replace("_", " "): run.data.metrics["validation/mae"]
        for run in sweepcast.runs(kind="baseline", study="short")
    }
    assert start["baseline"] == {"name": min(baselines, key=baselines.__getitem__)} | {
        "score": min(baselines.values())
    }
    stored = sweepcast.trials("short")
    ends = [event for event in events if event["event"] == "trial_ended"]
    assert [(e["trial"], e["run_id"]) for e in ends] == [
        (n, run.info.run_id) for n, run in enumerate(stored)
    ]
    assert [e["state"] for e in ends] == ["complete", "failed", "complete"]
    assert ends[1]["reason"] == "RuntimeError: no net today"
    assert ends[1]["score"] is None
    scores = [run.data.metrics.get("validation/mae") for run in stored]
    assert [e["score"] for e in ends] == scores
    best = min((score, n) for n, score in enumerate(scores) if score is not None)
    assert ends[-1]["best"] == {"trial": best[1], "score": best[0]}
    assert events[2] == {
        "event": "epoch",
        "study": "short",
        "trial": 0,
        "epoch": 1,
        "epochs": 1,
        "score": scores[0],
    }
    assert end["trials"] == {"complete": 2, "pruned": 0, "failed": 1}
    assert (end["status"], end["reason"]) == (0, "Budget met: 3 trials.")
    assert end["best"]["run_id"] == sweepcast.study("short").data.tags["sweepcast.best"]
    assert end["verdict"] == sweepcast.study("short").data.tags["sweepcast.result"]
    assert not end["beats_baseline"]

    again = told(sweepcast(*command, "study.trials=4").out)
    assert names(again) == ["study_resumed", "trial_started", "trial_ended", "study_ended"]
    assert (again[0]["done"], again[0]["best"]) == (3, ends[-1]["best"])
    nothing = told(sweepcast(*command, "study.trials=4").out)
    assert names(nothing) == ["study_resumed", "study_ended"]
    assert "nothing to do" in nothing[-1]["reason"]


def test_finalists_are_told_by_their_trials(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", "--json", *odd, *short, LEVELS, "study.trials=2")
    done = sweepcast(*command, "study.finalists=1", "study.finalist_executions=2")
    events = told(done.out)
    assert names(events)[-3:] == ["finalists_started", "finalist_ended", "study_ended"]
    (run,) = sweepcast.runs(kind="finalist", study="short")
    assert events[-3] == {
        "event": "finalists_started",
        "study": "short",
        "trials": 1,
        "seeds": 2,
    }
    assert events[-2]["trial"] == int(run.data.tags["sweepcast.trial"])
    assert events[-2]["score"] == run.data.metrics["validation/mae"]
    assert events[-1]["best"]["fresh_seeds"] == 2


def test_train_and_quiet_and_several_studies_are_told_alike(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    (end,) = told(sweepcast("train", "--quiet", "--json", *odd, *short).out)
    assert (end["event"], end["trials"]["complete"]) == ("study_ended", 1)
    done = sweepcast(
        *("--quiet", "sweep", "--json", "--multirun", *odd, *short, LEVELS, "study.trials=1"),
        *("study.seed=1,-1,2", "study.name=seed_${study.seed}"),
    )
    events = told(done.out)
    assert [(event["event"], event["study"]) for event in events] == [
        ("study_ended", "seed_1"),
        ("study_ended", "seed_2"),
    ]
    assert done.status == 2
    assert done.err.startswith("study.seed is -1")
    assert [word for word in done.err.splitlines() if "HYDRA" in word] == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("training.epoch=3",), "training.epoch is no configuration key"),
        (("space.model.level=[]",), "space.model.level"),
        (("--quite",), "unrecognized arguments: --quite"),
        (("engine=dask", "engine.address=tcp://127.0.0.1:9"), "no Dask scheduler"),
    ],
)
def test_bad_input_is_told_on_standard_error_alone(
    sweepcast: Any,
    short: tuple[str, ...],
    odd: tuple[str, ...],
    arguments: tuple[str, ...],
    said: str,
) -> None:
    done = sweepcast("sweep", "--json", *odd, *short, *arguments)
    assert (done.status, done.out) == (2, "")
    assert said in done.err
    assert len(done.err.splitlines()) <= 3


def test_an_interrupted_study_ends_with_its_event(
    sweepcast: Any,
    short: tuple[str, ...],
    interrupted: Callable[..., tuple[int, str]],
    tmp_path: Path,
) -> None:
    """A real process; the note on Ctrl-C reaches people as well."""
    command = ("sweep", "--json", *short, "model=dense", "model.dense.layers=0", "space=[]")
    command += ("space.training.learning_rate={low: 0.001, high: 0.1}", "study.trials=500")
    with (tmp_path / "err").open("w+") as errors:
        process = sweepcast.start(*command, stderr=errors)
        assert process.stdout is not None
        before = ""
        while before.count("trial_ended") < 2:
            line = process.stdout.readline()
            assert line, "the study ended by itself"
            before += line
        status, rest = interrupted(process)
        errors.seek(0)
        heard = errors.read()
    assert status == 130, heard
    events = told(before + rest)
    assert names(events)[0] == "study_started"
    note = "Interrupted: the running trials finish; Ctrl-C again stops now."
    assert [event["text"] for event in events if event["event"] == "note"] == [note]
    assert f"{note}\n" in heard
    assert (events[-1]["event"], events[-1]["status"]) == ("study_ended", 130)
    assert events[-1]["trials"]["complete"] == len(sweepcast.trials("short"))


def test_what_other_processes_print_does_not_get_between_the_events() -> None:
    code = (
        "import os, sys\n"
        "from search.terminal.console import only_events\n"
        "with only_events() as events:\n"
        "    print('ours')\n"
        "    os.system('echo theirs')\n"
        "    print('{}', file=events)\n"
        "print('after')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "{}\nafter\n"
    assert set(done.stderr.split()) == {"ours", "theirs"}
