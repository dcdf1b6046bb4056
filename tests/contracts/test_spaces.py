"""Every fragment in conf/space searches valid keys, and its points can be trained."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import conf
from search.config.dotted import with_values
from search.config.validation import validated
from search.space.notation import check_setting, parse_space
from search.space.space import Choice, Parameter
from search.study.defaults.resolution import resolved
from search.trial.data import load_series
from search.trial.trial import Plan, run_trial

SPACES = sorted(path.stem for path in (Path(conf.__file__).parent / "space").glob("*.yaml"))


def ends(parameter: Parameter) -> list[Any]:
    """Returns all choices, or the two ends of a range."""
    choices = parameter.choices if isinstance(parameter, Choice) else ()
    return list(choices) or [parameter.low, parameter.high]


@pytest.fixture(scope="module", params=SPACES)
def searched(request: pytest.FixtureRequest, composed: Callable[..., Any], short: Any) -> Any:
    config = validated(
        composed(
            *(f"space=[{request.param}]", *short, "model=conv_recurrent", "model.conv.filters=2"),
            *("model.recurrent.units=2", "model.recurrent.cell=simple_rnn"),
        )
    )
    config = resolved(config, load_series(config.dataset))
    return config, parse_space(config)


def test_it_searches_valid_settings(searched: Any) -> None:
    config, space = searched
    assert space.parameters
    assert not space.pins
    for parameter in space.parameters:
        assert len(ends(parameter)) > 1
        for value in ends(parameter):
            check_setting(config, parameter.name, value)


@pytest.mark.parametrize("end", [0, -1], ids=["first", "last"])
def test_it_trains_at_both_ends(searched: Any, end: int, eager: None) -> None:
    config, space = searched
    point = space.build(lambda parameter: ends(parameter)[end])
    plan = Plan(
        number=0,
        config=with_values(config.plain(), point),
        point=point,
        seed=5,
        digest=load_series(config.dataset).digest,
        baselines=(("persistence", np.zeros((30, 1))),),
        baseline_mae=1.0,
        prunable=False,
        title="trial",
    )
    result = run_trial(plan, lambda _: None)
    assert (result.state, result.reason) == ("complete", "")
