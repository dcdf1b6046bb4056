"""Every backend in conf/backend: its studies store what DESIGN 2.4 lists.

The series is that of one station, and the models have a few weights. The models are trained eagerly
here; `make test-long` also runs the same tests with compiled models and figures.
"""

import csv
import io
from collections.abc import Callable, Iterator
from contextlib import chdir, nullcontext
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from rich.console import Console

import conf
from search.backends.base import Proposal, Recorded
from search.commands.sweep import run_study
from search.config.signatures import call_builder
from search.seeds import derived
from search.space.notation import parse_space
from search.space.space import Space

if TYPE_CHECKING:
    from mlflow.entities import Run

BACKENDS = sorted(path.stem for path in (Path(conf.__file__).parent / "backend").glob("*.yaml"))
TRIALS = 12
SMALL = (
    "task.validation=12",
    "task.test=6",
    "training.batch_size=128",
    "training.epochs=1",
    "engine=inline",
    "pruner=none",
    f"study.trials={TRIALS}",
    "study.finalists=2",
    "study.finalist_executions=2",
)
SPACE = (
    "space=[conv1d,recurrent,dropout,window]",
    "space.model.conv.layers={low: 0, high: 1}",
    "space.model.conv.filters=[2,3]",
    "space.model.conv.kernel_size=[2,3]",
    "space.model.recurrent.layers={low: 0, high: 1}",
    "space.model.recurrent.cell=[simple_rnn,gru]",
    "space.model.recurrent.units=[2,3]",
    "space.model.recurrent.bidirectional=false",
    "space.task.window_size=[4,6]",
)
BLOCKS = {
    "model.conv": {"filters", "kernel_size", "strides", "activation"},
    "model.recurrent": {"cell", "units", "dropout", "recurrent_dropout"},
}
EPOCH_METRICS = ("loss", "mae", "val_loss", "val_mae", "validation/mae")
SCORES = {f"validation/{name}" for name in ("mae", "rmse", "mase", "skill", "mae_std")}
ENDS = {"validation/skill_low", "validation/skill_high"}
FIGURES = {"forecast.png", "learning_curve.png", "residuals.png"}
TRIAL_FILES = {"config.yaml", "predictions.csv", "model.keras", "environment.json"}
STUDY_FILES = {"config.yaml", "leaderboard.csv", "report.html"}
STUDY_FIGURES = {
    "forecasts.png",
    "optimization_history.png",
    "parallel_coordinates.png",
    "importance.png",
    "slices.png",
    "contour.png",
}


def sweep_with_each(program: Any, config: Any) -> dict[str, tuple[int, str]]:
    """Runs a study with each backend; returns its exit status and output by backend."""
    ended = {}
    for name in BACKENDS:
        console = Console(file=io.StringIO(), width=160)
        study = replace(config.study, name=name)
        with chdir(program.folder):
            status = run_study(
                replace(config, backend=preset(name), study=study), console, quiet=True
            )
        ended[name] = (status, console.file.getvalue())
    return ended


def preset(name: str) -> dict[str, Any]:
    path = Path(conf.__file__).parent / "backend" / f"{name}.yaml"
    options = yaml.safe_load(path.read_text("utf-8"))
    if options.get("num_initial_points"):  # each proposal after these takes seconds; one is enough
        options["num_initial_points"] = TRIALS - 1
    return {key: value for key, value in options.items() if key != "defaults"}  # only Hydra uses it


@dataclass(frozen=True)
class Studied:
    """A study of twelve trials."""

    program: Any
    backend: str
    status: int
    output: str
    figures: bool

    @cached_property
    def study(self) -> "Run":
        return self.program.study(self.backend)

    @cached_property
    def trials(self) -> "list[Run]":
        return self.program.trials(self.backend)

    @cached_property
    def baselines(self) -> "list[Run]":
        return self.program.runs(kind="baseline", study=self.backend)

    @cached_property
    def finalists(self) -> "list[Run]":
        return self.program.runs(kind="finalist", study=self.backend)

    @property
    def trained(self) -> "list[Run]":
        return [run for run in self.trials if "sweepcast.duplicate_of" not in run.data.tags]

    def config(self, run: "Run") -> dict[str, Any]:
        return yaml.safe_load(self.program.path(run, "config.yaml").read_text("utf-8"))


@pytest.fixture(scope="module", params=["eager", pytest.param("compiled", marks=pytest.mark.long)])
def swept(
    request: pytest.FixtureRequest,
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    station: Path,
    eagerly: Callable[[], Any],
    composed: Callable[..., Any],
) -> tuple[Any, dict[str, tuple[int, str]], bool]:
    figures = request.param == "compiled"  # they take half a second per trial
    tracked = f"tracking.figures={'all' if figures else 'none'}"
    config = composed("dataset=giss", f"dataset.source={station}", *SMALL, *SPACE, tracked)
    program = program_in(tmp_path_factory.mktemp(request.param) / "here")
    with eagerly() if request.param == "eager" else nullcontext():
        return program, sweep_with_each(program, config), figures


@pytest.fixture(params=BACKENDS)
def studied(request: pytest.FixtureRequest, swept: Any) -> Studied:
    program, ended, figures = swept
    status, output = ended[request.param]
    return Studied(program, request.param, status, output, figures)


def test_there_are_eight_presets() -> None:
    assert len(BACKENDS) >= 8


def test_a_study_ends_with_its_budget_of_trials(studied: Studied) -> None:
    assert studied.status == 0
    assert "Budget used up: 12 trials." in studied.output
    tags = [run.data.tags for run in studied.trials]
    assert [tag["sweepcast.trial"] for tag in tags] == [str(n) for n in range(TRIALS)]
    assert {tag["sweepcast.state"] for tag in tags} == {"complete"}
    everything = [studied.study, *studied.trials, *studied.baselines]
    assert {run.info.status for run in everything} == {"FINISHED"}


def test_every_run_has_its_tags_and_parent(studied: Studied) -> None:
    digest = studied.study.data.tags["sweepcast.dataset_digest"]
    assert len(digest) == 64
    for run in [studied.study, *studied.trials, *studied.baselines]:
        assert run.data.tags["sweepcast.study"] == studied.backend
        assert run.data.tags["sweepcast.backend"] == studied.backend
        assert run.data.tags["sweepcast.dataset_digest"] == digest
    for run in [*studied.trials, *studied.baselines]:
        assert run.data.tags["mlflow.parentRunId"] == studied.study.info.run_id
    assert studied.study.data.tags["sweepcast.kind"] == "study"
    (data,) = studied.study.inputs.dataset_inputs
    assert (data.dataset.name, data.dataset.digest) == ("giss", digest[:36])


def test_params_are_the_active_values_and_the_seed(studied: Studied) -> None:
    for run in studied.trials:
        params = run.data.params
        expected = {"model.conv.layers", "model.recurrent.layers", "task.window_size", "seed"}
        for block, keys in BLOCKS.items():
            if params[f"{block}.layers"] != "0":
                expected |= {f"{block}.{key}" for key in keys}
        assert set(params) == expected
        # The seed depends only on study.seed and the number: it is the same for all backends.
        assert params["seed"] == str(derived(42, int(run.data.tags["sweepcast.trial"])))


def test_params_match_the_trained_configuration(studied: Studied) -> None:
    for run in studied.trained:
        config = studied.config(run)
        for name, written in run.data.params.items():
            value: Any = config
            for key in name.split(".") if name != "seed" else ():
                value = value[key]
            assert name == "seed" or str(value).lower() == written.lower(), name


def test_metrics_have_one_point_per_epoch(studied: Studied) -> None:
    for run in studied.trained:
        epochs = studied.config(run)["training"]["epochs"]
        assert run.data.metrics["epochs"] == epochs
        for name in EPOCH_METRICS:
            points = studied.program.curve(run, name)
            assert [step for step, _ in points] == list(range(epochs)), name
        assert set(run.data.metrics) == {*EPOCH_METRICS, *SCORES, *ENDS, "validation/smape"} | {
            "epochs",
            "duration_s",
            "parameters",
        }
        assert run.data.metrics["validation/mae"] == points[-1][1]


def test_artifacts_of_a_trial(studied: Studied) -> None:
    for run in studied.trained:
        expected = TRIAL_FILES | (FIGURES if studied.figures else set())
        if "sweepcast.proposal" in run.data.tags:  # a later rung may resume from it
            expected = expected | {"checkpoint.npz"}
        assert studied.program.files(run) == expected
        text = studied.program.path(run, "predictions.csv").read_text("utf-8")
        rows = list(csv.DictReader(io.StringIO(text)))
        assert list(rows[0]) == ["timestamp", "actual", "forecast", "step", "origin", "fold"]
        assert [rows[0]["timestamp"], rows[-1]["timestamp"]] == [
            "2007-07-01T00:00:00",
            "2008-06-01T00:00:00",
        ]
        errors = [abs(float(row["actual"]) - float(row["forecast"])) for row in rows]
        assert sum(errors) / 12 == pytest.approx(run.data.metrics["validation/mae"])


def test_a_repeated_point_is_marked_and_not_trained(studied: Studied) -> None:
    scores = {run.data.tags["sweepcast.trial"]: run for run in studied.trained}
    seen: dict[str, Run] = {}
    for run in studied.trials:
        point = {name: value for name, value in run.data.params.items() if name != "seed"}
        point["epochs"] = run.data.tags.get("sweepcast.proposal", "")
        original = seen.setdefault(str(sorted(point.items())), run)
        if original is run:
            assert "sweepcast.duplicate_of" not in run.data.tags
            continue
        assert scores[run.data.tags["sweepcast.duplicate_of"]] is original
        assert {name: run.data.metrics[name] for name in SCORES} == {
            name: original.data.metrics[name] for name in SCORES
        }
        assert (run.data.metrics["epochs"], run.data.metrics["duration_s"]) == (0, 0)
        assert studied.program.files(run) == set()


def test_baselines_are_scored_in_the_same_way_as_trials(studied: Studied) -> None:
    names = {run.data.tags["sweepcast.baseline"] for run in studied.baselines}
    assert names >= {"persistence", "seasonal_naive", "climatology", "linear_ar"}
    best = min(run.data.metrics["validation/mae"] for run in studied.baselines)
    for run in [*studied.trials, *studied.baselines]:
        metrics = run.data.metrics
        assert metrics["validation/skill"] == pytest.approx(1 - metrics["validation/mae"] / best)
        assert metrics["validation/mase"] > 0


def test_finalists_are_the_best_trials_trained_again(studied: Studied) -> None:
    by_score = sorted(studied.trained, key=lambda run: run.data.metrics["validation/mae"])
    points = [{**run.data.params, "seed": ""} for run in by_score]
    distinct = [run for i, run in enumerate(by_score) if points[i] not in points[:i]]
    numbers = [run.data.tags["sweepcast.trial"] for run in distinct[:2]]
    assert sorted(run.data.tags["sweepcast.trial"] for run in studied.finalists) == sorted(numbers)
    for run in studied.finalists:
        trial = studied.trials[int(run.data.tags["sweepcast.trial"])]
        assert run.data.tags["sweepcast.state"] == "complete"
        assert run.data.params["seed"] != trial.data.params["seed"]
        assert {**run.data.params, "seed": ""} == {
            **trial.data.params,
            "seed": "",
            "study.executions": "2",
        }
        metrics = run.data.metrics
        assert set(metrics) >= {*SCORES, *ENDS, "validation/averaged_mae"}
        assert metrics["validation/optimism"] == pytest.approx(
            trial.data.metrics["validation/mae"] - metrics["validation/mae"]
        )
        expected = TRIAL_FILES | (FIGURES if studied.figures else set())
        if "sweepcast.proposal" in run.data.tags:  # a later rung may resume from it
            expected = expected | {"checkpoint.npz"}
        assert studied.program.files(run) == expected


def test_artifacts_and_tags_of_a_study(studied: Studied) -> None:
    tags = studied.study.data.tags
    chosen = min(studied.finalists, key=lambda run: run.data.metrics["validation/mae"])
    best = studied.trials[int(chosen.data.tags["sweepcast.trial"])]
    expected = STUDY_FILES | (STUDY_FIGURES if studied.figures else set())
    files = studied.program.files(studied.study)
    assert {name for name in files if not name.startswith("uncommitted-")} == expected
    assert tags["sweepcast.best"] == best.info.run_id
    assert tags["mlflow.note.content"].startswith(f"**{tags['sweepcast.result']}**")
    assert best.info.run_id in tags["mlflow.note.content"]
    text = studied.program.path(studied.study, "leaderboard.csv").read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == TRIALS + len(studied.baselines)
    trials = [row for row in rows if row["kind"] == "trial"]
    assert trials[0]["run_id"] == best.info.run_id
    fresh, searched = (
        [float(row[key]) for row in part]
        for key, part in (("fresh_mae", trials[:2]), ("mae", trials[2:]))
    )
    assert (fresh, searched) == (sorted(fresh), sorted(searched))
    experiment = studied.program.client.get_experiment(studied.study.info.experiment_id)
    assert experiment.name == "sweepcast/giss"
    assert experiment.tags["mlflow.experimentKind"] == "custom_model_development"


# ---------------------------------------------------------------- small spaces and resuming


@dataclass(frozen=True)
class Exhausted:
    """Studies of linear models over four points: the first run, and a resume after a crash."""

    program: Any
    first: dict[str, tuple[int, str]]
    trials: "dict[str, list[Run]]"
    later: dict[str, tuple[int, str]]


@pytest.fixture(scope="module")
def exhausted(
    program_in: Callable[[Path], Any],
    tmp_path_factory: pytest.TempPathFactory,
    eagerly: Callable[[], Any],
    composed: Callable[..., Any],
) -> Exhausted:
    program = program_in(tmp_path_factory.mktemp("small") / "here")
    config = composed(
        *("dataset=synthetic", "dataset.steps=100", "dataset.period=12", *SMALL),
        *("model=dense", "model.dense.layers=0", "tracking.figures=none", "study.finalists=0"),
        *("space=[]", "space.task.window_size=[2,3]", "space.training.loss=[mse,mae]"),
    )
    with eagerly():
        first = sweep_with_each(program, config)
        trials = {name: program.trials(name) for name in BACKENDS}
        for name in BACKENDS:  # as after a crash during the last trial of each study
            dead = trials[name][-1].info.run_id
            program.client.delete_tag(dead, "sweepcast.state")
            for run_id in (dead, program.study(name).info.run_id):
                program.client.update_run(run_id, status="RUNNING")
        return Exhausted(program, first, trials, sweep_with_each(program, config))


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_study_ends_when_its_space_is_exhausted(backend: str, exhausted: Exhausted) -> None:
    status, output = exhausted.first[backend]
    assert status == 0
    assert "The space is exhausted: all of its points were tried in 4 trials." in output
    trials = exhausted.trials[backend]
    params = [run.data.params for run in trials]
    assert len(params) == 4
    assert len({(one["task.window_size"], one["training.loss"]) for one in params}) == 4
    assert not any("sweepcast.duplicate_of" in run.data.tags for run in trials)
    assert {run.info.status for run in trials} == {"FINISHED"}


@pytest.mark.parametrize("backend", BACKENDS)
def test_a_crashed_study_is_resumed_with_the_same_result(
    backend: str, exhausted: Exhausted
) -> None:
    status, output = exhausted.later[backend]
    assert status == 0
    assert "The space is exhausted: all of its points were tried in 4 trials." in output
    kept = exhausted.trials[backend]
    *before, lost, again = exhausted.program.trials(backend)
    assert [run.info.end_time for run in before] == [run.info.end_time for run in kept[:-1]]
    assert lost.info.run_id == kept[-1].info.run_id
    assert (lost.data.tags["sweepcast.state"], lost.info.status) == ("lost", "KILLED")
    assert (again.data.tags["sweepcast.state"], again.info.status) == ("complete", "FINISHED")
    assert again.data.tags["sweepcast.trial"] == lost.data.tags["sweepcast.trial"] == "3"
    assert again.data.params == lost.data.params
    assert again.data.metrics["validation/mae"] == lost.data.metrics["validation/mae"]
    study = exhausted.program.study(backend)
    assert study.info.status == "FINISHED"
    assert "exhausted" in study.data.tags["mlflow.note.content"]


# ---------------------------------------------------------------- ask and tell, without training


# A grid does not support float ranges.
WIDE = (
    "space=[conv1d,recurrent,dropout,window,dense,optimizer]",
    "space.training.learning_rate=[0.001,0.01]",
)


@pytest.fixture(scope="module")
def wide(composed: Callable[..., Any]) -> Space:
    return parse_space(composed(*WIDE))


def built(name: str, space: Space, *, seed: int = 7, restored: int = 0, **changed: Any) -> Any:
    options = {**preset(name), **changed}
    return call_builder("backend", options, space=space, epochs=9, seed=seed, restored=restored)


def score_of(point: dict[str, Any]) -> float:
    return float(len(str(sorted(point.items()))) % 17)


def state_of(number: int) -> str:
    return {3: "failed", 4: "pruned"}.get(number % 5, "complete")


def draw(backend: Any, stop: int, *, first: int = 0) -> Iterator[Proposal]:
    """Asks for one trial after the other and tells its end, as with one worker."""
    for number in range(first, stop):
        proposal = backend.ask(number)
        assert isinstance(proposal, Proposal)
        state = state_of(number)
        backend.tell(number, state, None if state == "failed" else score_of(proposal.point))
        yield proposal


@pytest.mark.parametrize("name", BACKENDS)
def test_points_contain_the_active_parameters_and_lie_in_the_space(name: str, wide: Space) -> None:
    # The Gaussian process starts after ten points; each later proposal takes seconds.
    for proposal in draw(built(name, wide), 13 if "bayesian" in name else 40):
        earlier: dict[str, Any] = {}
        for parameter in wide.parameters:
            assert (parameter.name in proposal.point) is wide.active(parameter, earlier)
            if parameter.name in proposal.point:
                value = earlier[parameter.name] = proposal.point[parameter.name]
                assert value in parameter.values()
                assert type(value) in {type(possible) for possible in parameter.values()}


@pytest.mark.parametrize("name", BACKENDS)
def test_the_same_seed_proposes_the_same_points(name: str, wide: Space) -> None:
    first, second = (list(draw(built(name, wide), 15)) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("name", [name for name in BACKENDS if "grid" not in name])
def test_consecutive_seeds_propose_different_points(name: str, wide: Space) -> None:
    """Keras Tuner's oracles increment their seed, so the next seed once gave the same points."""
    first, second = (
        {str(proposal.point) for proposal in draw(built(name, wide, seed=seed), 12)}
        for seed in (7, 8)
    )
    assert not first & second


@pytest.mark.parametrize("name", BACKENDS)
def test_a_restored_backend_continues(name: str, wide: Space) -> None:
    """Trials of any state are restored; grid, QMC and Hyperband continue the same sequence."""
    whole = list(draw(built(name, wide), 15))
    backend = built(name, wide, restored=11)
    backend.restore(
        [
            Recorded(
                number=number,
                proposal=proposal,
                state=None if number == 10 else state_of(number),
                score=None if state_of(number) == "failed" else score_of(proposal.point),
                asked_at=2 * number,
                told_at=None if number == 10 else 2 * number + 1,
            )
            for number, proposal in enumerate(whole[:11])
        ]
    )
    backend.tell(10, "complete", score_of(whole[10].point))  # the one that was running
    later = list(draw(backend, 15, first=11))
    if any(word in name for word in ("grid", "qmc", "hyperband")):
        assert later == whole[11:]
    else:
        assert later != whole[:4]  # not the first points again


@pytest.mark.parametrize("name", BACKENDS)
def test_an_enqueued_point_replaces_the_proposed_one(name: str, wide: Space) -> None:
    backend = built(name, wide)
    first = backend.ask(0)
    other = next(point for point in wide.points() if point != first.point)
    assert backend.enqueue(0, other).point == other
    backend.tell(0, "complete", 1.0)
    assert isinstance(backend.ask(1), Proposal)


def test_hyperband_trains_few_points_for_more_epochs(wide: Space) -> None:
    backend = built("keras_tuner_hyperband", wide)
    epochs = [proposal.epochs for proposal in draw(backend, 30)]
    assert set(epochs) == {1, 3, 9}
    assert epochs.count(1) > epochs.count(3) > epochs.count(9)


def test_bayesian_proposes_points_after_its_initial_ones(wide: Space) -> None:
    backend = built("keras_tuner_bayesian", wide, num_initial_points=3)
    for proposal in draw(backend, 5):
        assert proposal.point
