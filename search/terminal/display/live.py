"""The live view: what runs, how far the study is, its best score and the scores so far."""

import time
from collections import deque
from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.control import Control
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.segment import ControlType, Segment, SegmentLines
from rich.table import Table
from rich.text import Text

from search.study.history import FinishedTrial
from search.terminal.display.base import (
    ASIDE,
    BETTER,
    WORSE,
    Display,
    StudyProgress,
)
from search.trial.trial import Progress

_PAUSE = 0.2  # seconds between two drawings of what moves
_WIDEST = 100  # of the view: a longer line says no more, and breaks where the terminal shrinks
_BARS = ((84, 24), (68, 14), (0, 8))  # from this width on, so many characters a bar
_FIGURES = (len("starts"), len("MAE 0.000"))  # least widths, so that nothing moves
_EXPLAINED = 72  # from this width on, the marks of trials without a score are explained
_BLOCKS = "▁▂▃▄▅▆▇█"
_MARKS = {"failed": ("×", WORSE), "pruned": ("·", ASIDE)}


class LiveDisplay(Display):
    """A view that is drawn over and over below the lines of the ended trials.

    It is drawn where the study's events are taken, not by Rich's own thread: with two threads, one
    goes up by the height of a view that the other has replaced meanwhile, over a line too many.
    """

    def __init__(self, console: Console, budget: StudyProgress) -> None:
        super().__init__(console, budget)
        self._lengths: list[int] = []
        self._lines: deque[Text] = deque()
        self._drawing, self._drawn = False, 0.0
        self._live = Live(self, console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> "LiveDisplay":
        self._live.start(refresh=True)
        return self

    def __exit__(self, *error: object) -> None:
        """Leaves the lines and takes the view away."""
        self._draw()
        self._live.stop()

    def training_started(self, number: int, title: str) -> None:
        """Shows that a plan runs."""
        super().training_started(number, title)
        self._draw()

    def epoch_ended(self, progress: Progress) -> None:
        """Shows how far a plan is, unless the view is younger than an eye can follow."""
        super().epoch_ended(progress)
        if time.monotonic() - self._drawn > _PAUSE:
            self._draw()

    def note(self, text: str) -> None:
        """Prints a line above the view."""
        self._line(text, "")

    def _line(self, text: str, style: str) -> None:
        self._lines.append(Text(text, style=style))
        self._draw()

    def _draw(self) -> None:
        """Prints the lines that wait, and the view.

        A signal's handler may interrupt this; its line is left to the drawing that it interrupts.
        """
        if self._drawing:
            return
        self._drawing = True
        try:
            self._live.refresh()  # at the width that the terminal has now
            while self._lines:
                self.console.print(self._lines.popleft())
        finally:
            self._drawing, self._drawn = False, time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draws the view over the last one.

        Rich goes up as many lines as it drew. A terminal that has become narrower since breaks
        these lines, so that there are more.
        """
        lines = console.render_lines(self.view(), options, pad=False)
        broken = sum((length - 1) // console.width for length in self._lengths if length)
        self._lengths = [Segment.get_line_length(line) for line in lines]
        yield Control(*[(ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)] * broken)
        yield SegmentLines(lines, new_lines=True)

    def view(self) -> RenderableType:
        """Returns what stands there now."""
        width = min(self.console.width - 1, _WIDEST)
        status = self._status(width)
        room = max(1, self.console.height - len(status) - 2)
        running = list(self.running.values())
        shown = running if len(running) <= room else running[: max(1, room - 1)]
        bar = next(size for least, size in _BARS if width >= least)
        table = Table.grid(padding=(0, 1))
        table.width = width
        table.add_column(ratio=1, no_wrap=True, overflow="ellipsis")
        table.add_column(width=bar)
        for least in _FIGURES:
            table.add_column(justify="right", no_wrap=True, min_width=least)
        for training in shown:
            progress = training.progress
            step, steps = (progress.step + 1, progress.steps) if progress else (0, 1)
            table.add_row(
                training.title,
                _bar(steps, step, bar),
                f"{step:>{len(str(steps))}}/{steps}" if progress else "starts",
                f"MAE {progress.score:.3f}" if progress else "",
            )
        hidden = len(running) - len(shown)
        more = [Text(f"and {hidden} more", style=ASIDE)] if hidden else []
        return Group("", table, *more, *status)

    def _status(self, width: int) -> list[RenderableType]:
        budget, (done, total) = self.budget, self.count
        kind = "trainings" if budget.again else "trials"
        left = "finishing" if self.finishing else f"{self.pace.left} left" if self.pace.left else ""
        line = Table.grid(padding=(0, 1))
        line.add_row(f"{done} of {total} {kind}", _bar(total, done, width // 3), Text(left))
        status: list[RenderableType] = [line, self._best(width)]
        if len(budget.finished) > 1:
            status.append(scores(budget.finished, budget.baseline_mae, width))
        return status

    def _best(self, width: int) -> Text:
        budget, best = self.budget, self.budget.best
        baseline = f"{self.quantity(budget.baseline_mae)}, {budget.baseline}"
        text = Text(f"to beat {baseline}", no_wrap=True, overflow="ellipsis")
        if best is not None:
            score, number = best
            better = score < budget.baseline_mae
            text = Text(no_wrap=True, overflow="ellipsis")
            said = f"best {self.quantity(score)}, trial {number}"
            text.append(said, BETTER if better else "")
            text.append(f" {'beats' if better else 'does not beat'} {baseline}")
        text.truncate(width, overflow="ellipsis")
        return text


def _bar(total: int, done: int, width: int) -> ProgressBar:
    return ProgressBar(total, done, width=width, complete_style="cyan", finished_style="cyan")


def scores(finished: Sequence[FinishedTrial], baseline: float, width: int) -> Text:
    """Returns the scores of the latest trials as blocks, the lower the better, and what they are.

    The scale ends at the worst score, or at twice the spread of the better half: one bad trial does
    not flatten the rest. Those that beat the baseline are green.

    Args:
        finished: trials, in the order of their ends.
        baseline: score of the best baseline.
        width: how many characters there are.
    """
    said = "  MAE by trial, lower is better"
    if width >= _EXPLAINED:
        said += "".join(
            f", {mark} {state}"
            for state, (mark, _) in _MARKS.items()
            if any(trial.state == state for trial in finished)
        )
    shown = finished[-max(1, width - len(said) - len("latest ")) :]
    if len(shown) < len(finished):
        said = said.replace("MAE", "latest MAE")
    complete = [t.score for t in shown if t.state == "complete" and t.score is not None]
    low = min(complete, default=0.0)
    middle = sorted(complete)[len(complete) // 2] if complete else 0.0
    high = min(max(complete, default=0.0), low + 2 * (middle - low))
    text = Text(no_wrap=True)
    for trial in shown:
        if trial.state == "complete" and trial.score is not None:
            place = (trial.score - low) / (high - low) if high > low else 0.0
            block = _BLOCKS[min(int(place * len(_BLOCKS)), len(_BLOCKS) - 1)]
            text.append(block, BETTER if trial.score < baseline else "")
        else:
            text.append(*_MARKS.get(trial.state, _MARKS["pruned"]))
    text.append(said, ASIDE)
    return text
