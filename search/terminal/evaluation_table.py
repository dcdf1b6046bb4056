"""Table of the scores on the test block."""

from rich.table import Table

from search.retraining.evaluation import Evaluation
from search.terminal.tables import new_table


def evaluation_table(found: Evaluation) -> Table:
    """Returns a table of the model and the baselines, best first."""
    made = new_table()
    made.add_column("on the test block")
    for heading in (f"MAE {found.series.unit}".strip(), "skill", "RMSE", "MASE"):
        made.add_column(heading, justify="right")
    entries = [
        (baseline.mae, baseline.name.replace("_", " "), baseline.metrics, "dim")
        for baseline in found.baselines
    ]
    entries.append((found.metrics["test/mae"], found.record.name, found.metrics, ""))
    for mae, name, metrics, style in sorted(entries, key=lambda entry: entry[0]):
        spread = f" ± {metrics['test/mae_std']:.3f}" if metrics.get("test/mae_std") else ""
        made.add_row(
            name,
            f"{mae:.3f}{spread}",
            f"{metrics['test/skill']:+.1%}",
            f"{metrics['test/rmse']:.3f}",
            f"{metrics['test/mase']:.3f}",
            style=style,
        )
    return made
