"""How far the making of a bitstream is."""

import time
from typing import TextIO

from sim.output.progress import Progress

from .build import STEPS


__all__ = ["BuildProgress", "LoadProgress"]


class BuildProgress(Progress):
    """The step, which one it is of how many, and its seconds."""

    PAUSE = {True: 0.2, False: 60.0}  # there are minutes to wait

    def __init__(self, stream: TextIO | None = None):
        super().__init__(stream)
        self._step       = ""
        self._step_begun = time.monotonic()

    def __call__(self, step: str) -> None:
        """Note that ``step`` is being done."""
        if step != self._step:
            self._step       = step
            self._step_begun = time.monotonic()
        if self.due():
            self.say(f"{step} (step {STEPS.index(step) + 1} of {len(STEPS)}), "
                     f"{time.monotonic() - self._step_begun:.0f} s")


class LoadProgress(Progress):
    """For how long a bitstream is being brought to a board."""

    def __call__(self) -> None:
        """Note that it is."""
        if seconds := self.due():
            self.say(f"programming, {seconds:.0f} s")
