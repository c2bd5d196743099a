"""Progress of work that takes longer than two seconds."""

import sys
import time
from types import TracebackType
from typing import Self, TextIO

from .text import columns, plain


__all__ = ["Progress", "rewrite_line"]


def rewrite_line(terminal: TextIO, text: str) -> None:
    """Show ``text`` in place of the line that the terminal's cursor is in."""
    terminal.write(f"\r\x1b[K{text[:columns(terminal) - 1]}")
    terminal.flush()


class Progress:
    """Display of the progress of some work, such as ``7 s, 12,800 cycles (2,560/s): boot``.

    Nothing is shown for two seconds. Then there is one line on a terminal, which changes and goes
    away at the end of the ``with`` statement; elsewhere there is a line every ten seconds.

    Parameters
    ----------
    doing : :class:`str`
        Name of the work, or of its first part.
    unit : :class:`str`
        Plural of what is counted, if something is. The work then begins with the first
        :meth:`count`: what took time before, such as a compiler, has a display of its own.
    total : :class:`int` or :class:`None`
        How many units there are in all, if that is known: then the display tells what part is
        done, and the time that is left at this rate.
    stream : text stream
        By default standard error.
    """

    PATIENCE = 2.0                       # seconds of silence at first
    PAUSE    = {True: 0.2, False: 10.0}  # seconds between two lines: on a terminal, elsewhere

    def __init__(self, doing: str = "", *, unit: str = "", total: int | None = None,
                 stream: TextIO | None = None):
        self._doing    = doing
        self._unit     = unit
        self._total    = total
        self._stream   = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._shown    = False
        self._first: int | None = None
        self._counted  = 0
        self._begun = time.monotonic()
        self._next  = self._begun + self.PATIENCE

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.clear()

    def clear(self) -> None:
        """Take the line away from a terminal, so that something else can be printed there."""
        if self._terminal and self._shown:
            rewrite_line(self._stream, "")
            self._shown = False

    def part(self, doing: str) -> None:
        """Note that the part called ``doing`` is being worked at."""
        self._doing = doing
        self.show()

    def last_part(self, doing: str) -> None:
        """Note that from now on nothing is counted any more, and ``doing`` is all that is left.

        As nobody reports on it, a terminal shows it at once.
        """
        self._unit, self._first = "", None
        if self._terminal:
            self._next = 0.0
        self.part(doing)

    def count(self, counted: int) -> None:
        """Note that ``counted`` units are done."""
        self._counted = counted
        if self._first is None:
            self._first = counted
            self._begun = time.monotonic()
            self._next  = self._begun + self.PATIENCE
        self.show()

    def show(self) -> None:
        """Show the progress, unless that is too soon; to be called several times a second."""
        now = time.monotonic()
        if now < self._next or self._unit and self._first is None:
            return
        self._next = now + self.PAUSE[self._terminal]
        line = self._line(now - self._begun)
        self._shown = True
        if self._terminal:
            rewrite_line(self._stream, line)
        else:
            print(line[:columns(self._stream) - 1], file=self._stream, flush=True)

    def _line(self, seconds: float) -> str:
        line = f"{seconds:.0f} s"
        if self._first is not None:
            rate  = (self._counted - self._first) / seconds if seconds else 0
            line += f", {self._counted:,}{self._of_total()} {self._unit} ({rate:,.0f}/s"
            line += f", {self._left(rate)})" if self._left(rate) else ")"
        return f"{line}: {plain(self._doing)}" if self._doing else line

    def _of_total(self) -> str:
        """The total, in words, while it is believable."""
        if self._total is None or self._counted > self._total:
            return ""
        return f" of {self._total:,}"

    def _left(self, rate: float) -> str:
        """The time that is left, in words, if it is known."""
        if self._total is None or self._counted > self._total or not rate:
            return ""
        return f"{(self._total - self._counted) / rate:.0f} s left"
