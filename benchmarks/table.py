"""Writes the tables of benchmarks/README.md; each benchmark has its own section."""

import os
import platform
import re
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

README = Path(__file__).with_name("README.md")


@dataclass(frozen=True)
class Section:
    """The results of a benchmark.

    Attributes:
        name: name of the section.
        columns: headings of the table.
        rows: cells of the table.
        notes: sentences below the table.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def parser(description: str | None) -> ArgumentParser:
    """Returns a parser with the options that all benchmarks have."""
    made = ArgumentParser(description=description)
    made.add_argument(
        "--write", action="store_true", help="also write the tables to benchmarks/README.md"
    )
    return made


def report(section: Section, *, write: bool) -> None:
    """Prints a section and, if `write`, writes it between its markers in the README."""
    text = markdown(section)
    sys.stdout.write(f"{text}\n")
    if write:
        README.write_text(replaced(README.read_text("utf-8"), section.name, text), "utf-8")


def markdown(section: Section) -> str:
    """Returns a section in Markdown: the table, the notes, the command and the machine."""
    lines = [section.columns, ["---"] * len(section.columns), *section.rows]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
    return "\n\n".join([table, *section.notes, f"Measured by `{_command()}` on {_machine()}."])


def replaced(document: str, name: str, text: str) -> str:
    """Returns the document with `text` between the markers of section `name`.

    Raises:
        ValueError: the document has no such markers.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if not pattern.search(document):
        raise ValueError(f"there is no section {begin} … {end}")
    return pattern.sub(lambda _: f"{begin}\n{text}\n{end}", document)


def _command() -> str:
    """Returns the command line, in which files have no folder."""
    module = Path(sys.argv[0]).stem
    words = [Path(word).name if "/" in word else word for word in sys.argv[1:] if word != "--write"]
    return " ".join(["python -m", f"benchmarks.{module}", *words])


def _machine() -> str:
    versions = [f"{name} {metadata.version(name)}" for name in ("keras", "optuna", "mlflow")]
    load = f"load {os.getloadavg()[0]:.1f} at the end"
    return ", ".join(
        [f"{os.cpu_count()} cores", load, f"Python {platform.python_version()}", *versions]
    )
