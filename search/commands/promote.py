"""`sweepcast promote`: scores a trial on the test block, refits it and registers it."""

from rich.text import Text

from search.promotion.best_epochs import with_best_epochs
from search.promotion.ensemble import without_early_stopping
from search.promotion.registration import check_promotable, register_champion, trained_on
from search.results.verdict import evaluation_judged, evaluation_verdict, test_block
from search.retraining.ensemble.recorded import RecordedEnsemble
from search.retraining.evaluation import evaluate
from search.retraining.loading import load_run
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
    # A champion trains on all readings, so early stopping has nothing to watch.
    if isinstance(recorded, RecordedEnsemble):
        recorded = without_early_stopping(recorded)
    else:
        recorded = with_best_epochs(recorded)
    out, observe = console(), retraining_display(quiet=quiet)
    evaluation = evaluate(recorded, observe)
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
        recorded, evaluation, observe, trusted=options.trust, verdict=verdict
    )
    covered = ", ".join(
        f"the {level} % interval covered {share:.0%} of the test block"
        for level, share in champion.coverage.items()
    )
    packages = sorted(
        {package for model in champion.forecaster.models for package in packages_of(model)}
    )
    flags = "".join(f" --trust {package}" for package in packages)
    trust = f"{TRUST}={','.join(packages)} " if packages else ""
    for line in (
        f"Trained on all {len(recorded.series.values)} steps{trained_on(champion)}; {covered}.",
        f"registered:  {name} version {version}, alias {ALIAS}",
        f"forecast:    sweepcast forecast {name} --history FILE{flags}",
        f"serve:       {trust}mlflow models serve -m models:/{name}@{ALIAS} --env-manager local",
    ):
        out.print(Text(line), soft_wrap=True)
    return 0
