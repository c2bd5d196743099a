"""How far the making of a bitstream is."""

import sys
import time
from typing import TextIO

from sim.progress import Progress


__all__ = ["BuildProgress", "LoadProgress"]


class BuildProgress(Progress):
    """The step, its seconds, and the last line of its log."""

    def __init__(self, stream: TextIO = sys.stderr):
        super().__init__(stream)
        self._step       = ""
        self._step_begun = time.monotonic()

    def __call__(self, step: str, line: str) -> None:
        """Note that ``step`` has come to the ``line`` of its log."""
        if step != self._step:
            self._step       = step
            self._step_begun = time.monotonic()
        if self.due():
            words = " ".join(line.removeprefix("Info:").split())
            self.say(f"{step}, {time.monotonic() - self._step_begun:.0f} s"
                     f"{': ' if words else ''}{words}")


class LoadProgress(Progress):
    """For how long a bitstream is being brought to a board."""

    def __call__(self, line: str) -> None:
        """Note that the loader has said ``line``."""
        if seconds := self.due():
            self.say(f"programming, {seconds:.0f} s")
