"""The interactive charts of a study, as Plotly's JSON, in the order of the page."""

from search.report.charts.curves import curves
from search.report.charts.forecasts import forecast_charts
from search.report.charts.look import Section
from search.report.charts.parallel import parallel
from search.report.charts.scores import (
    front,
    history,
    labels,
)
from search.report.charts.values import (
    contour,
    importance,
    slices,
)
from search.results.findings import Findings
from search.results.trial_outputs import TrialOutputs

__all__ = ["Section", "labels", "sections"]

_DARKER = (
    "Later trials are darker and, of equal values, further right; the best is ringed in green."
)


def sections(found: Findings, evidence: TrialOutputs) -> list[Section]:
    """Returns the charts of a study; what several objectives or a longer horizon ask for too."""
    scores = [history(found), *([front(found)] if found.several else []), curves(found, evidence)]
    made = [
        Section("scores", "Scores", scores),
        Section("values", "Searched values", [parallel(found), importance(found), contour(found)]),
        Section("slices", "Score by searched value", slices(found), _DARKER, small=True),
        Section("forecasts", "Forecasts", forecast_charts(found, evidence)),
    ]
    return [section for section in made if section.charts]
