"""Live view of a study: running trials, overall progress, best score and recent scores."""

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
from search.terminal.display.base import ASIDE, BETTER, WORSE, Display, StudyProgress
from search.trial.trial import Progress

_PAUSE = 0.2  # minimum seconds between two redraws
_WIDEST = 100  # maximum width: a longer line adds nothing and wraps if the terminal shrinks
_BARS = ((84, 24), (68, 14), (0, 8))  # (minimum width of the view, length of a progress bar)
_FIGURES = (len("starting"), len("MAE 0.000"))  # minimum column widths, to keep them from shifting
_EXPLAINED = 72  # minimum width at which the marks of trials without a score are explained
_BLOCKS = "▁▂▃▄▅▆▇█"
_MARKS = {"failed": ("×", WORSE), "pruned": ("·", ASIDE)}


class LiveDisplay(Display):
    """A view that is redrawn below the lines of the finished trials.

    The view is drawn in the thread that handles the events, not in Rich's refresh thread: with two
    threads, one could move the cursor up by the height of a view that the other has already
    replaced, and overwrite a printed line.
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
        """Prints the remaining lines and removes the view."""
        self._draw()
        self._live.stop()

    def training_started(self, number: int, title: str) -> None:
        """Shows that a training has started."""
        super().training_started(number, title)
        self._draw()

    def epoch_ended(self, progress: Progress) -> None:
        """Shows the progress of a training, unless the view was redrawn only a moment ago."""
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
        """Prints the queued lines and redraws the view.

        A signal handler can interrupt this method; the interrupted call then prints the new line.
        """
        if self._drawing:
            return
        self._drawing = True
        try:
            self._live.refresh()  # uses the current width of the terminal
            while self._lines:
                self.console.print(self._lines.popleft())
        finally:
            self._drawing, self._drawn = False, time.monotonic()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Draws the view over the previous one.

        Rich moves up by the number of lines that it drew. If the terminal has become narrower,
        some of these lines now wrap, so the extra lines have to be erased as well.
        """
        lines = console.render_lines(self.view(), options, pad=False)
        extra = sum((length - 1) // console.width for length in self._lengths if length)
        self._lengths = [Segment.get_line_length(line) for line in lines]
        yield Control(*[(ControlType.CURSOR_UP, 1), (ControlType.ERASE_IN_LINE, 2)] * extra)
        yield SegmentLines(lines, new_lines=True)

    def view(self) -> RenderableType:
        """Returns the current content of the view."""
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
                f"{step:>{len(str(steps))}}/{steps}" if progress else "starting",
                f"MAE {progress.score:.3f}" if progress else "",
            )
        hidden = len(running) - len(shown)
        more = [Text(f"and {hidden} more", style=ASIDE)] if hidden else []
        return Group("", table, *more, *status)

    def _status(self, width: int) -> list[RenderableType]:
        budget, (done, total) = self.budget, self.count
        kind = "trainings" if budget.retrainings else "trials"
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
            text.append(f"best {self.quantity(score)}, trial {number}", BETTER if better else "")
            text.append(f" {'beats' if better else 'does not beat'} {baseline}")
        text.truncate(width, overflow="ellipsis")
        return text


def _bar(total: int, done: int, width: int) -> ProgressBar:
    return ProgressBar(total, done, width=width, complete_style="cyan", finished_style="cyan")


def scores(finished: Sequence[FinishedTrial], baseline: float, width: int) -> Text:
    """Returns the scores of the latest trials as blocks with a legend; lower blocks are better.

    The scale ends at the worst score or at twice the spread of the better half, so that one bad
    trial does not flatten the rest. Scores that beat the baseline are green.

    Args:
        finished: finished trials, in the order in which they finished.
        baseline: score of the best baseline.
        width: available width in characters.
    """
    legend = "  MAE by trial, lower is better"
    if width >= _EXPLAINED:
        legend += "".join(
            f", {mark} {state}"
            for state, (mark, _) in _MARKS.items()
            if any(trial.state == state for trial in finished)
        )
    shown = finished[-max(1, width - len(legend) - len("latest ")) :]
    if len(shown) < len(finished):
        legend = legend.replace("MAE", "latest MAE")
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
    text.append(legend, ASIDE)
    return text
