"""Carries out `sweepcast promote RUN`: from a trial to a registered champion."""

from contextlib import ExitStack
from dataclasses import replace

from rich.text import Text

from search.again.champion import Champion, best_epochs, crowned, example_of
from search.again.evaluate import options_of
from search.again.evaluation import Evaluation, evaluated, reading, table, verdict
from search.again.recall import Recalled, recall
from search.errors import BadInput
from search.runtime import describe
from search.serving.forecaster import Loaded
from search.serving.history import from_table
from search.serving.nets import packages_of
from search.serving.pyfunc import TRUST
from search.terminal import console
from search.tracking import names
from search.tracking.files import check_unmoved
from search.tracking.registry import ALIAS, model_name, register

NOT_BETTER = 1


def promote(arguments: list[str], *, quiet: bool) -> int:
    """Scores RUN on the test block, refits it on all readings and registers it.

    Returns 0, or 1 where it does not beat the best baseline and `--force` is not given.

    Raises:
        BadInput: there is no such run, its series has changed or has no test block, or its
            training failed.
    """
    options = options_of("promote", "--force", arguments)
    recalled = recall(options.run, options.trust).with_executions(options.seeds)
    _check(recalled)
    epochs = best_epochs(recalled)
    # All readings are trained on: none is left to be watched, and the epochs are known.
    training = replace(recalled.config.training, patience=None)
    recalled = replace(recalled, config=replace(recalled.config, training=training))
    out = console()
    found = evaluated(recalled, epochs=epochs, quiet=quiet)
    if not quiet:
        out.print(table(found))
    for line in (verdict(found), reading(found)):
        out.print(Text(line), soft_wrap=True)
    if not found.wins and not options.force:
        out.print(Text("Not promoted: --force registers it all the same."), soft_wrap=True)
        return NOT_BETTER
    name, version, champion = _register(recalled, found, epochs, options.trust, quiet=quiet)
    covered = ", ".join(
        f"the {level} % interval held {share:.0%} of the test block"
        for level, share in champion.coverage.items()
    )
    packages = sorted(packages_of(champion.forecaster.net))
    flags = "".join(f" --trust {package}" for package in packages)
    trust = f"{TRUST}={','.join(packages)} " if packages else ""
    for line in (
        f"Trained on all {len(recalled.series.values)} steps, {epochs} epochs; {covered}.",
        f"registered:  {name} version {version}, alias {ALIAS}",
        f"forecast:    sweepcast forecast {name} --history FILE{flags}",
        f"serve:       {trust}mlflow models serve -m models:/{name}@{ALIAS} --env-manager local",
    ):
        out.print(Text(line), soft_wrap=True)
    return 0


def _check(recalled: Recalled) -> None:
    """Refuses what cannot be promoted, before anything is trained."""
    record = recalled.record
    if record.state != "complete":
        raise BadInput(
            f"run {record.run_id} is {record.state or 'still running'}: nothing to refit"
        )
    experiment = recalled.client.get_run(record.run_id).info.experiment_id
    check_unmoved(recalled.client, experiment)


def _register(
    recalled: Recalled, found: Evaluation, epochs: int, trusted: list[str], *, quiet: bool
) -> tuple[str, str, Champion]:
    """Trains the champion, as a run, and registers it; returns name, version and champion."""
    ledger, best = recalled.ledger, found.baselines[0]
    champion = crowned(recalled, found, epochs=epochs, quiet=quiet)
    forecaster = champion.forecaster
    run_id = ledger.start_again("champion", champion.plan, {names.EVALUATES: found.run_id})
    metrics = {key: value for key, value in found.metrics.items() if key.startswith("test/")}
    metrics |= {f"test/coverage_{level}": share for level, share in champion.coverage.items()}
    scores = champion.validation.metrics(champion.plan.baseline_mae)
    metrics |= {key: value for key, value in scores.items() if key.startswith("validation/")}
    example = example_of(recalled, forecaster)
    name = model_name(forecaster.series)
    with ExitStack() as stack:
        stack.callback(ledger.lose_if_open, run_id, "interrupted")
        loaded = Loaded(forecaster, trusted)
        version = register(
            recalled.client,
            run_id,
            name,
            forecaster.files(),
            example=example,
            answer=loaded.forecast(from_table(example, forecaster)),
            requirements=[f"{package}=={v}" for package, v in _versions().items()],
            description=_description(recalled, found, champion, epochs),
            tags={
                names.STUDY: recalled.record.study,
                names.EVALUATES: recalled.record.run_id,
                names.DIGEST: recalled.series.digest,
                names.PARENT: ledger.parent,
            },
        )
        ledger.tag(run_id, {names.MODEL: f"{name}/{version}"})
        ledger.end_trial(run_id, champion.result, best.mae, ledger.now(), metrics)
    return name, version, champion


def _versions() -> dict[str, str]:
    packages = describe()["packages"]
    return packages if isinstance(packages, dict) else {}


def _description(recalled: Recalled, found: Evaluation, champion: Champion, epochs: int) -> str:
    config, forecaster = recalled.config, champion.forecaster
    ends = [str(moment)[:10] for moment in recalled.series.timestamps[[0, -1]]]
    shares = ", ".join(f"{level} %: {share:.0%}" for level, share in champion.coverage.items())
    lines = [
        f"Forecasts {forecaster.channels[forecaster.target]} of `{forecaster.series}`, "
        f"{config.task.horizon} step{'s' if config.task.horizon > 1 else ''} of "
        f"{forecaster.frequency} ahead, from at least {forecaster.least} steps of raw history "
        f"(timestamp, {', '.join(forecaster.channels)}).",
        "",
        verdict(found),
        reading(found),
        "",
        f"Study `{recalled.record.study}`, trial {recalled.record.number} (run "
        f"`{recalled.record.run_id}`). Refitted on {ends[0]} to {ends[1]}, {epochs} epochs. "
        f"Share of the test block that the intervals held: {shares}.",
    ]
    return "\n".join(lines)
