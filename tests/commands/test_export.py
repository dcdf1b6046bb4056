"""`sweepcast export`: Optuna can read the exported study."""

from typing import Any

import optuna

LEVELS = "space.model.level={low: 0.0, high: 8.0}"


def test_optuna_reads_the_exported_study(
    sweepcast: Any, short: tuple[str, ...], odd: tuple[str, ...], eager: None
) -> None:
    kinds = "space.model.kind={choices: [level, undefined], when: {model.level: '>4'}}"
    more = (
        *(LEVELS, kinds, "backend=optuna_random", "study.trials=12", "study.max_failed=12"),
        *("training.epochs=2", "pruner=median", "pruner.warmup=0", "pruner.n_startup_trials=2"),
    )
    done = sweepcast("sweep", *odd, *short, *more)
    assert done.status == 0, done.err
    url = f"sqlite:///{sweepcast.folder}/optuna.db"
    command = ("export", "short", "--to", "optuna", url)
    done = sweepcast(*command, "--trust", "odd_nets")
    assert (done.status, "Exported 12 trials of short;" in done.out) == (0, True), done.err
    study = optuna.load_study(study_name="short", storage=url)
    runs = {run.info.run_id: run.data for run in sweepcast.trials("short")}
    assert len(study.trials) == 12
    states = {"COMPLETE": "complete", "PRUNED": "pruned", "FAIL": "failed"}
    for number, trial in enumerate(study.trials):
        data = runs[trial.user_attrs["mlflow_run_id"]]
        assert data.tags["sweepcast.trial"] == str(number)
        assert states[trial.state.name] == data.tags["sweepcast.state"]
        assert trial.params["model.level"] == float(data.params["model.level"])
        assert trial.params.get("model.kind") == data.params.get("model.kind")
        if trial.state.name != "FAIL":
            last = max(trial.intermediate_values)
            assert trial.intermediate_values[last] == data.metrics["validation/mae"]
    assert {trial.state.name for trial in study.trials} == states.keys()
    best = sweepcast.study("short").data.tags["sweepcast.best"]
    assert study.best_trial.user_attrs["mlflow_run_id"] == best
    assert optuna.importance.get_param_importances(study, params=["model.level"])
    done = sweepcast(*command, "--trust", "odd_nets")
    assert (done.status, "already has a study 'short'" in done.err) == (2, True)
    for wrong, text in (
        ((*command[:-1], "nosuch://x"), "sqlite:///optuna.db"),
        ((*command[:-1], sweepcast.uri), "the MLflow store itself"),
        (("export", "short", "--to", "ray", url), "possible: optuna"),
        (("export", "shorts", "--to", "optuna", url), "did you mean 'short'"),
        (command, "--trust odd_nets"),
    ):
        more = () if wrong is command else ("--trust", "odd_nets")
        done = sweepcast(*wrong, *more)
        assert (done.status, text in done.err) == (2, True), done.err
        assert len(done.err.splitlines()) <= 3
