"""Computes the importance of the searched values for the score."""

import math
import warnings
from collections.abc import Mapping, Sequence

import optuna
from optuna.importance import FanovaImportanceEvaluator, get_param_importances
from optuna.trial import create_trial

from search.backends.optuna import distribution
from search.space.space import Point, Space

# With fewer complete trials, fANOVA's random forest has too little data.
LEAST = 10
# Its run time grows with the square of the number of trials, so no more than these are used.
MOST = 300


def importances(
    space: Space, trials: Sequence[tuple[Point, float]]
) -> tuple[Mapping[str, float], str]:
    """Returns the importance of each parameter (shares of 1) and how it was computed.

    Uses fANOVA rather than Optuna's default: on samples that crowd around the best values, the
    default can rank an irrelevant parameter first. Parameters that some trials lack are left out.

    Args:
        space: search space of the study.
        trials: points and scores of the complete trials.

    Source: Hutter et al., "An efficient approach for assessing hyperparameter importance", 2014.
    """
    scored = [(point, score) for point, score in trials if math.isfinite(score)]
    if len(scored) < LEAST:
        return {}, f"importance needs at least {LEAST} complete trials; there are {len(scored)}"
    complete = f"{len(scored)} complete trials"
    if len(scored) > MOST:
        complete = f"{MOST} of {complete}, evenly spaced"
        scored = [scored[i * len(scored) // MOST] for i in range(MOST)]
    distributions = {parameter.name: distribution(parameter) for parameter in space.parameters}
    study = optuna.create_study(direction="minimize")
    for point, score in scored:
        study.add_trial(
            create_trial(
                value=score,
                params=point,
                distributions={name: distributions[name] for name in point},
            )
        )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from scikit-learn, if all scores are equal
        found = get_param_importances(study, evaluator=FanovaImportanceEvaluator(seed=0))
    kept = {name: value for name, value in found.items() if math.isfinite(value)}
    if not kept:
        return {}, "no parameter varies across all complete trials"
    return kept, f"fANOVA over {complete}, for the parameters that all of them have"
