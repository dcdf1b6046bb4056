"""A study in a real terminal: the screen while the study runs and after Ctrl-C."""

import codecs
import fcntl
import os
import pty
import re
import struct
import sys
import termios
from typing import Any

import pytest

_SEQUENCE = re.compile(r"\x1b\[[?]?[\d;]*[A-Za-z]|.|\n|\r", re.DOTALL)
_UNFINISHED = re.compile(r"\x1b(\[[?]?[\d;]*)?\Z")  # the output may be read up to within a sequence


def screen(text: str) -> list[str]:
    """Returns the lines that a terminal shows for `text`, if all are narrower than the terminal."""
    lines, row, column = [""], 0, 0
    for part in _SEQUENCE.findall(_UNFINISHED.sub("", text)):
        if part == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif part == "\r":
            column = 0
        elif part.startswith("\x1b"):
            if part.endswith("A"):
                row = max(0, row - int(part[2:-1]))
            elif part == "\x1b[2K":
                lines[row] = ""
        else:
            lines[row] = f"{lines[row][:column]:<{column}}{part}{lines[row][column + 1 :]}"
            column += 1
    return [line.rstrip() for line in lines]


class Terminal:
    """Runs the program in a pseudo-terminal."""

    def __init__(self, folder: Any, *arguments: str) -> None:
        self.text = ""
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self.pid, self.near = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.environ |= {"TERM": "xterm-256color", "COLUMNS": "", "LINES": ""}
            os.execv(sys.executable, [sys.executable, "-m", "search", *arguments])

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read_until(self, pattern: str) -> None:
        """Reads until the output matches `pattern`."""
        while not re.search(pattern, self.text):
            assert self.read(), f"the program exited early:\n{self.text}"

    def read_until_shown(self, *patterns: str) -> list[str]:
        """Reads until lines of the screen match all patterns, and returns the lines."""
        lines = screen(self.text)
        while not all(any(re.match(pattern, line) for line in lines) for pattern in patterns):
            assert self.read(), f"the program exited early:\n{self.text}"
            lines = screen(self.text)
        return lines

    def read(self) -> bool:
        try:
            part = os.read(self.near, 65536)
        except OSError:  # Linux signals the end of the output this way
            part = b""
        self.text += self._decoder.decode(part)  # a part may end within a character
        return bool(part)

    def end(self) -> int:
        """Reads the remaining output and returns the exit status."""
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *error: object) -> None:
        """Closes the terminal, which hangs up the program."""
        os.close(self.near)


@pytest.mark.skipif(sys.platform == "win32", reason="no pty on Windows")
def test_a_study_in_a_terminal(sweepcast: Any, short: tuple[str, ...]) -> None:
    command = ("sweep", *short, "model=dense", "model.dense.layers=0", "space=[]")
    command += ("space.training.learning_rate={low: 0.001, high: 0.1}", "study.trials=500")
    with Terminal(sweepcast.folder, *command, "training.epochs=3") as terminal:
        terminal.resize(80, 30)
        terminal.read_until(r"\[2/500\]")
        at_80 = terminal.read_until_shown(
            r"\d+ of 500 trials ━", r"(best|to beat) ", r".*MAE by trial"
        )
        terminal.resize(140, 30)
        terminal.read_until(r"\[4/500\]")
        os.write(terminal.near, b"\x03")
        assert terminal.end() == 130

    assert max(map(len, at_80)) < 80
    left = screen(terminal.text.replace("^C", ""))
    ended = [line for line in left if line.startswith("[")]
    assert len(ended) >= 4
    assert [line.partition("/")[0] for line in ended] == [f"[{n + 1}" for n in range(len(ended))]
    assert "Interrupted: finishing the running trials; press Ctrl-C again to stop now." in left
    assert f"Interrupted after {len(ended)} of 500 trials; run the same command to resume." in left
    assert not any("━" in line or "MAE by trial" in line for line in left)
    hidden, shown = (terminal.text.count(f"\x1b[?25{end}") for end in "lh")  # the cursor
    assert hidden == shown
