"""Saying how far something is that takes longer than two seconds."""

import sys
import time
from typing import TextIO


__all__ = [
    "CompilingProgress", "MeasuringProgress", "Progress", "RunProgress", "VectorProgress",
]


WIDTH = 80  # columns


class Progress:
    """A line on ``stream`` after two seconds.

    On a terminal it is one line that changes; elsewhere a line from time to time.
    """

    PATIENCE = 2.0                       # seconds of silence at first
    PAUSE    = {True: 0.2, False: 10.0}  # seconds between two lines: on a terminal, elsewhere

    def __init__(self, stream: TextIO | None = None):
        self._stream   = stream or sys.stderr
        self._terminal = self._stream.isatty()
        self._shown    = False
        self.begin()

    def begin(self) -> None:
        """Begin now, and be silent at first."""
        self._begun = self._now = time.monotonic()
        self._next  = self._begun + self.PATIENCE

    def due(self) -> float:
        """Seconds since the beginning if a line is due, else 0."""
        self._now = time.monotonic()
        return self._now - self._begun if self._now >= self._next else 0

    def say(self, text: str) -> None:
        """Show a line, which is due."""
        line = text[:WIDTH - 1]
        self._next  = self._now + self.PAUSE[self._terminal]
        self._shown = True
        self._stream.write(f"\r\x1b[K{line}" if self._terminal else f"{line}\n")
        self._stream.flush()

    def clear(self) -> None:
        """Take the changing line away."""
        if self._terminal and self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()


class RunProgress(Progress):
    """How far the run of a scenario is."""

    def __init__(self, stream: TextIO | None = None):
        super().__init__(stream)
        self._act = "boot"
        self._first: int | None = None

    def announce(self, title: str) -> None:
        """Note which act has begun."""
        self._act = title

    def __call__(self, cycle: int) -> None:
        """Note that ``cycle`` has been reached."""
        if self._first is None:
            # What took time before, such as a compiler, was not the machine.
            self._first = cycle
            self.begin()
        elif seconds := self.due():
            speed = (cycle - self._first) / seconds
            self.say(f"cycle {cycle:,}, {speed:,.0f} cycles/s: {self._act}")


class VectorProgress(Progress):
    """How many access vectors are done."""

    def __init__(self, stream: TextIO = sys.stderr):
        super().__init__(stream)
        self._first: int | None = None

    def __call__(self, done: int) -> None:
        """Note that ``done`` of them are."""
        if self._first is None:
            # What took time before may have been a compiler.
            self._first = done
            self.begin()
        elif seconds := self.due():
            self.say(f"{done:,} vectors, {(done - self._first) / seconds:,.0f}/s")


class MeasuringProgress(Progress):
    """What is measured."""

    def __call__(self, text: str) -> None:
        """Note that ``text`` is measured now."""
        if seconds := self.due():
            self.say(f"{seconds:.0f} s: measuring {text}")


class CompilingProgress(Progress):
    """For how long a compiler has been at work. It says from the first moment on that it is."""

    DOING = "dragoncage: compiling the machine, once for this design"

    def start(self) -> None:
        """Say that it begins."""
        self.say(self.DOING if self._terminal else f"{self.DOING} ...")

    def __call__(self) -> None:
        """Note that it is still at work."""
        if seconds := self.due():
            self.say(f"{self.DOING}: {seconds:.0f} s")

    def finish(self) -> None:
        """Say that it has come to its end."""
        if not self._terminal:
            self.say(f"dragoncage: compiled in {time.monotonic() - self._begun:.0f} s")
