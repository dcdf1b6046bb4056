"""Report of a study: a description, an interactive page, a table and figures.

`search.results` collects the findings and the stored curves and forecasts; `markdown`, `html`
(with `charts` and `table`) and `figures` present them.
"""

from search.report.html import page
from search.results.findings import Findings
from search.results.leaderboard import as_csv
from search.tracking.ledger import Ledger


def study_files(ledger: Ledger, found: Findings) -> dict[str, bytes]:
    """Returns the contents of the study's files by file name.

    With `tracking.figures=none` there are no figures and the page has no charts, so curves and
    forecasts are not read.
    """
    files = {"leaderboard.csv": as_csv(found.board).encode()}
    if found.prepared.config.tracking.figures == "none":
        return files | {"report.html": page(found, [])}
    from search.report.charts import sections
    from search.report.figures import study_figures
    from search.results.trial_outputs import trial_outputs

    outputs = trial_outputs(ledger, found)
    return {
        **files,
        **study_figures(found, outputs),
        "report.html": page(found, sections(found, outputs)),
    }
