"""Tests the saved view of a study in the MLflow UI."""

import json
from typing import Any

import pytest

from search.space.conditions import Clause
from search.space.space import Choice, Range, Space
from search.tracking.ui.view import study_view

SPACE = Space(
    (
        Choice("model.dense.layers", (0, 1)),
        Choice("model.dense.units", (8, 16), when=(Clause("model.dense.layers", "==", 1),)),
        Choice("training.optimizer", ("sgd", "adam")),
        Range("training.learning_rate", 0.001, 0.1, log=True),
    )
)


def state(space: Space, importance: dict[str, float]) -> dict[str, Any]:
    """Returns the state that MLflow's page restores from the view."""
    view = json.loads(study_view("tides", "0" * 32, space, importance, 5))
    assert (view["name"], view["createdAt"], view["updatedAt"]) == ("tides", 5, 5)
    return json.loads(view["state"])


def test_columns_start_with_the_score_and_the_most_important_values() -> None:
    shown = state(SPACE, {"training.learning_rate": 0.7, "training.optimizer": 0.3})
    assert shown["orderByKey"] == shown["selectedColumns"][0] == "metrics.`validation/mae`"
    params = [c for c in shown["selectedColumns"] if c.startswith("params.")]
    assert params[:2] == ["params.`training.learning_rate`", "params.`training.optimizer`"]
    assert set(shown["columnOrder"]) == set(shown["columnWidths"])


def test_axes_are_numbers_and_values_common_to_all_trials() -> None:
    charts = state(SPACE, {})
    by_kind = {chart["type"]: chart for chart in charts["compareRunCharts"]}
    assert by_kind["PARALLEL"]["selectedParams"] == [
        *("model.dense.layers", "training.optimizer", "training.learning_rate")
    ]
    scattered = [c["xaxis"]["key"] for c in charts["compareRunCharts"] if c["type"] == "SCATTER"]
    assert scattered == ["model.dense.layers", "model.dense.units", "training.learning_rate"]


@pytest.mark.parametrize("count", [1, 60])
def test_the_view_fits_into_a_tag(count: int) -> None:
    long = "model.recurrent.recurrent_dropout_of_layer_"
    space = Space(tuple(Range(f"{long}{number}", 0.0, 0.5) for number in range(count)))
    assert len(study_view("s" * 100, "0" * 32, space, {}, 5)) < 5000
