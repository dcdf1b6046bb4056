"""`sweepcast promote`: scores a trial on the test block, refits it and registers it."""

from dataclasses import replace

from rich.text import Text

from search.results.verdict import evaluation_judged, evaluation_verdict, test_block
from search.retraining.champion import best_epochs
from search.retraining.evaluation import evaluate
from search.retraining.recorded_run import load_run
from search.retraining.registration import check_promotable, register_champion
from search.serving.pyfunc import TRUST
from search.serving.safe_loading import packages_of
from search.terminal.arguments import fresh_seed_options
from search.terminal.console import console, verdict_style
from search.terminal.display import retraining_display
from search.terminal.evaluation_table import evaluation_table
from search.tracking.registry import ALIAS

NOT_BETTER = 1


def promote(arguments: list[str], *, quiet: bool) -> int:
    """Scores RUN on the test block, refits it on all readings and registers it.

    Returns 0, or 1 if its MAE is not below that of the best baseline and `--force` is not given.

    Raises:
        BadInput: the run does not exist, its series has changed or has no test block, or its
            training failed.
    """
    options = fresh_seed_options("promote", "--force", arguments)
    recorded = load_run(options.run, options.trust).with_executions(options.seeds)
    check_promotable(recorded)
    epochs = best_epochs(recorded)
    # The champion trains on all readings for a known number of epochs, without early stopping.
    training = replace(recorded.config.training, patience=None)
    recorded = replace(recorded, config=replace(recorded.config, training=training))
    out, observe = console(), retraining_display(quiet=quiet)
    evaluation = evaluate(recorded, observe, epochs=epochs)
    verdict = (evaluation_verdict(evaluation), test_block(evaluation))
    if not quiet:
        out.print(evaluation_table(evaluation))
    for line, style in zip(
        verdict, (verdict_style(evaluation_judged(evaluation)), ""), strict=True
    ):
        out.print(Text(line, style), soft_wrap=True)
    if not evaluation.wins and not options.force:
        out.print(Text("Not promoted; use --force to register it anyway."), soft_wrap=True)
        return NOT_BETTER
    name, version, champion = register_champion(
        recorded, evaluation, observe, epochs=epochs, trusted=options.trust, verdict=verdict
    )
    covered = ", ".join(
        f"the {level} % interval covered {share:.0%} of the test block"
        for level, share in champion.coverage.items()
    )
    packages = sorted(packages_of(champion.forecaster.model))
    flags = "".join(f" --trust {package}" for package in packages)
    trust = f"{TRUST}={','.join(packages)} " if packages else ""
    for line in (
        f"Trained on all {len(recorded.series.values)} steps for {epochs} epochs; {covered}.",
        f"registered:  {name} version {version}, alias {ALIAS}",
        f"forecast:    sweepcast forecast {name} --history FILE{flags}",
        f"serve:       {trust}mlflow models serve -m models:/{name}@{ALIAS} --env-manager local",
    ):
        out.print(Text(line), soft_wrap=True)
    return 0
