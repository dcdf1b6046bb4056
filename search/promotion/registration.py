"""Registers a champion in the MLflow model registry."""

from collections.abc import Collection, Sequence
from contextlib import ExitStack
from importlib import metadata

from search.engine.environment import describe_environment
from search.errors import BadInput
from search.promotion.champion import Champion, example_of, refit_trial
from search.promotion.ensemble import refit_ensemble
from search.retraining.ensemble.recorded import RecordedEnsemble
from search.retraining.evaluation import Evaluation
from search.retraining.recorded_run import Recorded, RecordedRun
from search.serving.ensemble import EnsembleForecaster
from search.serving.inputs import from_table
from search.serving.loading import Served, load_forecaster
from search.study.callback import Observe
from search.tracking import names
from search.tracking.registry import model_name, register
from search.tracking.store.files import check_unmoved


def check_promotable(recorded: Recorded) -> None:
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
    recorded: RecordedRun | RecordedEnsemble,
    evaluation: Evaluation,
    observe: Observe,
    *,
    trusted: Collection[str],
    verdict: Sequence[str],
) -> tuple[str, str, Champion]:
    """Trains the champion, logs it as a run and registers it.

    Args:
        recorded: the run to promote.
        evaluation: its evaluation on the test block.
        observe: opens the display of the trainings.
        trusted: packages whose layers the model may use.
        verdict: sentences about the evaluation, for the description of the model.

    Returns:
        The name and version of the registered model, and the champion.

    Raises:
        BadInput: a training failed.
    """
    ledger, best = recorded.ledger, evaluation.rival
    champion = (
        refit_ensemble(recorded, evaluation, observe)
        if isinstance(recorded, RecordedEnsemble)
        else refit_trial(recorded, evaluation, observe)
    )
    forecaster = champion.forecaster
    run_id = recorded.begin("champion", champion.plans, {names.EVALUATES: evaluation.run_id})
    metrics = {key: value for key, value in evaluation.metrics.items() if key.startswith("test/")}
    metrics |= {f"test/coverage_{level}": share for level, share in champion.coverage.items()}
    to_beat = next(iter(recorded.validated_baselines.values()), best.mae)
    scores = champion.validation.metrics(to_beat)
    metrics |= {key: value for key, value in scores.items() if key.startswith("validation/")}
    example = example_of(recorded, forecaster)
    name = model_name(forecaster.series)
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        loaded = load_forecaster(forecaster, trusted)
        version = register(
            recorded.client,
            run_id,
            name,
            forecaster.files(),
            example=example,
            answer=loaded.forecast(from_table(example, forecaster)),
            requirements=[f"{package}=={v}" for package, v in _versions(forecaster).items()],
            description=_description(recorded, champion, verdict),
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


def trained_on(champion: Champion) -> str:
    """Returns how many models a champion has and how long they were trained, after a comma."""
    epochs = {plan.epochs or plan.config["training"]["epochs"] for plan in champion.plans}
    if not epochs:
        return ""
    models = len(champion.plans)
    low, high = min(epochs), max(epochs)
    span = f"{low} to {high}" if high > low else str(low)
    return f", {models} model{'s' if models > 1 else ''} of {span} epochs"


def _versions(forecaster: Served) -> dict[str, str]:
    packages = describe_environment()["packages"]
    versions = dict(packages) if isinstance(packages, dict) else {}
    if isinstance(forecaster, EnsembleForecaster):  # its baselines need the library
        versions["statsforecast"] = metadata.version("statsforecast")
    return versions


def _description(
    recorded: RecordedRun | RecordedEnsemble, champion: Champion, verdict: Sequence[str]
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
        f"Study `{recorded.record.study}`, {recorded.record.name} (run "
        f"`{recorded.record.run_id}`). Refitted on {ends[0]} to {ends[1]}{trained_on(champion)}. "
        f"Share of the test block inside the intervals: {shares}.",
    ]
    return "\n".join(lines)
