"""Provides the configuration of a recipe, and a station's file for recipes that need one."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.config import compose
from search.config.schema import Config
from search.trial.data import load_series


def composed(*words: str) -> Config:
    """Returns the configuration that the words of a `sweep` command compose."""
    found: list[Config] = []

    def keep(config: Config) -> int:
        found.append(config)
        return 0

    compose.run([*words], keep)
    return found[0]


@contextmanager
def station(given: Path | None) -> Iterator[Path]:
    """Yields a station's file: the given one, or synthetic months in the format of NASA GISS."""
    if given is not None:
        yield given.resolve()
        return
    made = load_series(
        {
            "_target_": "datasets.synthetic.synthetic",
            "name": "months",
            "steps": 912,
            "period": 12,
            "slope": 0.002,
            "amplitude": 8.0,
            "noise": 1.0,
        }
    )
    names = "JAN,FEB,MAR,APR,MAY,JUN,JUL,AUG,SEP,OCT,NOV,DEC,D-J-F,M-A-M,J-J-A,S-O-N,metANN"
    lines = [f"YEAR,{names}"]
    for year, months in enumerate(made.values.reshape(-1, 12), start=1950):
        lines.append(",".join([str(year), *(f"{value:.2f}" for value in months), *["999.90"] * 5]))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "months.csv")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        yield path
