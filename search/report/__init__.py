"""What a study shows of itself: a description, a page to explore, a table and pictures.

`findings` gathers what was found, `kept` what the store has of curves and forecasts; `markdown`,
`html` (with `charts` and `table`) and `pictures` show it.
"""

from search.report.html import page
from search.results.findings import Findings
from search.results.leaderboard import as_csv
from search.tracking.ledger import Ledger


def study_files(ledger: Ledger, found: Findings) -> dict[str, bytes]:
    """Returns the files of a study by name.

    With `tracking.figures=none` there are no pictures, and the page has no charts: neither curves
    nor forecasts are read.
    """
    files = {"leaderboard.csv": as_csv(found.board).encode()}
    if found.prepared.config.tracking.figures == "none":
        return files | {"report.html": page(found, [])}
    from search.report.charts import sections
    from search.report.figures import study_figures
    from search.results.trial_outputs import trial_outputs

    evidence = trial_outputs(ledger, found)
    return {
        **files,
        **study_figures(found, evidence),
        "report.html": page(found, sections(found, evidence)),
    }
