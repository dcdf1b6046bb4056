"""Creates a saved view of the MLflow UI for a study: its runs, best first, and charts.

Without it, MLflow's page of runs shows neither scores nor searched values. The view is a tag of the
experiment, in the format in which the UI of MLflow 3.17 stores the views that users save under
"Views". A UI that does not know the format ignores the view.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from search.space.space import Choice, Parameter, Space

SCORE = "validation/mae"
_METRICS = (SCORE, "validation/skill", "epochs")
_STATE = "tags.`sweepcast.state`"
_WIDTHS = {"attributes.`Run Name`": 300, "runDateAndNestInfo": 150, "duration": 90}
_WIDTH = 120  # pixels, for all other columns
# Searched values that fit on a screen and in the tag. A database may cut it at 5,000 characters.
_VALUES = 8


def study_view(
    study: str, parent: str, space: Space, importance: Mapping[str, float], at: int
) -> str:
    """Returns the value of the tag that stores the view.

    Args:
        study: name of the study, shown in the menu "Views".
        parent: id of the study's run.
        space: search space of the study.
        importance: importance of its parameters, as far as known, as shares of 1.
        at: current time in ms since the epoch.
    """
    ranked = sorted(space.drawn, key=lambda parameter: -importance.get(parameter.name, 0.0))
    shown = ranked[:_VALUES]
    metrics = [f"metrics.`{name}`" for name in _METRICS]
    params = [f"params.`{parameter.name}`" for parameter in shown]
    order = ["attributes.`Run Name`", *metrics, _STATE, *params, "duration", "runDateAndNestInfo"]
    state = {
        "searchFilter": f"tags.`mlflow.parentRunId` = '{parent}'",
        "orderByKey": metrics[0],
        "orderByAsc": True,
        "startTime": "ALL",
        "lifecycleFilter": "Active",
        "datasetsFilter": [],
        "modelVersionFilter": "All Runs",
        "selectedColumns": [*metrics, _STATE, *params],
        "columnOrder": order,
        "columnWidths": {column: _WIDTHS.get(column, _WIDTH) for column in order},
        "runsHiddenMode": "FIRST_20_RUNS",  # draws the curves of the 20 best runs
        "isAccordionReordered": True,
        "compareRunSections": [
            {"uuid": "values", "name": "Searched values", "display": True, "columns": 1},
            {"uuid": "score", "name": "Score", "display": True, "columns": 2},
        ],
        "compareRunCharts": _charts(shown, [p.name for p in shown if p in space.common]),
    }
    kept = {"name": study, "createdAt": at, "updatedAt": at, "state": _text(state)}
    return _text(kept)


def _charts(searched: Sequence[Parameter], common: Sequence[str]) -> list[dict[str, Any]]:
    """Returns parallel coordinates, curves, and the score over the most important values.

    MLflow omits a trial from the parallel coordinates if it lacks one of the selected values, so
    only the values `common` to all trials become axes.
    """
    numbers = [_axis(parameter.name) for parameter in searched if _is_number(parameter)]
    score = {"key": SCORE, "type": "METRIC"}
    found: list[dict[str, Any]] = [{"type": "LINE", "metricKey": SCORE}]
    if len(numbers) > 1:
        axes = {"xaxis": numbers[0], "yaxis": numbers[1], "zaxis": score}
        found.append({"type": "CONTOUR", **axes})
    found += [{"type": "SCATTER", "xaxis": axis, "yaxis": score} for axis in numbers[:4]]
    found = [{"metricSectionId": "score", **chart} for chart in found]
    if common:
        chosen = {"selectedParams": list(common), "selectedMetrics": [SCORE]}
        found.append({"metricSectionId": "values", "type": "PARALLEL", **chosen})
    return [{"uuid": f"chart-{number}", **chart} for number, chart in enumerate(found)]


def _axis(name: str) -> dict[str, str]:
    return {"key": name, "type": "PARAM"}


def _is_number(parameter: Parameter) -> bool:
    choices = parameter.choices if isinstance(parameter, Choice) else ()
    return all(
        isinstance(choice, int | float) and not isinstance(choice, bool) for choice in choices
    )


def _text(value: object) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
