"""Registers a champion in the MLflow model registry."""

from collections.abc import Collection, Sequence
from contextlib import ExitStack

from search.engine.environment import describe_environment
from search.errors import BadInput
from search.retraining.champion import Champion, example_of, refit
from search.retraining.evaluation import Evaluation
from search.retraining.recorded_run import RecordedRun
from search.serving.forecaster import LoadedForecaster
from search.serving.inputs import from_table
from search.study.callback import Observe
from search.tracking import names
from search.tracking.registry import model_name, register
from search.tracking.store.files import check_unmoved


def check_promotable(recorded: RecordedRun) -> None:
    """Checks that a run can be promoted, before anything is trained.

    Raises:
        BadInput: the run is not complete, or its store has been moved.
    """
    record = recorded.record
    if record.state != "complete":
        raise BadInput(
            f"run {record.run_id} is {record.state or 'still running'}: only a complete run can be "
            "promoted"
        )
    experiment = recorded.client.get_run(record.run_id).info.experiment_id
    check_unmoved(recorded.client, experiment)


def register_champion(
    recorded: RecordedRun,
    evaluation: Evaluation,
    observe: Observe,
    *,
    epochs: int,
    trusted: Collection[str],
    verdict: Sequence[str],
) -> tuple[str, str, Champion]:
    """Trains the champion, logs it as a run and registers it.

    Args:
        recorded: the run to promote.
        evaluation: its evaluation on the test block.
        observe: opens the display of the trainings.
        epochs: number of epochs of each training.
        trusted: packages whose layers the model may use.
        verdict: sentences about the evaluation, for the description of the model.

    Returns:
        The name and version of the registered model, and the champion.

    Raises:
        BadInput: a training failed.
    """
    ledger, best = recorded.ledger, evaluation.rival
    champion = refit(recorded, evaluation, observe, epochs=epochs)
    forecaster = champion.forecaster
    run_id = ledger.start_again("champion", champion.plan, {names.EVALUATES: evaluation.run_id})
    metrics = {key: value for key, value in evaluation.metrics.items() if key.startswith("test/")}
    metrics |= {f"test/coverage_{level}": share for level, share in champion.coverage.items()}
    to_beat = next(iter(recorded.validated_baselines.values()), champion.plan.baseline_mae)
    scores = champion.validation.metrics(to_beat)
    metrics |= {key: value for key, value in scores.items() if key.startswith("validation/")}
    example = example_of(recorded, forecaster)
    name = model_name(forecaster.series)
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        loaded = LoadedForecaster(forecaster, trusted)
        version = register(
            recorded.client,
            run_id,
            name,
            forecaster.files(),
            example=example,
            answer=loaded.forecast(from_table(example, forecaster)),
            requirements=[f"{package}=={v}" for package, v in _versions().items()],
            description=_description(recorded, champion, epochs, verdict),
            tags={
                names.STUDY: recorded.record.study,
                names.EVALUATES: recorded.record.run_id,
                names.DIGEST: recorded.series.digest,
                names.PARENT: ledger.parent,
            },
        )
        ledger.tag(run_id, {names.MODEL: f"{name}/{version}"})
        ledger.end_trial(run_id, champion.result, best.mae, ledger.now(), metrics)
    return name, version, champion


def _versions() -> dict[str, str]:
    packages = describe_environment()["packages"]
    return packages if isinstance(packages, dict) else {}


def _description(
    recorded: RecordedRun, champion: Champion, epochs: int, verdict: Sequence[str]
) -> str:
    config, forecaster = recorded.config, champion.forecaster
    ends = [str(moment)[:10] for moment in recorded.series.timestamps[[0, -1]]]
    shares = ", ".join(f"{level} %: {share:.0%}" for level, share in champion.coverage.items())
    lines = [
        f"Forecasts {forecaster.channels[forecaster.target]} of `{forecaster.series}`, "
        f"{config.task.horizon} step{'s' if config.task.horizon > 1 else ''} of "
        f"{forecaster.frequency} ahead, from at least {forecaster.least} steps of raw history "
        f"(timestamp, {', '.join(forecaster.channels)}).",
        "",
        *verdict,
        "",
        f"Study `{recorded.record.study}`, trial {recorded.record.number} (run "
        f"`{recorded.record.run_id}`). Refitted on {ends[0]} to {ends[1]}, {epochs} epochs. "
        f"Share of the test block inside the intervals: {shares}.",
    ]
    return "\n".join(lines)
