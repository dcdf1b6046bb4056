"""Reads text files strictly: rejects all but plain text, with the place in each error message."""

import codecs
import re
from collections.abc import Sequence
from math import inf, isfinite
from pathlib import Path

import numpy as np

from datasets.errors import DatasetError, clipped
from datasets.parsing.frequency import Timestamps, shown

# Text files do not contain these; tab, line feed, form feed and carriage return are allowed.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f]")
_ARCHIVES = {
    b"\x1f\x8b": "gzip",
    b"PK\x03\x04": "zip (or a spreadsheet)",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
}
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")


def read_text(path: Path) -> str:
    """Returns the text of a file, with line feeds as the only line ends.

    UTF-8, and UTF-16 with a byte order mark, are recognised; all else is read as Windows-1252.

    Raises:
        DatasetError: the file cannot be read, or is empty, binary, compressed or a web page.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DatasetError(f"{path} cannot be read: {error.strerror}") from None
    for magic, kind in _ARCHIVES.items():
        if data.startswith(magic):
            raise DatasetError(f"{path} is compressed: {kind}; unpack it first")
    text = _decoded(data)
    if text is None or _CONTROL.search(text):
        raise DatasetError(f"{path} is a binary file, not text: set dataset.source to a text file")
    if not text.strip():
        raise DatasetError(f"{path} is empty: it has {len(data)} bytes and no readings")
    if text.lstrip()[:15].lower().startswith(("<!doctype", "<html")):
        raise DatasetError(
            f"{path} is a web page, not data: check dataset.source;\n"
            "a downloaded page stays in the cache until you delete the file"
        )
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _decoded(data: bytes) -> str | None:
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for encoding in ("utf-16",) if wide else ("utf-8-sig", "cp1252"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    return None


def numbered_lines(text: str) -> list[tuple[int, str]]:
    """Returns (number, line) for every line that is not blank, numbered from 1."""
    return [(number, line) for number, line in enumerate(text.split("\n"), 1) if line.strip()]


def place(path: Path, line: int, column: int | None = None, name: str = "") -> str:
    """Returns "file, line 3, column 2 (FEB)" as the start of an error message."""
    where = f"{path}, line {line}"
    if column is None:
        return where
    return f"{where}, column {column}{f' ({clipped(name)})' if name.strip() else ''}"


def number(text: str) -> float | None:
    """Returns the finite number in `text`, or None if it is anything else.

    Stricter than float(): accepts no "nan", "inf" or "1_000", and only the digits 0 to 9.
    """
    value = float(text) if _NUMBER.fullmatch(text) else inf
    return value if isfinite(value) else None


def check_order(
    path: Path, timestamps: Timestamps, lines: Sequence[int], column: int = 1, name: str = ""
) -> None:
    """Rejects timestamps [n] that do not strictly increase.

    Raises:
        DatasetError: a timestamp is a duplicate or out of order; the message names the first one.
    """
    bad = np.flatnonzero(np.diff(timestamps) <= np.timedelta64(0, "s"))
    if not bad.size:
        return
    before, after = int(bad[0]), int(bad[0]) + 1
    where, time = place(path, lines[after], column, name), shown(timestamps[after])
    if timestamps[before] == timestamps[after]:
        raise DatasetError(f"{where}: {time} is a duplicate of line {lines[before]}")
    raise DatasetError(
        f"{where}: {time} comes after {shown(timestamps[before])} in line {lines[before]}:\n"
        "sort the file by time, earliest first"
    )
