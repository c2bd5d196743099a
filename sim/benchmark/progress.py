"""Says how far a measurement is, if it takes longer than two seconds."""

import sys
import time
from typing import TextIO

from sim.report import Progress


__all__ = ["MeasuringProgress"]


class MeasuringProgress:
    """Says on ``stream`` what is measured: one line that changes, or a line from time to time.

    It is as patient as :class:`sim.report.Progress`.
    """

    def __init__(self, stream: TextIO = sys.stderr):
        self._stream   = stream
        self._terminal = stream.isatty()
        self._begun    = time.monotonic()
        self._next     = self._begun + Progress.PATIENCE
        self._shown    = False

    def __call__(self, text: str) -> None:
        """Note that ``text`` is measured now."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next  = now + Progress.PAUSE[self._terminal]
        self._shown = True
        line = f"{now - self._begun:.0f} s: measuring {text}"
        self._stream.write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the changing line away."""
        if self._terminal and self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
