"""The tables of benchmarks/README.md: each benchmark writes the section of its own."""

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
    """What a benchmark found.

    Attributes:
        name: of the benchmark, and of its section.
        columns: headings of the table.
        rows: its cells.
        notes: sentences below it.
    """

    name: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    notes: Sequence[str] = ()


def parser(description: str | None) -> ArgumentParser:
    """Returns a parser of the options that every benchmark has."""
    made = ArgumentParser(description=description)
    made.add_argument("--write", action="store_true", help="write the table into the README, too")
    return made


def report(section: Section, *, write: bool) -> None:
    """Prints a section, and writes it between its markers in the README."""
    text = markdown(section)
    sys.stdout.write(f"{text}\n")
    if write:
        README.write_text(replaced(README.read_text("utf-8"), section.name, text), "utf-8")


def markdown(section: Section) -> str:
    """Returns a section in Markdown: the table, the notes, how and where it was measured."""
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
    """Returns the words of this command; a file is named, not where it lies."""
    module = Path(sys.argv[0]).stem
    words = [Path(word).name if "/" in word else word for word in sys.argv[1:] if word != "--write"]
    return " ".join(["python -m", f"benchmarks.{module}", *words])


def _machine() -> str:
    versions = [f"{name} {metadata.version(name)}" for name in ("keras", "optuna", "mlflow")]
    load = f"load {os.getloadavg()[0]:.1f} at the end"
    return ", ".join(
        [f"{os.cpu_count()} cores", load, f"Python {platform.python_version()}", *versions]
    )
