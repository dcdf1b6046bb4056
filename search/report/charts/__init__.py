"""Interactive charts of a study as Plotly JSON, in the order of the page."""

from search.report.charts.curves import curves
from search.report.charts.forecasts import forecast_charts
from search.report.charts.parallel import parallel
from search.report.charts.parameters import contour, importance, slices
from search.report.charts.scores import front, history, labels
from search.report.charts.style import Section
from search.results.findings import Findings
from search.results.trial_outputs import TrialOutputs

__all__ = ["Section", "labels", "sections"]

_SLICES_NOTE = (
    "Later trials are darker and, among equal values, further right. "
    "The best trial has a green ring."
)


def sections(found: Findings, outputs: TrialOutputs) -> list[Section]:
    """Returns the charts of a study, grouped by section; sections without charts are left out."""
    scores = [history(found), *([front(found)] if found.several else []), curves(found, outputs)]
    made = [
        Section("scores", "Scores", scores),
        Section("values", "Parameters", [parallel(found), importance(found), contour(found)]),
        Section("slices", "Score by parameter", slices(found), _SLICES_NOTE, small=True),
        Section("forecasts", "Forecasts", forecast_charts(found, outputs)),
    ]
    return [section for section in made if section.charts]
