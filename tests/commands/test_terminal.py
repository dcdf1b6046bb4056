"""A study on a real terminal: what stands on the screen while it runs, and after Ctrl-C."""

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


def screen(text: str) -> list[str]:
    """The lines that a terminal shows after `text`; none of them is as wide as it is."""
    lines, row, column = [""], 0, 0
    for part in _SEQUENCE.findall(text):
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
    """The program on a terminal of its own."""

    def __init__(self, folder: Any, *arguments: str) -> None:
        self.text = ""
        self.pid, self.near = pty.fork()
        if not self.pid:
            os.chdir(folder)
            os.environ |= {"TERM": "xterm-256color", "COLUMNS": "", "LINES": ""}
            os.execv(sys.executable, [sys.executable, "-m", "search", *arguments])

    def resize(self, width: int, height: int) -> None:
        fcntl.ioctl(self.near, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def read_until(self, pattern: str) -> None:
        """Reads on until what came matches."""
        while not re.search(pattern, self.text):
            assert self.read(), f"the program ended by itself:\n{self.text}"

    def read(self) -> bool:
        try:
            part = os.read(self.near, 65536)
        except OSError:  # Linux' word for the end
            part = b""
        self.text += part.decode(errors="replace")
        return bool(part)

    def end(self) -> int:
        """Reads to the end; returns the exit status."""
        while self.read():
            pass
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *error: object) -> None:
        """Hangs up, as a terminal that is closed does."""
        os.close(self.near)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no pty")
def test_a_study_on_a_terminal(sweepcast: Any, short: tuple[str, ...]) -> None:
    command = ("sweep", *short, "model=dense", "model.dense.layers=0", "space=[]")
    command += ("space.training.learning_rate={low: 0.001, high: 0.1}", "study.trials=500")
    with Terminal(sweepcast.folder, *command, "training.epochs=3") as terminal:
        terminal.resize(80, 30)
        terminal.read_until(r"(?s)\[2/500\].*MAE by trial")
        at_80 = screen(terminal.text)
        terminal.resize(140, 30)
        terminal.read_until(r"\[4/500\]")
        os.write(terminal.near, b"\x03")
        assert terminal.end() == 130

    assert any(re.match(r"\d+ of 500 trials ━", line) for line in at_80)
    assert any(re.match(r"(best|to beat) ", line) for line in at_80)
    assert max(map(len, at_80)) < 80
    left = screen(terminal.text.replace("^C", ""))
    ended = [line for line in left if line.startswith("[")]
    assert len(ended) >= 4
    assert [line.partition("/")[0] for line in ended] == [f"[{n + 1}" for n in range(len(ended))]
    assert "Interrupted: the running trials finish; Ctrl-C again stops now." in left
    assert f"Interrupted after {len(ended)} of 500 trials; the same command goes on." in left
    assert not any("━" in line or "MAE by trial" in line for line in left)
    assert terminal.text.count("\x1b[?25l") == terminal.text.count("\x1b[?25h")  # the cursor
