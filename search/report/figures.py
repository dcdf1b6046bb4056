"""Figures of a study as PNG files."""

from search.plots import formatting, style
from search.plots.study.forecasts import forecasts
from search.plots.study.importance import importance
from search.plots.study.optimization_history import optimization_history
from search.plots.study.parallel_coordinates import parallel_coordinates
from search.plots.study.pareto import pareto
from search.plots.study.slices import contour, slices
from search.results.findings import Findings
from search.results.trial_outputs import TrialOutputs


def study_figures(found: Findings, outputs: TrialOutputs) -> dict[str, bytes]:
    """Returns the PNG of each figure by file name."""
    name, unit, trials, ranked = found.name, found.unit, found.trials, found.ranked
    figures = {
        "optimization_history.png": optimization_history(
            trials,
            baseline=found.baseline_mae,
            baseline_name=found.baseline_name,
            unit=unit,
            title=f"Score by trial · {name}",
        ),
        "parallel_coordinates.png": parallel_coordinates(
            trials,
            found.space.names,
            unit=unit,
            title=f"Parameters and score · {name}",
            logarithmic=found.logarithmic,
        ),
        "slices.png": slices(
            trials,
            ranked,
            unit=unit,
            title=f"Score by parameter, later trials darker · {name}",
            logarithmic=found.logarithmic,
        ),
        "contour.png": contour(
            trials,
            [parameter for parameter in ranked if parameter in found.importance],
            unit=unit,
            title=f"Score over the two most important parameters · {name}",
            logarithmic=found.logarithmic,
        ),
        "importance.png": importance(
            found.importance, title=f"Parameter importance · {name}", note=found.importance_note
        ),
        "forecasts.png": forecasts(
            {shown.name: shown.table for shown in outputs.forecasts},
            baseline=outputs.baseline,
            baseline_name=f"{found.baseline_name} {formatting.number(found.baseline_mae, unit)}",
            unit=unit,
            title=f"Forecasts of the best trials · {name}",
            season=outputs.season,
        ),
    }
    if found.several:
        figures["pareto.png"] = pareto(trials, unit=unit, title=f"Score and size · {name}")
    return {file: style.to_png(figure) for file, figure in figures.items()}
