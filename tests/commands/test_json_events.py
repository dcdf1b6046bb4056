"""JSON events of a study (`--json`), and that no other output mixes with them."""

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


def events_of(text: str) -> list[dict[str, Any]]:
    """Returns the events in the output; every line must be a JSON object with a name."""
    events = [json.loads(line, parse_constant=pytest.fail) for line in text.splitlines()]
    assert all(isinstance(event, dict) and event["event"] for event in events)
    return events


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["event"] for event in events]


def test_the_documentation_lists_every_event() -> None:
    source = Path(search.terminal.display.json_events.__file__)
    page = source.parents[3] / "docs/commands.md"
    listed = page.read_text("utf-8").partition("| `event` |")[2].partition("\n\n")[0]
    names = r'"((?:study|trial|finalists?|baseline)_\w+|epoch|note)"'
    emitted = set(re.findall(names, source.read_text("utf-8")))
    assert len(emitted) == 10
    assert emitted <= set(re.findall(r"`(\w+)`", listed))


def test_a_study_and_a_resumed_study_emit_their_events_in_order(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", "--json", *odd, *short, LEVELS, "space.model.kind=[level,raises]")
    first = sweepcast(*command, "study.trials=3")
    assert first.status == 0
    events = events_of(first.out)
    assert names(events) == [
        "study_started",
        *("trial_started", "epoch", "trial_ended"),
        *("trial_started", "trial_ended"),  # this trial raises before its first epoch
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
    assert ends[1]["reason"] == "RuntimeError: no model today"
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
    assert (end["status"], end["reason"]) == (0, "Budget used up: 3 trials.")
    assert end["best"]["run_id"] == sweepcast.study("short").data.tags["sweepcast.best"]
    assert end["summary"] == sweepcast.study("short").data.tags["sweepcast.result"]
    assert end["verdict"] == end["best"]["verdict"] == "worse"
    assert not end["beats_baseline"]

    again = events_of(sweepcast(*command, "study.trials=4").out)
    assert names(again) == ["study_resumed", "trial_started", "trial_ended", "study_ended"]
    assert (again[0]["done"], again[0]["best"]) == (3, ends[-1]["best"])
    nothing = events_of(sweepcast(*command, "study.trials=4").out)
    assert names(nothing) == ["study_resumed", "study_ended"]
    assert "Nothing left to do" in nothing[-1]["reason"]


def test_events_of_finalists_name_their_trials(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    command = ("sweep", "--json", *odd, *short, LEVELS, "study.trials=2")
    done = sweepcast(*command, "study.finalists=1", "study.finalist_executions=2")
    events = events_of(done.out)
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
    assert events[-2]["averaged"] == run.data.metrics["validation/averaged_mae"]
    assert events[-1]["best"]["fresh_seeds"] == 2


def test_train_quiet_and_multirun_emit_events_too(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    (end,) = events_of(sweepcast("train", "--quiet", "--json", *odd, *short).out)
    assert (end["event"], end["trials"]["complete"]) == ("study_ended", 1)
    done = sweepcast(
        *("--quiet", "sweep", "--json", "--multirun", *odd, *short, LEVELS, "study.trials=1"),
        *("study.seed=1,-1,2", "study.name=seed_${study.seed}"),
    )
    events = events_of(done.out)
    assert [(event["event"], event["study"]) for event in events] == [
        ("study_ended", "seed_1"),
        ("study_ended", "seed_2"),
    ]
    assert done.status == 2
    assert done.err.startswith("study.seed is -1")
    assert [word for word in done.err.splitlines() if "HYDRA" in word] == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("training.epoch=3",), "training.epoch is not a configuration key"),
        (("space.model.level=[]",), "space.model.level"),
        (("--quite",), "unrecognized arguments: --quite"),
        (("engine=dask", "engine.address=tcp://127.0.0.1:9"), "no Dask scheduler"),
    ],
)
def test_bad_input_is_reported_on_standard_error_only(
    sweepcast: Any,
    short: tuple[str, ...],
    odd: tuple[str, ...],
    arguments: tuple[str, ...],
    message: str,
) -> None:
    done = sweepcast("sweep", "--json", *odd, *short, *arguments)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert len(done.err.splitlines()) <= 3


def test_an_interrupted_study_emits_study_ended(
    sweepcast: Any,
    short: tuple[str, ...],
    interrupted: Callable[..., tuple[int, str]],
    tmp_path: Path,
) -> None:
    """Runs a real process; the note about Ctrl-C also goes to standard error."""
    command = ("sweep", "--json", *short, "model=dense", "model.dense.layers=0", "space=[]")
    command += ("space.training.learning_rate={low: 0.001, high: 0.1}", "study.trials=500")
    with (tmp_path / "err").open("w+") as errors:
        process = sweepcast.start(*command, stderr=errors)
        assert process.stdout is not None
        before = ""
        while before.count("trial_ended") < 2:
            line = process.stdout.readline()
            assert line, "the study ended before it was interrupted"
            before += line
        status, rest = interrupted(process)
        errors.seek(0)
        stderr = errors.read()
    assert status == 130, stderr
    events = events_of(before + rest)
    assert names(events)[0] == "study_started"
    note = "Interrupted: finishing the running trials; press Ctrl-C again to stop now."
    assert [event["text"] for event in events if event["event"] == "note"] == [note]
    assert f"{note}\n" in stderr
    assert (events[-1]["event"], events[-1]["status"]) == ("study_ended", 130)
    assert events[-1]["trials"]["complete"] == len(sweepcast.trials("short"))


def test_output_of_other_processes_does_not_mix_with_the_events() -> None:
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
